#include "passages/cut.h"

#include <algorithm>
#include <numeric>

#include "parallel.h"

namespace colmodern {
namespace {

constexpr std::int64_t kPieceTokens = 64;  // PIECE_TOKENS of choice.py

// Takes words as tokens, and every two characters of scripts without blanks.
void place_words(const WordRuns& runs, PlacedTokens& placed) {
  const Runs &words = runs.spaced, &unspaced = runs.unspaced;
  placed.starts.clear();
  for (std::size_t i = 0, j = 0; i < words.count() || j < unspaced.count();) {
    if (j == unspaced.count() || (i < words.count() && words.begin(i) < unspaced.begin(j))) {
      if (words.end(i) - words.begin(i) <= kLongestWord) placed.starts.push_back(words.begin(i));
      ++i;
      continue;
    }
    for (std::int32_t at = unspaced.begin(j); at < unspaced.end(j); at += 2) placed.starts.push_back(at);
    ++j;
  }
  placed.tokens.resize(placed.starts.size());
  std::iota(placed.tokens.begin(), placed.tokens.end(), 0);
}

void place_spans(const TokenisedText& text, std::int64_t n_characters, PlacedTokens& placed) {
  std::size_t count = 0;
  placed.tokens.resize(static_cast<std::size_t>(text.n_tokens));
  placed.starts.resize(static_cast<std::size_t>(text.n_tokens));
  std::int32_t latest = 0;
  for (std::int64_t i = 0; i < text.n_tokens; ++i) {
    const std::int32_t start = text.spans[2 * i], end = text.spans[2 * i + 1];
    if (end <= start || start < 0 || end > n_characters) continue;
    latest = std::max(latest, start);
    placed.tokens[count] = static_cast<std::int32_t>(i);
    placed.starts[count++] = latest;
  }
  placed.tokens.resize(count);
  placed.starts.resize(count);
}

void put_pieces(const std::vector<Unit>& units, const PlacedTokens& where, CutText& cut) {
  std::size_t next = 0;
  const auto count = where.starts.size();
  for (const Unit& unit : units) {
    while (next < count && where.starts[next] < unit.start) ++next;
    const auto first = static_cast<std::int64_t>(next);
    while (next < count && where.starts[next] < unit.end) ++next;
    const auto last = static_cast<std::int64_t>(next);
    if (last <= first) continue;
    const auto number = static_cast<std::int64_t>(cut.units.size());
    const std::int64_t n_pieces = (last - first + kPieceTokens - 1) / kPieceTokens;
    for (std::int64_t i = 0; i < n_pieces; ++i) {
      const auto begin = static_cast<std::size_t>(first + i * (last - first) / n_pieces);
      const auto end = static_cast<std::size_t>(first + (i + 1) * (last - first) / n_pieces);
      cut.pieces.push_back({number, where.tokens[begin], where.tokens[end - 1] + 1,
                            static_cast<std::int64_t>(unit.kind), where.starts[begin]});
    }
    cut.units.push_back(unit);
  }
}

// Counts words in pieces; those at characters that do not fall.
class Counter {
 public:
  explicit Counter(CutText& cut, std::size_t n_words) : cut_(cut), n_words_(n_words) {}

  void add(std::int64_t word, std::int64_t at) {
    if (word < 0 || at < cut_.pieces[0].character) return;
    while (piece_ + 1 < cut_.pieces.size() && cut_.pieces[piece_ + 1].character <= at) ++piece_;
    cut_.counts[piece_ * n_words_ + static_cast<std::size_t>(word)] += 1.0F;
  }

 private:
  CutText& cut_;
  std::size_t n_words_;
  std::size_t piece_ = 0;
};

void count_words(const Text& text, const WordRuns& runs, const WordNumbers& numbers, CutText& cut) {
  const std::size_t n_words = numbers.size();
  cut.counts.assign(cut.pieces.size() * n_words, 0.0F);
  if (cut.pieces.empty() || n_words == 0) return;
  std::u32string run;
  Counter spaced(cut, n_words);
  for (std::size_t i = 0; i < runs.spaced.count(); ++i) {
    const std::int64_t begin = runs.spaced.begin(i);
    spaced.add(word_at(text, numbers, begin, runs.spaced.end(i), run), begin);
  }
  if (!numbers.has_unspaced()) return;
  Counter unspaced(cut, n_words);
  for (std::size_t i = 0; i < runs.unspaced.count(); ++i) {
    each_pair(text, numbers, runs.unspaced.begin(i), runs.unspaced.end(i), run,
              [&](std::int64_t word, std::int64_t at, std::int64_t) { unspaced.add(word, at); });
  }
}

}  // namespace

void TextCutter::cut(const TokenisedText& text, CutText& into) {
  into.units.clear();
  into.pieces.clear();
  text_.read(text.bytes, text.size);
  runs_.find(text_);
  if (text.spans == nullptr) {
    place_words(runs_, placed_);
  } else {
    place_spans(text, static_cast<std::int64_t>(text_.marks().size()), placed_);
  }
  put_pieces(units_of(text_, text.is_code), placed_, into);
  count_words(text_, runs_, numbers_, into);
}

std::vector<CutText> cut_texts(const std::vector<TokenisedText>& texts, const std::vector<std::u32string>& words,
                               int threads) {
  const WordNumbers numbers(words);
  std::vector<CutText> cuts(texts.size());
  const auto cut_some = [&](TextCutter& cutter, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      cutter.cut(texts[static_cast<std::size_t>(i)], cuts[static_cast<std::size_t>(i)]);
    }
  };
  parallel_for_with(static_cast<std::int64_t>(texts.size()), 1, threads, [&] { return TextCutter(numbers); }, cut_some);
  return cuts;
}

}  // namespace colmodern
