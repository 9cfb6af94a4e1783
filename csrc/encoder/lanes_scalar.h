// Sixteen lanes as an array, for machines without a file of their own; the compiler makes of it what the baseline
// has. Included once, by a file that has defined COLMODERN_TARGET.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "half.h"

namespace colmodern::encoder {
namespace {

struct Floats {
  float v[16];
};
struct Units {
  std::uint32_t v[16];
};

#define COLMODERN_EACH(expression)                  \
  Floats r;                                         \
  for (int i = 0; i < 16; ++i) r.v[i] = expression; \
  return r

COLMODERN_INLINE Floats load(const float* from) { COLMODERN_EACH(from[i]); }
COLMODERN_INLINE void store(float* to, Floats x) { std::memcpy(to, x.v, sizeof x.v); }
COLMODERN_INLINE Floats fill(float value) { COLMODERN_EACH(value); }
COLMODERN_INLINE Floats operator+(Floats x, Floats y) { COLMODERN_EACH(x.v[i] + y.v[i]); }
COLMODERN_INLINE Floats operator-(Floats x, Floats y) { COLMODERN_EACH(x.v[i] - y.v[i]); }
COLMODERN_INLINE Floats operator*(Floats x, Floats y) { COLMODERN_EACH(x.v[i] * y.v[i]); }
COLMODERN_INLINE Floats operator/(Floats x, Floats y) { COLMODERN_EACH(x.v[i] / y.v[i]); }
COLMODERN_INLINE Floats multiply_add(Floats x, Floats y, Floats z) { COLMODERN_EACH(x.v[i] * y.v[i] + z.v[i]); }
COLMODERN_INLINE Floats rough_inverse(Floats x) { COLMODERN_EACH(1.0F / x.v[i]); }
COLMODERN_INLINE Floats absolute(Floats x) { COLMODERN_EACH(std::fabs(x.v[i])); }
COLMODERN_INLINE Floats maximum(Floats x, Floats y) { COLMODERN_EACH(x.v[i] > y.v[i] ? x.v[i] : y.v[i]); }
COLMODERN_INLINE Floats minimum(Floats x, Floats y) { COLMODERN_EACH(x.v[i] < y.v[i] ? x.v[i] : y.v[i]); }
// Halves to even, by the sum with a number so large that its last bit is worth one.
COLMODERN_INLINE Floats rounded(Floats x) {
  COLMODERN_EACH(std::fabs(x.v[i]) < 0x1p22F ? (x.v[i] + 0x1.8p23F) - 0x1.8p23F : x.v[i]);
}
COLMODERN_INLINE float power_of_two(float exponent) {
  if (!(exponent > -127.0F)) return 0.0F;
  const int whole = exponent < 127.0F ? static_cast<int>(exponent) : 127;
  return std::bit_cast<float>(static_cast<std::uint32_t>(whole + 127) << 23);
}
COLMODERN_INLINE Floats times_power(Floats x, Floats exponent) { COLMODERN_EACH(x.v[i] * power_of_two(exponent.v[i])); }
COLMODERN_INLINE Floats log2_of(Floats x) { COLMODERN_EACH(std::log2(x.v[i])); }
COLMODERN_INLINE float sum_of(Floats x) {
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) x.v[i] += x.v[i + half];
  }
  return x.v[0];
}
COLMODERN_INLINE float greatest_of(Floats x) {
  float best = x.v[0];
  for (int i = 1; i < 16; ++i) best = x.v[i] > best ? x.v[i] : best;
  return best;
}
COLMODERN_INLINE Floats if_at_most(Floats x, Floats limit, Floats yes, Floats no) {
  COLMODERN_EACH(x.v[i] <= limit.v[i] ? yes.v[i] : no.v[i]);
}
COLMODERN_INLINE bool all_at_most(Floats x, Floats limit) {
  bool all = true;
  for (int i = 0; i < 16; ++i) all = all && x.v[i] <= limit.v[i];
  return all;
}

COLMODERN_INLINE Units load_units(const std::uint32_t* from) {
  Units r;
  std::memcpy(r.v, from, sizeof r.v);
  return r;
}
COLMODERN_INLINE void store_units(std::uint32_t* to, Units x) { std::memcpy(to, x.v, sizeof x.v); }
COLMODERN_INLINE Units fill_units(std::uint32_t value) {
  Units r;
  for (int i = 0; i < 16; ++i) r.v[i] = value;
  return r;
}
COLMODERN_INLINE Units units_of(Floats x) { return std::bit_cast<Units>(x); }
COLMODERN_INLINE Floats floats_of(Units x) { return std::bit_cast<Floats>(x); }

COLMODERN_INLINE Floats load_half(const void* from) {
  std::uint16_t bits[16];
  std::memcpy(bits, from, sizeof bits);
  COLMODERN_EACH(from_half(bits[i]));
}
COLMODERN_INLINE Floats load_brain(const void* from) {
  std::uint16_t bits[16];
  std::memcpy(bits, from, sizeof bits);
  COLMODERN_EACH(std::bit_cast<float>(static_cast<std::uint32_t>(bits[i]) << 16));
}
#undef COLMODERN_EACH

// Units of two words: the low words of two vectors, the greater ones, how far the second are below the first, both
// turned around, the high ones, and the products of two pairs each, added up.
COLMODERN_INLINE std::int16_t low_word(std::uint32_t unit) { return static_cast<std::int16_t>(unit & 0xffffU); }
COLMODERN_INLINE std::int16_t high_word(std::uint32_t unit) { return static_cast<std::int16_t>(unit >> 16); }
COLMODERN_INLINE std::uint32_t pair_of(std::int32_t low, std::int32_t high) {
  return (static_cast<std::uint32_t>(low) & 0xffffU) | static_cast<std::uint32_t>(high) << 16;
}
#define COLMODERN_EACH(expression)                  \
  Units r;                                          \
  for (int i = 0; i < 16; ++i) r.v[i] = expression; \
  return r
