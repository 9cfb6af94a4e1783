// A text in UTF-8, one byte a character.
#include <algorithm>
#include <cstring>

#include "passages/characters.h"
#include "passages/passages.h"

namespace colmodern {
namespace {

// Whether a character of UTF-8 may have been written in so many bytes more than one.
bool is_right(char32_t character, int more) noexcept {
  if (more == 1) return character >= 0x80;
  if (more == 2) return character >= 0x800 && (character < 0xD800 || character > 0xDFFF);
  return more == 3 && character >= 0x10000 && character <= 0x10FFFF;
}

// Calls wide(character, end, is_valid) for each character of UTF-8 that is not ASCII, with where it ends, and
// ascii(begin, end) for bytes that are. What is no UTF-8 is one character a byte, or a wrong one.
template <class Ascii, class Wide>
void each_character(const char* bytes, std::int64_t size, const Ascii& ascii, const Wide& wide) {
  const char* at = bytes;
  const char* const stop = bytes + size;
  const auto byte = [](const char* p) { return static_cast<unsigned>(static_cast<unsigned char>(*p)); };
  while (at < stop) {
    const char* plain = at;
    for (std::uint64_t eight = 0; stop - plain >= 8; plain += 8) {
      std::memcpy(&eight, plain, 8);
      if ((eight & 0x8080808080808080U) != 0) break;
    }
    while (plain < stop && byte(plain) < 0x80) ++plain;
    ascii(at, plain);
    at = plain;
    if (at == stop) return;
    const unsigned lead = byte(at);
    const int more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (more == 0 || stop - at <= more) {
      wide(static_cast<char32_t>(lead), ++at, false);
      continue;
    }
    char32_t character = lead & (0x3FU >> more);
    unsigned wrong = 0;
    for (int i = 1; i <= more; ++i) {
      character = character << 6 | (byte(at + i) & 0x3FU);
      wrong |= (byte(at + i) & 0xC0U) ^ 0x80U;
    }
    at += more + 1;
    wide(character, at, wrong == 0 && lead < 0xF8 && is_right(character, more));
  }
}

}  // namespace

std::u32string decoded(const char* bytes, std::int64_t size) {
  std::u32string text;
  each_character(
      bytes, size, [&](const char* begin, const char* end) { text.append(begin, end); },
      [&](char32_t character, const char*, bool) { text.push_back(character); });
  return text;
}

void Text::read(const char* bytes, std::int64_t size) {
  marks_.resize(static_cast<std::size_t>(size));
  wide_.clear();
  is_valid_ = true;
  char* into = marks_.data();
  each_character(
      bytes, size,
      [&](const char* begin, const char* end) {
        std::memcpy(into, begin, static_cast<std::size_t>(end - begin));
        into += end - begin;
      },
      [&](char32_t character, const char* end, bool is_valid) {
        wide_.push_back({into - marks_.data(), end - bytes, character});
        is_valid_ = is_valid_ && is_valid;
        *into++ = mark_of(character);
      });
  marks_.resize(static_cast<std::size_t>(into - marks_.data()));
}

std::int64_t Text::byte_of(std::int64_t character) const {
  const auto next = std::lower_bound(wide_.begin(), wide_.end(), character,
                                     [](const Wide& one, std::int64_t at) { return one.at < at; });
  if (next == wide_.begin()) return character;
  const Wide& before = *(next - 1);
  return before.end + (character - before.at - 1);
}

void Text::folded_run(std::int64_t begin, std::int64_t end, std::u32string& into) const {
  into.clear();
  auto next = wide_.end();
  for (std::int64_t at = begin; at < end; ++at) {
    const char mark = marks_[static_cast<std::size_t>(at)];
    if (is_ascii(mark)) {
      into.push_back(folded(static_cast<char32_t>(mark)));
      continue;
    }
    if (next == wide_.end()) {
      next =
          std::lower_bound(wide_.begin(), wide_.end(), at, [](const Wide& one, std::int64_t i) { return one.at < i; });
    }
    into.push_back(folded((next++)->character));
  }
}

}  // namespace colmodern
