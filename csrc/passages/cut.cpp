#include <algorithm>

#include "parallel.h"
#include "passages/characters.h"
#include "passages/passages.h"

namespace colmodern {
namespace {

constexpr std::int64_t kPieceTokens = 64;  // PIECE_TOKENS of choice.py
constexpr std::size_t kLongestWord = 64;

// The words to be counted, found by their hashes.
class WordNumbers {
 public:
  explicit WordNumbers(const std::vector<std::u32string>& words) : words_(words) {
    std::size_t size = 8;
    while (size < 4 * words.size()) size *= 2;
    slots_.assign(size, -1);
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::size_t slot = hash_of(words[i].data(), words[i].size()) & (size - 1);
      while (slots_[slot] >= 0) slot = (slot + 1) & (size - 1);
      slots_[slot] = static_cast<std::int32_t>(i);
    }
  }

  std::size_t size() const noexcept { return words_.size(); }

  // The number of a run of a text, -1 if it is none of the words.
  std::int64_t of(const char32_t* run, std::size_t length) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t slot = hash_of(run, length) & mask; slots_[slot] >= 0; slot = (slot + 1) & mask) {
      const std::u32string& word = words_[static_cast<std::size_t>(slots_[slot])];
      const auto same = [](char32_t one, char32_t other) { return folded(one) == other; };
      if (word.size() == length && std::equal(run, run + length, word.begin(), same)) return slots_[slot];
    }
    return -1;
  }

 private:
  static std::size_t hash_of(const char32_t* run, std::size_t length) noexcept {
    std::uint64_t hash = 14695981039346656037U;
    for (std::size_t i = 0; i < length; ++i) hash = (hash ^ folded(run[i])) * 1099511628211U;
    return static_cast<std::size_t>(hash >> 20);
  }

  const std::vector<std::u32string>& words_;
  std::vector<std::int32_t> slots_;
};

// The tokens that stand in the text, and where: rising.
struct Placed {
  std::vector<std::int64_t> tokens;
  std::vector<std::int64_t> starts;
};

Placed placed(const TokenisedText& text, const std::u32string& characters) {
  Placed found;
  if (text.spans == nullptr) {
    for (const WordRun& run : word_runs(characters)) {
      found.tokens.push_back(static_cast<std::int64_t>(found.tokens.size()));
      found.starts.push_back(run.start);
    }
    return found;
  }
  const auto n_characters = static_cast<std::int64_t>(characters.size());
  std::int64_t latest = 0;
  for (std::int64_t i = 0; i < text.n_tokens; ++i) {
    const std::int64_t start = text.spans[2 * i], end = text.spans[2 * i + 1];
    if (end <= start || start < 0 || end > n_characters) continue;
    latest = std::max(latest, start);
    found.tokens.push_back(i);
    found.starts.push_back(latest);
  }
  return found;
}

void put_pieces(const std::vector<Unit>& units, const Placed& where, CutText& cut) {
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

void count_words(const std::u32string& text, const WordNumbers& numbers, CutText& cut) {
  const std::size_t n_words = numbers.size();
  cut.counts.assign(cut.pieces.size() * n_words, 0.0F);
  if (cut.pieces.empty() || n_words == 0) return;
  std::size_t piece = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    while (at < text.size() && is_word(text[at])) ++at;
    if (at - start > kLongestWord || static_cast<std::int64_t>(start) < cut.pieces[0].character) continue;
    const std::int64_t found = numbers.of(text.data() + start, at - start);
    if (found < 0) continue;
    while (piece + 1 < cut.pieces.size() && cut.pieces[piece + 1].character <= static_cast<std::int64_t>(start)) {
      ++piece;
    }
    cut.counts[piece * n_words + static_cast<std::size_t>(found)] += 1.0F;
  }
}

}  // namespace

std::u32string decoded(const char* bytes, std::int64_t size) {
  std::u32string text(static_cast<std::size_t>(size), U'\0');
  char32_t* into = text.data();
  const auto* at = reinterpret_cast<const unsigned char*>(bytes);
  const auto* const stop = at + size;
  while (at < stop) {
    const unsigned lead = *at;
    const int more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (lead < 0x80 || more == 0 || stop - at <= more) {
      *into++ = lead;
      ++at;
      continue;
    }
    char32_t character = lead & (0x3FU >> more);
    for (int i = 1; i <= more; ++i) character = character << 6 | (at[i] & 0x3FU);
    *into++ = character;
    at += more + 1;
  }
  text.resize(static_cast<std::size_t>(into - text.data()));
  return text;
}

std::vector<WordRun> word_runs(const std::u32string& text) {
  std::vector<WordRun> runs;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_word(text[at])) {
      ++at;
      continue;
    }
    WordRun run{static_cast<std::int64_t>(at), {}};
    for (; at < text.size() && is_word(text[at]); ++at) run.word.push_back(folded(text[at]));
    if (run.word.size() <= kLongestWord) runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<CutText> cut_texts(const std::vector<TokenisedText>& texts, const std::vector<std::u32string>& words,
                               int threads) {
  const WordNumbers numbers(words);
  std::vector<CutText> cuts(texts.size());
  parallel_for(static_cast<std::int64_t>(texts.size()), 1, threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const TokenisedText& one = texts[static_cast<std::size_t>(i)];
      CutText& cut = cuts[static_cast<std::size_t>(i)];
      const std::u32string text = decoded(one.bytes, one.size);
      put_pieces(units_of(text, one.is_code), placed(one, text), cut);
      count_words(text, numbers, cut);
    }
  });
  return cuts;
}

}  // namespace colmodern
