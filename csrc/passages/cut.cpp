#include <algorithm>
#include <array>
#include <memory>
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
    }
  }

  std::size_t size() const noexcept { return size_; }

  // Whether a run may be one of the words.
  bool may_have(char first, std::size_t length) const noexcept {
    return (of_length_[length] & first_bit(static_cast<unsigned char>(first))) != 0;
  }

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

  std::size_t size_;
  std::unordered_map<std::u32string, std::int64_t> numbers_;
  std::array<std::uint64_t, kLongestWord + 1> of_length_{};
};

// What one document after the other is read into; the memory is kept from one to the next.
struct Scratch {
  Text text;
  std::unique_ptr<std::int32_t[]> bounds;  // where each run of word characters begins, and ends
  std::size_t n_bounds = 0, room = 0;
  std::vector<std::int32_t> tokens;  // those that stand in the text
  std::vector<std::int32_t> starts;  // where they do: rising
};

// Finds the bounds without a branch: every character is written, and only those at a bound are kept.
void find_bounds(Scratch& scratch) {
  const char* const marks = scratch.text.marks().data();
  const std::size_t size = scratch.text.marks().size();
  if (scratch.room <= size) {
    scratch.room = size + 1;
    scratch.bounds.reset(new std::int32_t[scratch.room]);
  }
  std::int32_t* into = scratch.bounds.get();
  unsigned before = 0;
  for (std::size_t at = 0; at < size; ++at) {
    const unsigned is_now = is_in(marks[at], kWord) ? 1 : 0;
    *into = static_cast<std::int32_t>(at);
    into += is_now ^ before;
    before = is_now;
  }
  *into = static_cast<std::int32_t>(size);
  scratch.n_bounds = static_cast<std::size_t>(into - scratch.bounds.get()) + before;
}

void place(const TokenisedText& text, Scratch& scratch) {
  std::size_t count = 0;
  if (text.spans == nullptr) {
    scratch.tokens.resize(scratch.n_bounds / 2);
    scratch.starts.resize(scratch.n_bounds / 2);
    for (std::size_t i = 0; i < scratch.n_bounds; i += 2) {
      if (scratch.bounds[i + 1] - scratch.bounds[i] > kLongestWord) continue;
      scratch.tokens[count] = static_cast<std::int32_t>(count);
      scratch.starts[count++] = scratch.bounds[i];
    }
  } else {
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

void count_words(const Scratch& scratch, const WordNumbers& numbers, CutText& cut) {
  const std::size_t n_words = numbers.size();
  cut.counts.assign(cut.pieces.size() * n_words, 0.0F);
  if (cut.pieces.empty() || n_words == 0) return;
  const std::string& marks = scratch.text.marks();
  std::u32string run;
  std::size_t piece = 0;
  for (std::size_t i = 0; i < scratch.n_bounds; i += 2) {
    const std::int64_t start = scratch.bounds[i], length = scratch.bounds[i + 1] - start;
    if (length > kLongestWord) continue;
    if (!numbers.may_have(marks[static_cast<std::size_t>(start)], static_cast<std::size_t>(length))) continue;
    if (start < cut.pieces[0].character) continue;
    scratch.text.folded_run(start, start + length, run);
    const std::int64_t found = numbers.of(run);
    if (found < 0) continue;
    while (piece + 1 < cut.pieces.size() && cut.pieces[piece + 1].character <= start) ++piece;
    cut.counts[piece * n_words + static_cast<std::size_t>(found)] += 1.0F;
  }
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
      find_bounds(scratch);
      place(one, scratch);
      put_pieces(units_of(scratch.text, one.is_code), scratch, cut);
      count_words(scratch, numbers, cut);
    }
  };
  parallel_for_with(static_cast<std::int64_t>(texts.size()), 1, threads, [] { return Scratch{}; }, cut_some);
  return cuts;
}

}  // namespace colmodern
