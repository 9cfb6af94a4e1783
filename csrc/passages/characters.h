// What is a character? The sets of colmodern/text/units.py and colmodern/passages/words.py.
// A mark is a character in one byte: itself if it is ASCII, or else which of the sets it is in.
#pragma once

#include <array>
#include <cstdint>

namespace colmodern {

constexpr bool is_digit(char32_t c) noexcept { return c >= U'0' && c <= U'9'; }
constexpr bool is_alnum(char32_t c) noexcept {
  return is_digit(c) || (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
}

// White space but the line feed.
constexpr bool is_space(char32_t c) noexcept {
  return c == U' ' || (c >= U'\t' && c <= U'\r' && c != U'\n') || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

constexpr bool is_lower(char32_t c) noexcept {
  return (c >= U'a' && c <= U'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7) || (c >= 0x3B1 && c <= 0x3C9) ||
         (c >= 0x430 && c <= 0x45F);
}

constexpr bool is_end(char32_t c) noexcept { return c == U'.' || c == U'!' || c == U'?' || c == 0x2026; }
constexpr bool is_wide_end(char32_t c) noexcept { return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0xFF61; }
constexpr bool is_bullet(char32_t c) noexcept { return c == U'-' || c == U'*' || c == U'+' || c == 0x2022; }

constexpr bool is_closer(char32_t c) noexcept {
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

constexpr bool is_opener(char32_t c) noexcept {
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

constexpr bool is_between(char32_t c, char32_t first, char32_t last) noexcept { return first <= c && c <= last; }

constexpr bool is_ideograph(char32_t c) noexcept {
  return is_between(c, 0x2E80, 0x2FDF) || is_between(c, 0x3005, 0x3007) || is_between(c, 0x3400, 0x4DBF) ||
         is_between(c, 0x4E00, 0x9FFF) || is_between(c, 0xF900, 0xFAFF) || is_between(c, 0x20000, 0x3FFFF);
}

// A character of a script that puts no blanks between words.
constexpr bool is_unspaced(char32_t c) noexcept {
  if (c < 0x0E00) return false;
  return is_ideograph(c) || is_between(c, 0x0E00, 0x0EFF) || is_between(c, 0x1000, 0x109F) ||
         is_between(c, 0x1100, 0x11FF) || is_between(c, 0x1780, 0x17FF) || is_between(c, 0x3040, 0x30FA) ||
         is_between(c, 0x30FC, 0x30FF) || is_between(c, 0x3130, 0x318F) || is_between(c, 0x31F0, 0x31FF) ||
         is_between(c, 0xAC00, 0xD7FF) || is_between(c, 0xFF66, 0xFF9F);
}

// A Thai letter or mark, before and after which a blank parts sentences: not the mark of repetition.
constexpr bool is_thai(char32_t c) noexcept { return is_between(c, 0x0E01, 0x0E4E) && c != 0x0E3F && c != 0x0E46; }

// Letters, digits, marks and the underscore of scripts with blanks; of what is not ASCII, all but the blocks of
// punctuation.
constexpr bool is_word(char32_t c) noexcept {
  if (c < 0x80) return is_alnum(c) || c == U'_';
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
  if (c == 0xD7 || c == 0xF7 || is_unspaced(c)) return false;
  return !(is_between(c, 0x2000, 0x206F) || is_between(c, 0x2190, 0x2BFF) || is_between(c, 0x3000, 0x303F) ||
           c == 0x30FB || is_between(c, 0xFE10, 0xFE6F) || is_between(c, 0xFF00, 0xFF0F) ||
           is_between(c, 0xFF1A, 0xFF20) || is_between(c, 0xFF3B, 0xFF40) || is_between(c, 0xFF5B, 0xFF65));
}

// A letter of the Latin, Greek and Cyrillic alphabets in lower case; any other character as it is.
constexpr char32_t folded(char32_t c) noexcept {
  if (c < 0x80) return c >= U'A' && c <= U'Z' ? c + 32 : c;
  if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) {
    return c + 32;
  }
  return c >= 0x400 && c <= 0x40F ? c + 80 : c;
}

enum Sets : std::uint16_t {
  kSpace = 1,
  kWord = 2,
  kEnd = 4,
  kWideEnd = 8,
  kCloser = 16,
  kOpener = 32,
  kBullet = 64,
  kLower = 128,
  kLine = 256,
  kUnspaced = 512,
  kThai = 1024,
};

constexpr std::uint16_t sets_of(char32_t c) noexcept {
  return static_cast<std::uint16_t>((is_space(c) ? kSpace : 0) | (is_word(c) ? kWord : 0) | (is_end(c) ? kEnd : 0) |
                                    (is_wide_end(c) ? kWideEnd : 0) | (is_closer(c) ? kCloser : 0) |
                                    (is_opener(c) ? kOpener : 0) | (is_bullet(c) ? kBullet : 0) |
                                    (is_lower(c) ? kLower : 0) | (c == U'\n' ? kLine : 0) |
                                    (is_unspaced(c) ? kUnspaced : 0) | (is_thai(c) ? kThai : 0));
}

// The sets that a character which is not ASCII can be in.
inline constexpr std::array<std::uint16_t, 12> kWideSets{0,       kWord,          kWord | kLower, kSpace,
                                                         kEnd,    kWideEnd,       kCloser,        kOpener,
                                                         kBullet, kWord | kSpace, kUnspaced,      kUnspaced | kThai};

constexpr std::array<std::uint16_t, 0x100> sets_of_marks() {
  std::array<std::uint16_t, 0x100> sets{};
  for (std::size_t c = 0; c < 0x80; ++c) sets[c] = sets_of(static_cast<char32_t>(c));
  for (std::size_t i = 0; i < kWideSets.size(); ++i) sets[0x80 + i] = kWideSets[i];
  return sets;
}

inline constexpr auto kSetsOfMarks = sets_of_marks();

inline bool is_in(char mark, int sets) noexcept { return (kSetsOfMarks[static_cast<unsigned char>(mark)] & sets) != 0; }
inline bool is_ascii(char mark) noexcept { return static_cast<unsigned char>(mark) < 0x80; }

// The mark of a character that is not ASCII.
inline char mark_of(char32_t c) noexcept {
  const std::uint16_t sets = sets_of(c);
  std::size_t i = 0;
  while (i + 1 < kWideSets.size() && kWideSets[i] != sets) ++i;
  return static_cast<char>(0x80 + i);
}

}  // namespace colmodern
