#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <unordered_map>

#include "parallel.h"
#include "passages/characters.h"
#include "passages/passages.h"

namespace colmodern {
namespace {

constexpr std::int64_t kPieceTokens = 64;  // PIECE_TOKENS of choice.py
constexpr std::int64_t kLongestWord = 64;

// The words to be counted. Most runs of a text differ from all of them in length or first letter.
class WordNumbers {
 public:
  explicit WordNumbers(const std::vector<std::u32string>& words) : size_(words.size()) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::u32string& word = words[i];
      numbers_.emplace(word, static_cast<std::int64_t>(i));
      if (word.empty() || word.size() > kLongestWord) continue;
      of_length_[word.size()] |= first_bit(word[0]);
      if (is_unspaced(word[0])) unspaced_ |= low_bit(word[0]);
    }
  }

  std::size_t size() const noexcept { return size_; }

  // Whether a run may be one of the words.
  bool may_have(char first, std::size_t length) const noexcept {
    return (of_length_[length] & first_bit(static_cast<unsigned char>(first))) != 0;
  }

  // Whether any word is of a script without blanks, and whether one may begin with this character of it.
  bool has_unspaced() const noexcept { return unspaced_ != 0; }
  bool may_begin(char32_t first) const noexcept { return (unspaced_ & low_bit(first)) != 0; }

  // The number of a run in lower case, -1 if it is none of the words.
  std::int64_t of(const std::u32string& run) const {
    const auto found = numbers_.find(run);
    return found == numbers_.end() ? -1 : found->second;
  }

 private:
  // One bit for what is not ASCII, one for each letter in either case.
  static std::uint64_t first_bit(char32_t c) noexcept {
    return std::uint64_t{1} << (c >= 0x80 ? 0 : folded(c) & 0x3FU);
  }

  static std::uint64_t low_bit(char32_t c) noexcept { return std::uint64_t{1} << (c & 0x3FU); }

  std::size_t size_;
  std::unordered_map<std::u32string, std::int64_t> numbers_;
  std::array<std::uint64_t, kLongestWord + 1> of_length_{};
  std::uint64_t unspaced_ = 0;
};

// Where each run of characters of a set begins, and ends.
class Runs {
 public:
  // Finds the bounds without a branch: every character is written, and only those at a bound are kept.
  void find(const std::string& marks, int sets) {
    const std::size_t size = marks.size();
    if (room_ <= size) {
      room_ = size + 1;
      bounds_.reset(new std::int32_t[room_]);
    }
    std::int32_t* into = bounds_.get();
    unsigned before = 0;
    for (std::size_t at = 0; at < size; ++at) {
      const unsigned is_now = is_in(marks[at], sets) ? 1 : 0;
      *into = static_cast<std::int32_t>(at);
      into += is_now ^ before;
      before = is_now;
    }
    *into = static_cast<std::int32_t>(size);
    count_ = (static_cast<std::size_t>(into - bounds_.get()) + before) / 2;
  }

  void clear() noexcept { count_ = 0; }
  std::size_t count() const noexcept { return count_; }
  std::int32_t begin(std::size_t i) const noexcept { return bounds_[2 * i]; }
  std::int32_t end(std::size_t i) const noexcept { return bounds_[2 * i + 1]; }

 private:
  std::unique_ptr<std::int32_t[]> bounds_;
  std::size_t count_ = 0, room_ = 0;
};

// What one document after the other is read into; the memory is kept from one to the next.
struct Scratch {
  Text text;
  Runs words, unspaced;              // of scripts with blanks between words, and without
  std::vector<std::int32_t> tokens;  // those that stand in the text
  std::vector<std::int32_t> starts;  // where they do: rising
};

void find_runs(Scratch& scratch) {
  scratch.words.find(scratch.text.marks(), kWord);
  scratch.unspaced.clear();
  if (!scratch.text.is_plain()) scratch.unspaced.find(scratch.text.marks(), kUnspaced);
}

