// Sixteen lanes in a register of AVX-512. Included once, by a file that has defined COLMODERN_TARGET.
#include <immintrin.h>

#include <cstdint>

namespace colmodern::encoder {
namespace {

struct Floats {
  __m512 v;
};
struct Units {
  __m512i v;
};

COLMODERN_INLINE Floats load(const float* from) { return {_mm512_loadu_ps(from)}; }
COLMODERN_INLINE void store(float* to, Floats a) { _mm512_storeu_ps(to, a.v); }
COLMODERN_INLINE Floats fill(float value) { return {_mm512_set1_ps(value)}; }
COLMODERN_INLINE Floats operator+(Floats a, Floats b) { return {_mm512_add_ps(a.v, b.v)}; }
COLMODERN_INLINE Floats operator-(Floats a, Floats b) { return {_mm512_sub_ps(a.v, b.v)}; }
COLMODERN_INLINE Floats operator*(Floats a, Floats b) { return {_mm512_mul_ps(a.v, b.v)}; }
COLMODERN_INLINE Floats operator/(Floats a, Floats b) { return {_mm512_div_ps(a.v, b.v)}; }
COLMODERN_INLINE Floats multiply_add(Floats a, Floats b, Floats c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
COLMODERN_INLINE Floats maximum(Floats a, Floats b) { return {_mm512_max_ps(a.v, b.v)}; }
COLMODERN_INLINE Floats rough_inverse(Floats a) { return {_mm512_rcp14_ps(a.v)}; }
COLMODERN_INLINE Floats absolute(Floats a) { return {_mm512_abs_ps(a.v)}; }
COLMODERN_INLINE Floats minimum(Floats a, Floats b) { return {_mm512_min_ps(a.v, b.v)}; }
COLMODERN_INLINE Floats rounded(Floats a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT)}; }
COLMODERN_INLINE Floats times_power(Floats a, Floats exponent) { return {_mm512_scalef_ps(a.v, exponent.v)}; }
// Of positive numbers; exact to 1.2e-4.
COLMODERN_INLINE Floats log2_of(Floats a) {
  const __m512 f = _mm512_sub_ps(_mm512_getmant_ps(a.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src), _mm512_set1_ps(1.0F));
  __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(-8.088411777e-02F), f, _mm512_set1_ps(3.167620447e-01F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(-6.733490082e-01F));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.437246269F));
  return {_mm512_fmadd_ps(p, f, _mm512_add_ps(_mm512_getexp_ps(a.v), _mm512_set1_ps(1.179626059e-04F)))};
}
COLMODERN_INLINE float sum_of(Floats a) { return _mm512_reduce_add_ps(a.v); }
COLMODERN_INLINE float greatest_of(Floats a) { return _mm512_reduce_max_ps(a.v); }
COLMODERN_INLINE Floats if_at_most(Floats a, Floats limit, Floats yes, Floats no) {
  return {_mm512_mask_mov_ps(no.v, _mm512_cmp_ps_mask(a.v, limit.v, _CMP_LE_OQ), yes.v)};
}
COLMODERN_INLINE bool all_at_most(Floats a, Floats limit) {
  return _mm512_cmp_ps_mask(a.v, limit.v, _CMP_LE_OQ) == 0xffff;
}

COLMODERN_INLINE Units load_units(const std::uint32_t* from) { return {_mm512_loadu_si512(from)}; }
COLMODERN_INLINE void store_units(std::uint32_t* to, Units a) { _mm512_storeu_si512(to, a.v); }
COLMODERN_INLINE Units fill_units(std::uint32_t value) { return {_mm512_set1_epi32(static_cast<int>(value))}; }
COLMODERN_INLINE Units units_of(Floats a) { return {_mm512_castps_si512(a.v)}; }
COLMODERN_INLINE Floats floats_of(Units a) { return {_mm512_castsi512_ps(a.v)}; }

COLMODERN_INLINE Floats load_half(const void* from) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(from)))};
}
COLMODERN_INLINE Floats load_brain(const void* from) {
  const __m256i bits = _mm256_loadu_si256(static_cast<const __m256i*>(from));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16))};
}

// Two vectors as units of two bfloat16, the first in the low half; halves are rounded away from zero.
COLMODERN_INLINE Units paired(Floats low, Floats high) {
  const __m512i half = _mm512_set1_epi32(0x8000);
  const __m512i a = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(low.v), half), 16);
  const __m512i b = _mm512_add_epi32(_mm512_castps_si512(high.v), half);
  return {_mm512_ternarylogic_epi32(a, b, _mm512_set1_epi32(static_cast<int>(0xffff0000U)), 0xf8)};  // a | (b & c)
}

