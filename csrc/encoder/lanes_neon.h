// Sixteen lanes in four registers of NEON. Included once, by a file that has defined COLMODERN_TARGET.
#include <arm_neon.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace colmodern::encoder {
namespace {

struct Floats {
  float32x4_t a, b, c, d;
};
struct Units {
  uint32x4_t a, b, c, d;
};
struct Ints {
  int32x4_t a, b, c, d;
};

// A result of each of the four registers.
#define COLMODERN_EACH(function, x) {function((x).a), function((x).b), function((x).c), function((x).d)}
#define COLMODERN_EACH_TWO(function, x, y) \
  {function((x).a, (y).a), function((x).b, (y).b), function((x).c, (y).c), function((x).d, (y).d)}

COLMODERN_INLINE Floats load(const float* from) {
  return {vld1q_f32(from), vld1q_f32(from + 4), vld1q_f32(from + 8), vld1q_f32(from + 12)};
}
COLMODERN_INLINE void store(float* to, Floats x) {
  vst1q_f32(to, x.a);
  vst1q_f32(to + 4, x.b);
  vst1q_f32(to + 8, x.c);
  vst1q_f32(to + 12, x.d);
}
COLMODERN_INLINE Floats fill(float value) {
  const float32x4_t all = vdupq_n_f32(value);
  return {all, all, all, all};
}
COLMODERN_INLINE Floats operator+(Floats x, Floats y) { return COLMODERN_EACH_TWO(vaddq_f32, x, y); }
COLMODERN_INLINE Floats operator-(Floats x, Floats y) { return COLMODERN_EACH_TWO(vsubq_f32, x, y); }
COLMODERN_INLINE Floats operator*(Floats x, Floats y) { return COLMODERN_EACH_TWO(vmulq_f32, x, y); }
COLMODERN_INLINE Floats operator/(Floats x, Floats y) { return COLMODERN_EACH_TWO(vdivq_f32, x, y); }
COLMODERN_INLINE Floats multiply_add(Floats x, Floats y, Floats z) {
  return {vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b), vfmaq_f32(z.c, x.c, y.c), vfmaq_f32(z.d, x.d, y.d)};
}
COLMODERN_INLINE Floats maximum(Floats x, Floats y) { return COLMODERN_EACH_TWO(vmaxq_f32, x, y); }
COLMODERN_INLINE Floats minimum(Floats x, Floats y) { return COLMODERN_EACH_TWO(vminq_f32, x, y); }
COLMODERN_INLINE Floats absolute(Floats x) { return COLMODERN_EACH(vabsq_f32, x); }
COLMODERN_INLINE Floats rounded(Floats x) { return COLMODERN_EACH(vrndnq_f32, x); }
// An estimate of eight bits, and one step of Newton's method: 2^-16.
COLMODERN_INLINE float32x4_t rough_inverse(float32x4_t x) {
  const float32x4_t estimate = vrecpeq_f32(x);
  return vmulq_f32(estimate, vrecpsq_f32(x, estimate));
}
COLMODERN_INLINE Floats rough_inverse(Floats x) { return COLMODERN_EACH(rough_inverse, x); }
// The exponent is a whole number, taken as at least -126 and at most 127.
COLMODERN_INLINE float32x4_t power_of_two(float32x4_t exponent) {
  const float32x4_t inside = vminq_f32(vmaxq_f32(exponent, vdupq_n_f32(-126.0F)), vdupq_n_f32(127.0F));
  const int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(inside), vdupq_n_s32(127)), 23);
  const uint32x4_t counts = vcgtq_f32(exponent, vdupq_n_f32(-127.0F));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_s32(power), counts));
}
COLMODERN_INLINE float32x4_t times_power(float32x4_t x, float32x4_t exponent) {
  return vmulq_f32(x, power_of_two(exponent));
}
COLMODERN_INLINE Floats times_power(Floats x, Floats exponent) { return COLMODERN_EACH_TWO(times_power, x, exponent); }
// Of positive numbers; exact to 1.2e-4.
COLMODERN_INLINE float32x4_t log2_of(float32x4_t x) {
  const int32x4_t bits = vreinterpretq_s32_f32(x);
  const float32x4_t exponent = vcvtq_f32_s32(vsubq_s32(vshrq_n_s32(bits, 23), vdupq_n_s32(127)));
  const int32x4_t mantissa = vorrq_s32(vandq_s32(bits, vdupq_n_s32(0x7fffff)), vdupq_n_s32(0x3f800000));
  const float32x4_t f = vsubq_f32(vreinterpretq_f32_s32(mantissa), vdupq_n_f32(1.0F));
  float32x4_t p = vfmaq_f32(vdupq_n_f32(3.167620447e-01F), vdupq_n_f32(-8.088411777e-02F), f);
  p = vfmaq_f32(vdupq_n_f32(-6.733490082e-01F), p, f);
  p = vfmaq_f32(vdupq_n_f32(1.437246269F), p, f);
  return vfmaq_f32(vaddq_f32(exponent, vdupq_n_f32(1.179626059e-04F)), p, f);
}
COLMODERN_INLINE Floats log2_of(Floats x) { return COLMODERN_EACH(log2_of, x); }
COLMODERN_INLINE float sum_of(Floats x) {
  const float32x4_t four = vaddq_f32(vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
COLMODERN_INLINE float greatest_of(Floats x) { return vmaxvq_f32(vmaxq_f32(vmaxq_f32(x.a, x.b), vmaxq_f32(x.c, x.d))); }
COLMODERN_INLINE Floats if_at_most(Floats x, Floats limit, Floats yes, Floats no) {
  const Units seen = COLMODERN_EACH_TWO(vcleq_f32, x, limit);
  return {vbslq_f32(seen.a, yes.a, no.a), vbslq_f32(seen.b, yes.b, no.b), vbslq_f32(seen.c, yes.c, no.c),
          vbslq_f32(seen.d, yes.d, no.d)};
}
COLMODERN_INLINE bool all_at_most(Floats x, Floats limit) {
  const Units seen = COLMODERN_EACH_TWO(vcleq_f32, x, limit);
  return vminvq_u32(vandq_u32(vandq_u32(seen.a, seen.b), vandq_u32(seen.c, seen.d))) != 0;
}

// Units may lie where floats do, which a compiler may take for other memory: so they are copied.
COLMODERN_INLINE uint32x4_t load_four(const std::uint32_t* from) {
  uint32x4_t four;
  std::memcpy(&four, from, sizeof four);
  return four;
}
COLMODERN_INLINE void store_four(std::uint32_t* to, uint32x4_t four) { std::memcpy(to, &four, sizeof four); }
COLMODERN_INLINE Units load_units(const std::uint32_t* from) {
  return {load_four(from), load_four(from + 4), load_four(from + 8), load_four(from + 12)};
}
COLMODERN_INLINE void store_units(std::uint32_t* to, Units x) {
  store_four(to, x.a);
  store_four(to + 4, x.b);
  store_four(to + 8, x.c);
  store_four(to + 12, x.d);
}
COLMODERN_INLINE Units fill_units(std::uint32_t value) {
  const uint32x4_t all = vdupq_n_u32(value);
  return {all, all, all, all};
}
COLMODERN_INLINE Units units_of(Floats x) { return COLMODERN_EACH(vreinterpretq_u32_f32, x); }
COLMODERN_INLINE Floats floats_of(Units x) { return COLMODERN_EACH(vreinterpretq_f32_u32, x); }
COLMODERN_INLINE Ints ints_of(Units x) { return COLMODERN_EACH(vreinterpretq_s32_u32, x); }
COLMODERN_INLINE Floats floats(Ints x) { return COLMODERN_EACH(vcvtq_f32_s32, x); }

COLMODERN_INLINE Floats load_half(const void* from) {
  const auto* at = static_cast<const char*>(from);
  float16x4_t four[4];
  std::memcpy(four, at, sizeof four);
  return {vcvt_f32_f16(four[0]), vcvt_f32_f16(four[1]), vcvt_f32_f16(four[2]), vcvt_f32_f16(four[3])};
}
COLMODERN_INLINE float32x4_t from_brain(uint16x4_t bits) { return vreinterpretq_f32_u32(vshll_n_u16(bits, 16)); }
COLMODERN_INLINE Floats load_brain(const void* from) {
  const auto* at = static_cast<const char*>(from);
  uint16x4_t four[4];
  std::memcpy(four, at, sizeof four);
  return {from_brain(four[0]), from_brain(four[1]), from_brain(four[2]), from_brain(four[3])};
}

// Units of two words: the low words of two vectors, the greater ones, how far the second are below the first, both
// turned around, the high ones, and the products of two pairs each, added up.
COLMODERN_INLINE uint32x4_t paired_words(uint32x4_t low, uint32x4_t high) { return vsliq_n_u32(low, high, 16); }
COLMODERN_INLINE Units paired_words(Units low, Units high) { return COLMODERN_EACH_TWO(paired_words, low, high); }
COLMODERN_INLINE int16x8_t words_of(uint32x4_t units) { return vreinterpretq_s16_u32(units); }
COLMODERN_INLINE uint32x4_t units_of(int16x8_t words) { return vreinterpretq_u32_s16(words); }
COLMODERN_INLINE uint32x4_t greatest_words(uint32x4_t a, uint32x4_t b) {
  return units_of(vmaxq_s16(words_of(a), words_of(b)));
}
COLMODERN_INLINE Units greatest_words(Units a, Units b) { return COLMODERN_EACH_TWO(greatest_words, a, b); }
COLMODERN_INLINE uint32x4_t words_below(uint32x4_t a, uint32x4_t b) {
  return units_of(vqsubq_s16(words_of(a), words_of(b)));
}
COLMODERN_INLINE Units words_below(Units a, Units b) { return COLMODERN_EACH_TWO(words_below, a, b); }
COLMODERN_INLINE uint32x4_t turned_words(uint32x4_t a) { return units_of(vrev32q_s16(words_of(a))); }
COLMODERN_INLINE Units turned_words(Units a) { return COLMODERN_EACH(turned_words, a); }
COLMODERN_INLINE uint32x4_t octave_above(uint32x4_t a, int16x8_t rests) {
  return units_of(vbicq_s16(vqaddq_s16(words_of(a), rests), rests));
}
COLMODERN_INLINE Units octave_above(Units x, int rest) {
  const int16x8_t rests = vdupq_n_s16(static_cast<std::int16_t>(rest));
  return {octave_above(x.a, rests), octave_above(x.b, rests), octave_above(x.c, rests), octave_above(x.d, rests)};
}
COLMODERN_INLINE float32x4_t high_words(uint32x4_t a) {
  return vcvtq_f32_s32(vshrq_n_s32(vreinterpretq_s32_u32(a), 16));
}
COLMODERN_INLINE Floats high_words(Units a) { return COLMODERN_EACH(high_words, a); }
COLMODERN_INLINE float32x4_t word_products(uint32x4_t a, uint32x4_t x, uint32x4_t b, uint32x4_t y) {
  const int16x8_t first = words_of(a), times = words_of(x), second = words_of(b), more = words_of(y);
  const int32x4_t low =
      vmlal_s16(vmull_s16(vget_low_s16(first), vget_low_s16(times)), vget_low_s16(second), vget_low_s16(more));
  const int32x4_t high = vmlal_high_s16(vmull_high_s16(first, times), second, more);
  return vcvtq_f32_s32(vpaddq_s32(low, high));
}
COLMODERN_INLINE Floats word_products(Units a, Units x, Units b, Units y) {
  return {word_products(a.a, x.a, b.a, y.a), word_products(a.b, x.b, b.b, y.b), word_products(a.c, x.c, b.c, y.c),
          word_products(a.d, x.d, b.d, y.d)};
}

// Weights by how many 64ths of an octave they are below the greatest: their low bytes and their high ones.
struct PowerTable {
  uint8x16x4_t low, high;
  COLMODERN_INLINE void weigh(uint32x4_t below, uint32x4_t next, uint32x4_t& weights,
                              uint32x4_t& weights_of_next) const {
    const uint16x8_t first = vreinterpretq_u16_u32(below), second = vreinterpretq_u16_u32(next);
    const uint8x16_t places =
        vandq_u8(vuzp1q_u8(vreinterpretq_u8_u16(first), vreinterpretq_u8_u16(second)), vdupq_n_u8(63));
    const uint8x16_t lows = vqtbl4q_u8(low, places), highs = vqtbl4q_u8(high, places);
    weights = halved(vreinterpretq_u16_u8(vzip1q_u8(lows, highs)), first);
    weights_of_next = halved(vreinterpretq_u16_u8(vzip2q_u8(lows, highs)), second);
  }
  // As often as `below` has whole octaves; sixteen leave nothing.
  COLMODERN_INLINE static uint32x4_t halved(uint16x8_t words, uint16x8_t below) {
    const uint16x8_t octaves = vminq_u16(vshrq_n_u16(below, 6), vdupq_n_u16(16));
    return vreinterpretq_u32_u16(vshlq_u16(words, vnegq_s16(vreinterpretq_s16_u16(octaves))));
  }
  COLMODERN_INLINE Units weights(Units below) const {
    Units found;
    weigh(below.a, below.b, found.a, found.b);
    weigh(below.c, below.d, found.c, found.d);
    return found;
  }
};
COLMODERN_INLINE PowerTable power_table(const std::uint16_t* words) {
  PowerTable table;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const uint8x16x2_t parts = vld2q_u8(reinterpret_cast<const std::uint8_t*>(words) + 32 * i);
    table.low.val[i] = parts.val[0];
    table.high.val[i] = parts.val[1];
  }
  return table;
}

// Words in 128ths to the nearest bytes: those of `even` are the first and third of a unit.
COLMODERN_INLINE uint32x4_t rounded_bytes(uint32x4_t even, uint32x4_t odd) {
  const uint16x8_t low = vrshrq_n_u16(vreinterpretq_u16_u32(even), 7);
  return vreinterpretq_u32_u16(vsliq_n_u16(low, vrshrq_n_u16(vreinterpretq_u16_u32(odd), 7), 8));
}
COLMODERN_INLINE Units rounded_bytes(Units even, Units odd) { return COLMODERN_EACH_TWO(rounded_bytes, even, odd); }

// Of each four floats: words of the first and third, of the second and fourth, and the scale of both.
COLMODERN_INLINE Units unit_shares(const float* from, std::int64_t n, float most, float unit) {
  float lanes[16] = {};
  std::memcpy(lanes, from, static_cast<std::size_t>(std::min<std::int64_t>(n, 16)) * sizeof *lanes);
  std::uint32_t units[16] = {};
  for (int i = 0; i < 16 && i < n; i += 4) {
    const float32x4_t x = vld1q_f32(lanes + i);
    const float greatest = vmaxvq_f32(x);
    const int32x4_t whole = vcvtnq_s32_f32(vmulq_n_f32(x, most / greatest));
    const uint32x4_t words = vreinterpretq_u32_s32(whole);
    const uint32x2_t pairs = vsli_n_u32(vget_low_u32(words), vget_high_u32(words), 16);
    std::memcpy(units + i, &pairs, sizeof pairs);
    const float scale = greatest * unit;
    std::memcpy(units + i + 2, &scale, sizeof scale);
  }
  return load_units(units);
}

// The nearest whole numbers, each in 0..255, as bytes.
COLMODERN_INLINE uint8x16_t rounded_bytes(Floats x) {
  const uint16x8_t low = vcombine_u16(vqmovn_u32(vcvtnq_u32_f32(x.a)), vqmovn_u32(vcvtnq_u32_f32(x.b)));
  const uint16x8_t high = vcombine_u16(vqmovn_u32(vcvtnq_u32_f32(x.c)), vqmovn_u32(vcvtnq_u32_f32(x.d)));
  return vcombine_u8(vqmovn_u16(low), vqmovn_u16(high));
}
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats x) { vst1q_u8(to, rounded_bytes(x)); }

