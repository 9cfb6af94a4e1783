// A text in UTF-8, one byte a character.
#include <algorithm>
#include <cstring>

#include "passages/characters.h"
#include "passages/passages.h"

namespace colmodern {
namespace {

// Calls body(character) for each character of UTF-8 that is not ASCII, and ascii(begin, end) for bytes that are.
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
      wide(static_cast<char32_t>(lead));
      ++at;
      continue;
    }
    char32_t character = lead & (0x3FU >> more);
    for (int i = 1; i <= more; ++i) character = character << 6 | (byte(at + i) & 0x3FU);
    wide(character);
    at += more + 1;
  }
}

}  // namespace

std::u32string decoded(const char* bytes, std::int64_t size) {
  std::u32string text;
  each_character(
      bytes, size, [&](const char* begin, const char* end) { text.append(begin, end); },
      [&](char32_t character) { text.push_back(character); });
  return text;
}

void Text::read(const char* bytes, std::int64_t size) {
  marks_.resize(static_cast<std::size_t>(size));
  wide_.clear();
  char* into = marks_.data();
  each_character(
      bytes, size,
      [&](const char* begin, const char* end) {
        std::memcpy(into, begin, static_cast<std::size_t>(end - begin));
        into += end - begin;
      },
      [&](char32_t character) {
        wide_.push_back({into - marks_.data(), character});
        *into++ = mark_of(character);
      });
  marks_.resize(static_cast<std::size_t>(into - marks_.data()));
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