// Takes words as tokens, and every two characters of scripts without blanks.
void place_words(Scratch& scratch) {
  const Runs &words = scratch.words, &unspaced = scratch.unspaced;
  scratch.starts.clear();
  for (std::size_t i = 0, j = 0; i < words.count() || j < unspaced.count();) {
    if (j == unspaced.count() || (i < words.count() && words.begin(i) < unspaced.begin(j))) {
      if (words.end(i) - words.begin(i) <= kLongestWord) scratch.starts.push_back(words.begin(i));
      ++i;
      continue;
    }
    for (std::int32_t at = unspaced.begin(j); at < unspaced.end(j); at += 2) scratch.starts.push_back(at);
    ++j;
  }
  scratch.tokens.resize(scratch.starts.size());
  std::iota(scratch.tokens.begin(), scratch.tokens.end(), 0);
}

void place(const TokenisedText& text, Scratch& scratch) {
  if (text.spans == nullptr) {
    place_words(scratch);
    return;
  }
  std::size_t count = 0;
  scratch.tokens.resize(static_cast<std::size_t>(text.n_tokens));
  scratch.starts.resize(static_cast<std::size_t>(text.n_tokens));
  const auto n_characters = static_cast<std::int64_t>(scratch.text.marks().size());
  std::int32_t latest = 0;
  for (std::int64_t i = 0; i < text.n_tokens; ++i) {
    const std::int32_t start = text.spans[2 * i], end = text.spans[2 * i + 1];
    if (end <= start || start < 0 || end > n_characters) continue;
    latest = std::max(latest, start);
    scratch.tokens[count] = static_cast<std::int32_t>(i);
    scratch.starts[count++] = latest;
  }
  scratch.tokens.resize(count);
  scratch.starts.resize(count);
}

void put_pieces(const std::vector<Unit>& units, const Scratch& where, CutText& cut) {
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

void count_pairs(const Scratch& scratch, const WordNumbers& numbers, Counter counter) {
  std::u32string run;
  for (std::size_t i = 0; i < scratch.unspaced.count(); ++i) {
    const std::int64_t start = scratch.unspaced.begin(i);
    scratch.text.folded_run(start, scratch.unspaced.end(i), run);
    for (std::size_t at = 0; at < run.size(); ++at) {
      if (!numbers.may_begin(run[at])) continue;
      const std::int64_t character = start + static_cast<std::int64_t>(at);
      if (run.size() == 1 || is_ideograph(run[at])) counter.add(numbers.of(run.substr(at, 1)), character);
      if (at + 1 < run.size()) counter.add(numbers.of(run.substr(at, 2)), character);
    }
  }
}

void count_words(const Scratch& scratch, const WordNumbers& numbers, CutText& cut) {
  const std::size_t n_words = numbers.size();
  cut.counts.assign(cut.pieces.size() * n_words, 0.0F);
  if (cut.pieces.empty() || n_words == 0) return;
  const std::string& marks = scratch.text.marks();
  std::u32string run;
  Counter counter(cut, n_words);
  for (std::size_t i = 0; i < scratch.words.count(); ++i) {
    const std::int64_t start = scratch.words.begin(i), length = scratch.words.end(i) - start;
    if (length > kLongestWord) continue;
    if (!numbers.may_have(marks[static_cast<std::size_t>(start)], static_cast<std::size_t>(length))) continue;
    scratch.text.folded_run(start, start + length, run);
    counter.add(numbers.of(run), start);
  }
  if (numbers.has_unspaced()) count_pairs(scratch, numbers, Counter(cut, n_words));
}

}  // namespace

std::vector<CutText> cut_texts(const std::vector<TokenisedText>& texts, const std::vector<std::u32string>& words,
                               int threads) {
  const WordNumbers numbers(words);
  std::vector<CutText> cuts(texts.size());
  const auto cut_some = [&](Scratch& scratch, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const TokenisedText& one = texts[static_cast<std::size_t>(i)];
      CutText& cut = cuts[static_cast<std::size_t>(i)];
      scratch.text.read(one.bytes, one.size);
      find_runs(scratch);
      place(one, scratch);
      put_pieces(units_of(scratch.text, one.is_code), scratch, cut);
      count_words(scratch, numbers, cut);
    }
  };
  parallel_for_with(static_cast<std::int64_t>(texts.size()), 1, threads, [] { return Scratch{}; }, cut_some);
  return cuts;
}

}  // namespace colmodern
