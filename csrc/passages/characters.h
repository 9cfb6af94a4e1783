// What is a character? The sets of colmodern/text/units.py and colmodern/passages/words.py.
#pragma once

#include <array>
#include <cstdint>

namespace colmodern {

// What an ASCII character is, read off a table: most of a text is ASCII.
enum AsciiClass : std::uint8_t { kSpaceClass = 1, kWordClass = 2, kEndClass = 4, kUpperClass = 8 };

constexpr std::array<std::uint8_t, 0x80> ascii_classes() {
  std::array<std::uint8_t, 0x80> classes{};
  for (const char c : {' ', '\t', '\v', '\f', '\r', '\x1c', '\x1d', '\x1e', '\x1f'}) {
    classes[static_cast<std::size_t>(c)] |= kSpaceClass;
  }
  for (const char c : {'.', '!', '?'}) classes[static_cast<std::size_t>(c)] |= kEndClass;
  for (std::size_t c = '0'; c <= '9'; ++c) classes[c] |= kWordClass;
  for (std::size_t c = 'a'; c <= 'z'; ++c) classes[c] |= kWordClass;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) classes[c] |= kWordClass | kUpperClass;
  classes['_'] |= kWordClass;
  return classes;
}

inline constexpr auto kAscii = ascii_classes();

inline bool is_digit(char32_t c) noexcept { return c >= U'0' && c <= U'9'; }
inline bool is_alnum(char32_t c) noexcept {
  return is_digit(c) || (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
}

// White space but the line feed.
inline bool is_space(char32_t c) noexcept {
  if (c < 0x80) return (kAscii[c] & kSpaceClass) != 0;
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}
inline bool is_space_or_line(char32_t c) noexcept { return c == U'\n' || is_space(c); }

inline bool is_lower(char32_t c) noexcept {
  return (c >= U'a' && c <= U'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7) || (c >= 0x3B1 && c <= 0x3C9) ||
         (c >= 0x430 && c <= 0x45F);
}

inline bool is_end(char32_t c) noexcept { return c < 0x80 ? (kAscii[c] & kEndClass) != 0 : c == 0x2026; }
inline bool is_wide_end(char32_t c) noexcept { return c == 0x3002 || c == 0xFF01 || c == 0xFF1F; }
inline bool is_bullet(char32_t c) noexcept { return c == U'-' || c == U'*' || c == U'+' || c == 0x2022; }

inline bool is_closer(char32_t c) noexcept {
  switch (c) {
    case U'"':
    case U'\'':
    case U')':
    case U']':
    case U'*':
    case U'_':
    case 0x201D:
    case 0x2019:
    case 0xBB:
    case 0x300D:
    case 0x300F:
    case 0xFF09: return true;
    default: return false;
  }
}

inline bool is_opener(char32_t c) noexcept {
  switch (c) {
    case U'"':
    case U'\'':
    case U'(':
    case U'[':
    case U'*':
    case U'_':
    case 0x201C:
    case 0x2018:
    case 0xAB:
    case 0x300C:
    case 0x300E:
    case 0xFF08: return true;
    default: return false;
  }
}

// Letters, digits, marks and the underscore; of what is not ASCII, all but the blocks of punctuation.
inline bool is_word(char32_t c) noexcept {
  if (c < 0x80) return (kAscii[c] & kWordClass) != 0;
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
  if (c == 0xD7 || c == 0xF7) return false;
  return !((c >= 0x2000 && c <= 0x206F) || (c >= 0x2190 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x303F) ||
           (c >= 0xFE10 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) ||
           (c >= 0xFF3B && c <= 0xFF40) || (c >= 0xFF5B && c <= 0xFF65));
}

// A letter of the Latin, Greek and Cyrillic alphabets in lower case; any other character as it is.
inline char32_t folded(char32_t c) noexcept {
  if (c < 0x80) return c + ((kAscii[c] & kUpperClass) << 2);
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) {
    return c + 32;
  }
  return c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

}  // namespace colmodern
