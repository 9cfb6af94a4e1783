// Which words of a query does a text have, and where? colmodern/passages/words.py defines what a word is.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "passages/characters.h"
#include "passages/passages.h"

namespace colmodern {

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
  // The first run that ends behind a character.
  std::size_t first_behind(std::int64_t character) const noexcept {
    std::size_t low = 0, high = count_;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (end(middle) <= character) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  std::int32_t begin(std::size_t i) const noexcept { return bounds_[2 * i]; }
  std::int32_t end(std::size_t i) const noexcept { return bounds_[2 * i + 1]; }

 private:
  std::unique_ptr<std::int32_t[]> bounds_;
  std::size_t count_ = 0, room_ = 0;
};

// The runs of a text that words are in; the memory is kept from one text to the next.
struct WordRuns {
  Runs spaced, unspaced;  // of scripts with blanks between words, and without

  void find(const Text& text) {
    spaced.find(text.marks(), kWord);
    unspaced.clear();
    if (!text.is_plain()) unspaced.find(text.marks(), kUnspaced);
  }
};

// Calls use(word, begin, end) for those words of a run without blanks that are wanted: its overlapping pairs of
// characters, and its ideographs. `run` is room.
template <class Use>
void each_pair(const Text& text, const WordNumbers& numbers, std::int64_t begin, std::int64_t end, std::u32string& run,
               const Use& use) {
  text.folded_run(begin, end, run);
  for (std::size_t at = 0; at < run.size(); ++at) {
    if (!numbers.may_begin(run[at])) continue;
    const std::int64_t character = begin + static_cast<std::int64_t>(at);
    if (run.size() == 1 || is_ideograph(run[at])) use(numbers.of(run.substr(at, 1)), character, character + 1);
    if (at + 1 < run.size()) use(numbers.of(run.substr(at, 2)), character, character + 2);
  }
}

// The number of the word that a run of letters is, -1 if it is none of those wanted. `run` is room.
inline std::int64_t word_at(const Text& text, const WordNumbers& numbers, std::int64_t begin, std::int64_t end,
                            std::u32string& run) {
  const std::int64_t length = end - begin;
  if (length > kLongestWord) return -1;
  const char first = text.marks()[static_cast<std::size_t>(begin)];
  if (!numbers.may_have(first, static_cast<std::size_t>(length))) return -1;
  text.folded_run(begin, end, run);
  return numbers.of(run);
}

}  // namespace colmodern