// Units of two words: the low words of two vectors, the greater ones, how far the second are below the first, both
// turned around, the high ones, and the products of two pairs each, added up.
COLMODERN_INLINE Units paired_words(Units low, Units high) {
  return {_mm512_mask_blend_epi16(0xaaaaaaaaU, low.v, _mm512_slli_epi32(high.v, 16))};
}
COLMODERN_INLINE Units greatest_words(Units a, Units b) { return {_mm512_max_epi16(a.v, b.v)}; }
COLMODERN_INLINE Units words_below(Units a, Units b) { return {_mm512_subs_epi16(a.v, b.v)}; }
COLMODERN_INLINE Units turned_words(Units a) { return {_mm512_rol_epi32(a.v, 16)}; }
COLMODERN_INLINE Units octave_above(Units a, int rest) {
  const auto rests = static_cast<short>(rest);
  return {_mm512_andnot_si512(_mm512_set1_epi16(rests), _mm512_adds_epi16(a.v, _mm512_set1_epi16(rests)))};
}
COLMODERN_INLINE Floats high_words(Units a) { return {_mm512_cvtepi32_ps(_mm512_srai_epi32(a.v, 16))}; }
COLMODERN_INLINE Floats word_products(Units a, Units x, Units b, Units y) {
  return {_mm512_cvtepi32_ps(_mm512_dpwssd_epi32(_mm512_madd_epi16(a.v, x.v), b.v, y.v))};
}

// Weights by how many 64ths of an octave they are below the greatest.
struct PowerTable {
  __m512i low, high;
  COLMODERN_INLINE Units weights(Units below) const {
    return {_mm512_srlv_epi16(_mm512_permutex2var_epi16(low, below.v, high), _mm512_srli_epi16(below.v, 6))};
  }
};
COLMODERN_INLINE PowerTable power_table(const std::uint16_t* words) {
  return {_mm512_load_si512(words), _mm512_load_si512(words + 32)};
}

// Words in 128ths to the nearest bytes: those of `even` are the first and third of a unit.
COLMODERN_INLINE Units rounded_bytes(Units even, Units odd) {
  const __m512i share = _mm512_set1_epi16(256);
  return {_mm512_or_si512(_mm512_mulhrs_epi16(even.v, share), _mm512_slli_epi32(_mm512_mulhrs_epi16(odd.v, share), 8))};
}

// Of each four floats: words of the first and third, of the second and fourth, and the scale of both.
COLMODERN_INLINE Units unit_shares(const float* from, std::int64_t n, float most, float unit) {
  const __m512 x = _mm512_maskz_loadu_ps(n < 16 ? static_cast<__mmask16>((1U << n) - 1U) : 0xffff, from);
  const __m512 pair = _mm512_max_ps(x, _mm512_permute_ps(x, 0xb1));
  const __m512 greatest = _mm512_max_ps(pair, _mm512_permute_ps(pair, 0x4e));
  const __m512 scale = _mm512_mul_ps(greatest, _mm512_set1_ps(unit));
  const __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_div_ps(_mm512_set1_ps(most), greatest)));
  const __m512i words = _mm512_or_si512(whole, _mm512_slli_epi32(_mm512_shuffle_epi32(whole, _MM_PERM_BADC), 16));
  return {_mm512_mask_blend_epi32(0xccccU, words, _mm512_castps_si512(scale))};
}

// The nearest whole numbers, each in 0..255, as bytes.
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a.v)));
}

// Four vectors of them, side by side.
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats a, Floats b, Floats c, Floats d) {
  const __m512i low = _mm512_packs_epi32(_mm512_cvtps_epi32(a.v), _mm512_cvtps_epi32(b.v));
  const __m512i high = _mm512_packs_epi32(_mm512_cvtps_epi32(c.v), _mm512_cvtps_epi32(d.v));
  const __m512i bytes = _mm512_packus_epi16(low, high);
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  _mm512_storeu_si512(to, _mm512_permutexvar_epi32(order, bytes));
}

// The nearest whole numbers of four vectors, each |x| <= 127, as units of four bytes with a sign.
COLMODERN_INLINE Units four_signed_bytes(Floats a, Floats b, Floats c, Floats d) {
  const __m512i mask = _mm512_set1_epi32(0xff);
  const __m512i first = _mm512_and_si512(_mm512_cvtps_epi32(a.v), mask);
  const __m512i second = _mm512_slli_epi32(_mm512_and_si512(_mm512_cvtps_epi32(b.v), mask), 8);
  const __m512i third = _mm512_slli_epi32(_mm512_and_si512(_mm512_cvtps_epi32(c.v), mask), 16);
  const __m512i fourth = _mm512_slli_epi32(_mm512_cvtps_epi32(d.v), 24);
  return {_mm512_or_si512(_mm512_ternarylogic_epi32(first, second, third, 0xfe), fourth)};
}

// to[i * to_stride + j] = from[j * from_stride + i] for i, j < 16.
COLMODERN_INLINE void transpose(const std::uint32_t* from, std::int64_t from_stride, std::uint32_t* to,
                                std::int64_t to_stride) {
  __m512i r[16];
  __m512i t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = _mm512_loadu_si512(from + i * from_stride);
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    _mm512_storeu_si512(to + i * to_stride, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
    _mm512_storeu_si512(to + (i + 8) * to_stride, _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
    _mm512_storeu_si512(to + (i + 4) * to_stride, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88));
    _mm512_storeu_si512(to + (i + 12) * to_stride, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd));
  }
}

}  // namespace
}  // namespace colmodern::encoder