COLMODERN_INLINE Units paired_words(Units low, Units high) { COLMODERN_EACH((low.v[i] & 0xffffU) | high.v[i] << 16); }
COLMODERN_INLINE Units greatest_words(Units a, Units b) {
  COLMODERN_EACH(pair_of(std::max(low_word(a.v[i]), low_word(b.v[i])), std::max(high_word(a.v[i]), high_word(b.v[i]))));
}
COLMODERN_INLINE Units words_below(Units a, Units b) {
  COLMODERN_EACH(pair_of(std::min(low_word(a.v[i]) - low_word(b.v[i]), 32767),
                         std::min(high_word(a.v[i]) - high_word(b.v[i]), 32767)));
}
COLMODERN_INLINE Units turned_words(Units a) { COLMODERN_EACH(std::rotl(a.v[i], 16)); }
COLMODERN_INLINE Units octave_above(Units a, int rest) {
  COLMODERN_EACH(
      pair_of(std::min(low_word(a.v[i]) + rest, 32767) & ~rest, std::min(high_word(a.v[i]) + rest, 32767) & ~rest));
}
COLMODERN_INLINE std::uint32_t rounded_byte(std::int16_t word) { return static_cast<std::uint32_t>(word + 64) >> 7; }
COLMODERN_INLINE Units rounded_bytes(Units even, Units odd) {
  COLMODERN_EACH(rounded_byte(low_word(even.v[i])) | rounded_byte(low_word(odd.v[i])) << 8 |
                 rounded_byte(high_word(even.v[i])) << 16 | rounded_byte(high_word(odd.v[i])) << 24);
}
#undef COLMODERN_EACH
COLMODERN_INLINE Floats high_words(Units a) {
  Floats r;
  for (int i = 0; i < 16; ++i) r.v[i] = static_cast<float>(high_word(a.v[i]));
  return r;
}
COLMODERN_INLINE Floats word_products(Units a, Units x, Units b, Units y) {
  Floats r;
  for (int i = 0; i < 16; ++i) {
    r.v[i] = static_cast<float>(low_word(a.v[i]) * low_word(x.v[i]) + high_word(a.v[i]) * high_word(x.v[i]) +
                                low_word(b.v[i]) * low_word(y.v[i]) + high_word(b.v[i]) * high_word(y.v[i]));
  }
  return r;
}

// Weights by how many 64ths of an octave they are below the greatest.
struct PowerTable {
  const std::uint16_t* words;
  std::int32_t weight(std::int32_t below) const { return below < 1024 ? words[below % 64] >> below / 64 : 0; }
  Units weights(Units below) const {
    Units r;
    for (int i = 0; i < 16; ++i) r.v[i] = pair_of(weight(low_word(below.v[i])), weight(high_word(below.v[i])));
    return r;
  }
};
COLMODERN_INLINE PowerTable power_table(const std::uint16_t* words) { return {words}; }

// Of each four floats: words of the first and third, of the second and fourth, and the scale of both.
COLMODERN_INLINE Units unit_shares(const float* from, std::int64_t n, float most, float unit) {
  Units r{};
  for (int i = 0; i < 16; i += 4) {
    float x[4];
    for (int j = 0; j < 4; ++j) x[j] = i + j < n ? from[i + j] : 0.0F;
    const float greatest = std::max(std::max(x[0], x[1]), std::max(x[2], x[3]));
    if (i >= n) break;
    const float share = most / greatest;
    std::int32_t whole[4];
    for (int j = 0; j < 4; ++j) whole[j] = static_cast<std::int32_t>((x[j] * share + 0x1.8p23F) - 0x1.8p23F);
    r.v[i] = pair_of(whole[0], whole[2]);
    r.v[i + 1] = pair_of(whole[1], whole[3]);
    r.v[i + 2] = std::bit_cast<std::uint32_t>(greatest * unit);
    r.v[i + 3] = 0;
  }
  return r;
}

// The nearest whole numbers, each in 0..255, as bytes.
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats x) {
  const Floats whole = rounded(x);
  for (int i = 0; i < 16; ++i) to[i] = static_cast<std::uint8_t>(static_cast<int>(whole.v[i]));
}

// Four vectors of them, side by side.
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats a, Floats b, Floats c, Floats d) {
  store_bytes(to, a);
  store_bytes(to + 16, b);
  store_bytes(to + 32, c);
  store_bytes(to + 48, d);
}

// The nearest whole numbers of four vectors, each |x| <= 127, as units of four bytes with a sign.
COLMODERN_INLINE Units four_signed_bytes(Floats a, Floats b, Floats c, Floats d) {
  Units r;
  for (int i = 0; i < 16; ++i) {
    r.v[i] = 0;
    int place = 0;
    for (const float value : {a.v[i], b.v[i], c.v[i], d.v[i]}) {
      const auto whole = static_cast<std::int32_t>((value + 0x1.8p23F) - 0x1.8p23F);
      r.v[i] |= (static_cast<std::uint32_t>(whole) & 0xffU) << 8 * place++;
    }
  }
  return r;
}

// to[i * to_stride + j] = from[j * from_stride + i] for i, j < 16. Either may be floats, which a compiler may take for
// other memory than words: so they are copied.
COLMODERN_INLINE void transpose(const std::uint32_t* from, std::int64_t from_stride, std::uint32_t* to,
                                std::int64_t to_stride) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) std::memcpy(to + i * to_stride + j, from + j * from_stride + i, sizeof *to);
  }
}

}  // namespace
}  // namespace colmodern::encoder
