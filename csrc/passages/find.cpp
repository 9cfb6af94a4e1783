#include "passages/find.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "maxsim_codes/code_scorer.h"
#include "parallel.h"
#include "passages/choose.h"
#include "passages/cut.h"
#include "passages/show.h"

namespace colmodern {
namespace {

using Index = std::int64_t;

// A query that meets coded documents, and what one thread needs for it.
class Matcher {
 public:
  Matcher(CodeScorer& scorer, const Kernels& kernels, const CodeQuery& query, const CentroidRows& table)
      : scorer_(scorer),
        rows_(kernels, query.contexts, table.stride),
        maxima_(query.query),
        width_(query.query.count) {}

  Index width() const noexcept { return width_; }

  // Writes the greatest score of each query token in tokens begin..end of a document.
  void match(const Place& place, Index begin, Index end, float* into) noexcept {
    float* best = maxima_.begin();
    scorer_.raise_maxima(place, place.begin + begin, place.begin + end, rows_, best);
    std::copy_n(best, width_, into);
  }

 private:
  CodeScorer& scorer_;
  ContextRows rows_;
  Maxima maxima_;
  Index width_;
};

// What all threads have of the coded side.
struct SharedScorers {
  explicit SharedScorers(const CodedSide& side)
      : chooser(side.kernels, side.chooser, side.chooser_table), scorer(side.kernels, side.scorer, side.scorer_table) {}

  CodeScorer chooser;
  CodeScorer scorer;
};

// The words of a window that the query has, and what each scores for it.
void score_words(const TextCutter& cutter, const double* idf, const CharacterRange& bounds, ScoredTokens& found) {
  const Text& text = cutter.text();
  const WordNumbers& numbers = cutter.numbers();
  found.width = static_cast<Index>(numbers.size());
  found.spans.clear();
  found.scores.clear();
  const auto put = [&](Index word, Index begin, Index end) {
    if (word < 0) return;
    found.spans.insert(found.spans.end(), {static_cast<std::int32_t>(begin), static_cast<std::int32_t>(end)});
    found.scores.resize(found.scores.size() + numbers.size(), 0.0F);
    *(found.scores.end() - found.width + word) = static_cast<float>(idf[word]);
  };
  std::u32string room;
  const Runs &spaced = cutter.runs().spaced, &unspaced = cutter.runs().unspaced;
  std::size_t i = spaced.first_behind(bounds.start), j = unspaced.first_behind(bounds.start);
  const auto is_left = [&](const Runs& runs, std::size_t at) {
    return at < runs.count() && runs.begin(at) < bounds.end;
  };
  while (is_left(spaced, i) || is_left(unspaced, j)) {
    const bool is_spaced = !is_left(unspaced, j) || (is_left(spaced, i) && spaced.begin(i) < unspaced.begin(j));
    const Runs& runs = is_spaced ? spaced : unspaced;
    const std::size_t at = is_spaced ? i++ : j++;
    const Index begin = std::max<Index>(runs.begin(at), bounds.start), end = std::min<Index>(runs.end(at), bounds.end);
    if (is_spaced) {
      put(word_at(text, numbers, begin, end, room), begin, end);
    } else {
      each_pair(text, numbers, begin, end, room, put);
    }
  }
}

// One thread's.
class Finder {
 public:
  Finder(const PassagesAsked& asked, const WordNumbers& numbers, const CodedSide* codes, SharedScorers* shared)
      : asked_(asked), codes_(codes), cutter_(numbers) {
    if (codes == nullptr) return;
    chooser_.emplace(shared->chooser, codes->kernels, codes->chooser, codes->chooser_table);
    scorer_.emplace(shared->scorer, codes->kernels, codes->scorer, codes->scorer_table);
  }

  void find(Index number, PassagesOfText& found) {
    const TokenisedText& text = asked_.texts[static_cast<std::size_t>(number)];
    cutter_.cut(text, cut_);
    found.is_valid = cutter_.text().is_valid();
    if (!found.is_valid || cut_.pieces.empty()) return;
    const auto count = static_cast<Index>(cut_.pieces.size());
    if (codes_ != nullptr) match_pieces(number);
    const Evidence evidence{codes_ == nullptr ? nullptr : maxima_.data(), codes_ == nullptr ? 0 : chooser_->width(),
                            cut_.counts.data(), asked_.idf, static_cast<Index>(asked_.words.size())};
    const Index n_tokens = text.spans == nullptr ? cut_.pieces.back().end : text.n_tokens;
    Choice choice(cut_.pieces.data(), count, n_tokens, evidence);
    if (!asked_.phrases.empty()) choice.prefer(asked_.phrases[static_cast<std::size_t>(number)]);
    chosen_.clear();
    choice.choose(asked_.wanted, chosen_);
    for (const ChosenWindow& window : chosen_) {
      if (!(window.score >= chosen_.front().score - asked_.within)) break;
      if (codes_ == nullptr && !has_word(window)) continue;
      const CharacterRange bounds = bounds_of(cutter_.text(), cut_, window);
      if (codes_ == nullptr) {
        score_words(cutter_, asked_.idf, bounds, tokens_);
      } else {
        score_tokens(number, window);
      }
      put(shown(cutter_.text(), cut_, choice.answers(), window, bounds, tokens_), found);
    }
  }

