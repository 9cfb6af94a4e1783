#include "words/count.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

namespace colmodern {
namespace {

constexpr std::size_t kLongest = 64;  // of a word, as in colmodern/text/words.py

enum Kind : std::uint8_t { kGap, kLower, kUpper, kDigit, kLine, kForeign };

std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  for (int c = 'a'; c <= 'z'; ++c) kinds[static_cast<std::size_t>(c)] = kLower;
  for (int c = 'A'; c <= 'Z'; ++c) kinds[static_cast<std::size_t>(c)] = kUpper;
  for (int c = '0'; c <= '9'; ++c) kinds[static_cast<std::size_t>(c)] = kDigit;
  kinds['_'] = kLine;
  for (std::size_t c = 128; c < 256; ++c) kinds[c] = kForeign;
  return kinds;
}

const std::array<Kind, 256> kKinds = make_kinds();

Kind kind_of(char c) noexcept { return kKinds[static_cast<unsigned char>(c)]; }

std::uint64_t hash_of(std::string_view word) noexcept {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = word.size() * kOdd;
  while (!word.empty()) {
    std::uint64_t part = 0;
    std::memcpy(&part, word.data(), std::min(word.size(), sizeof part));
    hash = (hash ^ part) * kOdd;
    hash ^= hash >> 29;
    word.remove_prefix(std::min(word.size(), sizeof part));
  }
  return hash;
}

// Whether a part of a name starts at a character, as `_is_cut` has it.
bool is_cut(std::string_view name, std::size_t at) noexcept {
  const Kind before = kind_of(name[at - 1]), here = kind_of(name[at]);
  if (before == kLine || here == kLine || (before == kDigit) != (here == kDigit)) {
    return before != here || here != kLine;
  }
  if (here != kUpper) return false;
  if (before != kUpper) return true;
  const std::string_view rest = name.substr(at + 1, 2);
  return !rest.empty() && kind_of(rest[0]) == kLower && rest != "s";
}

}  // namespace

Vocabulary::Vocabulary() : slots_(1 << 12) {}

std::string_view Vocabulary::operator[](std::uint32_t number) const noexcept {
  const std::size_t begin = number == 0 ? 0 : ends_[number - 1];
  return std::string_view(bytes_).substr(begin, ends_[number] - begin);
}

std::uint32_t Vocabulary::number_of(std::string_view word) {
  const std::uint64_t hash = hash_of(word);
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    const std::uint32_t number = slots_[at] - 1;
    if (hashes_[number] == hash && (*this)[number] == word) return number;
  }
  bytes_ += word;
  ends_.push_back(bytes_.size());
  hashes_.push_back(hash);
  slots_[at] = size();
  if (2 * ends_.size() > slots_.size()) grow();
  return size() - 1;
}

void Vocabulary::grow() {
  slots_.assign(2 * slots_.size(), 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t number = 0; number < size(); ++number) {
    std::size_t at = hashes_[number] & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = number + 1;
  }
}

std::vector<std::string_view> WordCounter::add(std::string_view text) {
  std::vector<std::string_view> foreign;
  const std::size_t size = text.size();
  for (std::size_t at = 0; at < size;) {
    if (kind_of(text[at]) == kGap) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    bool is_plain = true;
    for (; at < size && kind_of(text[at]) != kGap; ++at) is_plain &= kind_of(text[at]) != kForeign;
    const std::string_view run = text.substr(begin, at - begin);
    if (is_plain) {
      add_name(run);
    } else {
      foreign.push_back(run);
    }
  }
  return foreign;
}

void WordCounter::add_word(std::string_view word) {
  const std::uint32_t number = vocabulary_.number_of(word);
  if (number == in_document_.size()) in_document_.push_back(0);
  if (in_document_[number]++ == 0) distinct_.push_back(number);
  ++length_;
}

// A name in lower case, and its parts if it has several, as `_name_parts` has it.
void WordCounter::add_name(std::string_view name) {
  if (name.size() > kLongest) return;
  lower_.assign(name);
  std::size_t n_upper = 0, n_letters = 0;
  for (char& c : lower_) {
    const Kind kind = kind_of(c);
    n_upper += kind == kUpper;
    n_letters += kind == kUpper || kind == kLower;
    if (kind == kUpper) c = static_cast<char>(c | 0x20);
  }
  add_word(lower_);
  const bool is_first_upper = kind_of(name[0]) == kUpper;
  const std::size_t n = name.size();
  if (n_letters == n && (n_upper == 0 || n_upper == n || (n_upper == 1 && is_first_upper))) return;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin + 1;
    while (end < n && !is_cut(name, end)) ++end;
    const bool is_whole = begin == 0 && end == n;
    if (kind_of(name[begin]) != kLine && !is_whole) add_word(std::string_view(lower_).substr(begin, end - begin));
    begin = end;
  }
}

void WordCounter::end_document() {
  for (const std::uint32_t number : distinct_) {
    words_.push_back(number);
    counts_.push_back(in_document_[number]);
    in_document_[number] = 0;
  }
  n_distinct_.push_back(static_cast<std::uint32_t>(distinct_.size()));
  lengths_.push_back(length_);
  distinct_.clear();
  length_ = 0;
}

void WordCounter::write(std::int64_t* word_offsets, char* bytes, std::int64_t* offsets, std::uint32_t* documents,
                        std::uint16_t* counts, std::uint32_t* lengths) const {
  std::vector<std::uint32_t> order(vocabulary_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [this](std::uint32_t a, std::uint32_t b) { return vocabulary_[a] < vocabulary_[b]; });
  std::vector<std::int64_t> places(order.size());  // where the next posting of a word goes
  for (const std::uint32_t number : words_) ++places[number];
  std::int64_t n_bytes = 0, n_postings = 0;
  for (const std::uint32_t number : order) {
    const std::string_view word = vocabulary_[number];
    *word_offsets++ = n_bytes;
    *offsets++ = n_postings;
    std::copy(word.begin(), word.end(), bytes + n_bytes);
    n_bytes += static_cast<std::int64_t>(word.size());
    n_postings += std::exchange(places[number], n_postings);
  }
  *word_offsets = n_bytes;
  *offsets = n_postings;
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint16_t>::max();
  std::size_t posting = 0;
  for (std::size_t document = 0; document < n_distinct_.size(); ++document) {
    for (std::uint32_t i = 0; i < n_distinct_[document]; ++i, ++posting) {
      const std::int64_t place = places[words_[posting]]++;
      documents[place] = static_cast<std::uint32_t>(document);
      counts[place] = static_cast<std::uint16_t>(std::min(counts_[posting], kMost));
    }
  }
  std::copy(lengths_.begin(), lengths_.end(), lengths);
}

}  // namespace colmodern