// Four vectors of them, side by side.
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats a, Floats b, Floats c, Floats d) {
  store_bytes(to, a);
  store_bytes(to + 16, b);
  store_bytes(to + 32, c);
  store_bytes(to + 48, d);
}

// The nearest whole numbers of four vectors, each |x| <= 127, as units of four bytes with a sign.
COLMODERN_INLINE uint32x4_t four_signed_bytes(float32x4_t a, float32x4_t b, float32x4_t c, float32x4_t d) {
  const auto whole = [](float32x4_t x) { return vreinterpretq_u32_s32(vcvtnq_s32_f32(x)); };
  return vsliq_n_u32(vsliq_n_u32(vsliq_n_u32(whole(a), whole(b), 8), whole(c), 16), whole(d), 24);
}
COLMODERN_INLINE Units four_signed_bytes(Floats a, Floats b, Floats c, Floats d) {
  return {four_signed_bytes(a.a, b.a, c.a, d.a), four_signed_bytes(a.b, b.b, c.b, d.b),
          four_signed_bytes(a.c, b.c, c.c, d.c), four_signed_bytes(a.d, b.d, c.d, d.d)};
}

// to[i * to_stride + j] = from[j * from_stride + i] for i, j < 4.
COLMODERN_INLINE void transpose_four(const std::uint32_t* from, std::int64_t from_stride, std::uint32_t* to,
                                     std::int64_t to_stride) {
  const uint32x4_t a = load_four(from), b = load_four(from + from_stride);
  const uint32x4_t c = load_four(from + 2 * from_stride), d = load_four(from + 3 * from_stride);
  const uint64x2_t even_low = vreinterpretq_u64_u32(vtrn1q_u32(a, b)),
                   odd_low = vreinterpretq_u64_u32(vtrn2q_u32(a, b));
  const uint64x2_t even_high = vreinterpretq_u64_u32(vtrn1q_u32(c, d)),
                   odd_high = vreinterpretq_u64_u32(vtrn2q_u32(c, d));
  store_four(to, vreinterpretq_u32_u64(vtrn1q_u64(even_low, even_high)));
  store_four(to + to_stride, vreinterpretq_u32_u64(vtrn1q_u64(odd_low, odd_high)));
  store_four(to + 2 * to_stride, vreinterpretq_u32_u64(vtrn2q_u64(even_low, even_high)));
  store_four(to + 3 * to_stride, vreinterpretq_u32_u64(vtrn2q_u64(odd_low, odd_high)));
}

// The same for i, j < 16.
COLMODERN_INLINE void transpose(const std::uint32_t* from, std::int64_t from_stride, std::uint32_t* to,
                                std::int64_t to_stride) {
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 16; j += 4) {
      transpose_four(from + j * from_stride + i, from_stride, to + i * to_stride + j, to_stride);
    }
  }
}

#undef COLMODERN_EACH
#undef COLMODERN_EACH_TWO

}  // namespace
}  // namespace colmodern::encoder