 private:
  void match_pieces(Index number) {
    const Place place = codes_->documents[number];
    const Index width = chooser_->width();
    maxima_.resize(cut_.pieces.size() * static_cast<std::size_t>(width));
    float* into = maxima_.data();
    for (const Piece& piece : cut_.pieces) {
      chooser_->match(place, piece.begin, piece.end, into);
      into += width;
    }
  }

  void score_tokens(Index number, const ChosenWindow& window) {
    const Index begin = cut_.pieces[static_cast<std::size_t>(window.begin)].begin;
    const Index end = cut_.pieces[static_cast<std::size_t>(window.end - 1)].end;
    const std::int32_t* spans = asked_.texts[static_cast<std::size_t>(number)].spans;
    tokens_.width = scorer_->width();
    tokens_.spans.assign(spans + 2 * begin, spans + 2 * end);
    tokens_.scores.resize(static_cast<std::size_t>((end - begin) * tokens_.width));
    const Place place = codes_->documents[number];
    for (Index i = begin; i < end; ++i) {
      scorer_->match(place, i, i + 1, tokens_.scores.data() + (i - begin) * tokens_.width);
    }
  }

  // Whether a word of the query is in the document or, for a second passage, in its window.
  bool has_word(const ChosenWindow& window) const {
    const bool is_first = window.begin == chosen_.front().begin;
    const auto n_words = static_cast<std::ptrdiff_t>(asked_.words.size());
    const auto begin = cut_.counts.begin() + (is_first ? 0 : window.begin * n_words);
    const auto end = is_first ? cut_.counts.end() : cut_.counts.begin() + window.end * n_words;
    return std::any_of(begin, end, [](float n) { return n > 0; });
  }

  void put(ShownPassage&& passage, PassagesOfText& found) const {
    const auto bytes_of = [&](const CharacterRange& range) {
      return CharacterRange{cutter_.text().byte_of(range.start), cutter_.text().byte_of(range.end)};
    };
    const CharacterRange bytes = bytes_of({passage.start, passage.end}), lead_bytes = bytes_of(passage.lead);
    found.passages.push_back({std::move(passage), bytes, lead_bytes});
  }

  const PassagesAsked& asked_;
  const CodedSide* codes_;
  TextCutter cutter_;
  std::optional<Matcher> chooser_, scorer_;
  CutText cut_;
  std::vector<float> maxima_;
  std::vector<ChosenWindow> chosen_;
  ScoredTokens tokens_;
};

void check(const PassagesAsked& asked, const CodedSide& codes) {
  check(codes.documents);
  for (Index i = 0; i < codes.documents.count; ++i) {
    const Place place = codes.documents[i];
    const Index n_tokens = asked.texts[static_cast<std::size_t>(i)].n_tokens;
    if (place.end - place.begin != n_tokens) {
      throw std::invalid_argument("document " + std::to_string(i) + " has " + std::to_string(place.end - place.begin) +
                                  " tokens, its text " + std::to_string(n_tokens));
    }
  }
}

}  // namespace

std::vector<PassagesOfText> find_passages(const PassagesAsked& asked, const CodedSide* codes) {
  std::optional<SharedScorers> shared;
  if (codes != nullptr) {
    check(asked, *codes);
    shared.emplace(*codes);
  }
  const WordNumbers numbers(asked.words);
  std::vector<PassagesOfText> found(asked.texts.size());
  const auto make = [&] { return std::make_unique<Finder>(asked, numbers, codes, shared ? &*shared : nullptr); };
  parallel_for_with(static_cast<Index>(asked.texts.size()), 1, asked.threads, make,
                    [&](const std::unique_ptr<Finder>& finder, Index first, Index last) {
                      for (Index i = first; i < last; ++i) finder->find(i, found[static_cast<std::size_t>(i)]);
                    });
  if (shared) {
    shared->chooser.raise_if_failed();
    shared->scorer.raise_if_failed();
  }
  return found;
}

}  // namespace colmodern
