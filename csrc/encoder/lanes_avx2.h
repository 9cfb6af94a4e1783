// Sixteen lanes in two registers of AVX2. Included once, by a file that has defined COLMODERN_TARGET.
#include <immintrin.h>

#include <cstdint>

namespace colmodern::encoder {
namespace {

struct Floats {
  __m256 a, b;
};
struct Units {
  __m256i a, b;
};

COLMODERN_INLINE Floats load(const float* from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
COLMODERN_INLINE void store(float* to, Floats x) {
  _mm256_storeu_ps(to, x.a);
  _mm256_storeu_ps(to + 8, x.b);
}
COLMODERN_INLINE Floats fill(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
COLMODERN_INLINE Floats operator+(Floats x, Floats y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
COLMODERN_INLINE Floats operator-(Floats x, Floats y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
COLMODERN_INLINE Floats operator*(Floats x, Floats y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
COLMODERN_INLINE Floats operator/(Floats x, Floats y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
COLMODERN_INLINE Floats multiply_add(Floats x, Floats y, Floats z) {
  return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
COLMODERN_INLINE Floats maximum(Floats x, Floats y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
COLMODERN_INLINE Floats rough_inverse(Floats x) { return fill(1.0F) / x; }
COLMODERN_INLINE Floats absolute(Floats x) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}
COLMODERN_INLINE Floats minimum(Floats x, Floats y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
COLMODERN_INLINE Floats rounded(Floats x) {
  constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(x.a, kNearest), _mm256_round_ps(x.b, kNearest)};
}
// The exponent is a whole number, taken as at least -126 and at most 127.
COLMODERN_INLINE __m256 power_of_two(__m256 exponent) {
  const __m256 inside = _mm256_min_ps(_mm256_max_ps(exponent, _mm256_set1_ps(-126.0F)), _mm256_set1_ps(127.0F));
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(inside), _mm256_set1_epi32(127));
  const __m256 power = _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
  return _mm256_and_ps(power, _mm256_cmp_ps(exponent, _mm256_set1_ps(-127.0F), _CMP_GT_OQ));
}
COLMODERN_INLINE Floats times_power(Floats x, Floats exponent) {
  return {_mm256_mul_ps(x.a, power_of_two(exponent.a)), _mm256_mul_ps(x.b, power_of_two(exponent.b))};
}
COLMODERN_INLINE float sum_of(Floats x) {
  const __m256 eight = _mm256_add_ps(x.a, x.b);
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}
COLMODERN_INLINE float greatest_of(Floats x) {
  const __m256 eight = _mm256_max_ps(x.a, x.b);
  __m128 best = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  best = _mm_max_ps(best, _mm_movehl_ps(best, best));
  return _mm_cvtss_f32(_mm_max_ss(best, _mm_movehdup_ps(best)));
}
COLMODERN_INLINE Floats if_at_most(Floats x, Floats limit, Floats yes, Floats no) {
  return {_mm256_blendv_ps(no.a, yes.a, _mm256_cmp_ps(x.a, limit.a, _CMP_LE_OQ)),
          _mm256_blendv_ps(no.b, yes.b, _mm256_cmp_ps(x.b, limit.b, _CMP_LE_OQ))};
}
COLMODERN_INLINE bool all_at_most(Floats x, Floats limit) {
  return (_mm256_movemask_ps(_mm256_cmp_ps(x.a, limit.a, _CMP_LE_OQ)) &
          _mm256_movemask_ps(_mm256_cmp_ps(x.b, limit.b, _CMP_LE_OQ))) == 0xff;
}

COLMODERN_INLINE Units load_units(const std::uint32_t* from) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 8))};
}
COLMODERN_INLINE void store_units(std::uint32_t* to, Units x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x.a);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), x.b);
}
COLMODERN_INLINE Units fill_units(std::uint32_t value) {
  const __m256i all = _mm256_set1_epi32(static_cast<int>(value));
  return {all, all};
}
COLMODERN_INLINE Units units_of(Floats x) { return {_mm256_castps_si256(x.a), _mm256_castps_si256(x.b)}; }
COLMODERN_INLINE Floats floats_of(Units x) { return {_mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)}; }

COLMODERN_INLINE Floats load_half(const void* from) {
  const auto* at = static_cast<const __m128i*>(from);
  return {_mm256_cvtph_ps(_mm_loadu_si128(at)), _mm256_cvtph_ps(_mm_loadu_si128(at + 1))};
}
COLMODERN_INLINE __m256 from_brain(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
COLMODERN_INLINE Floats load_brain(const void* from) {
  const auto* at = static_cast<const __m128i*>(from);
  return {from_brain(_mm_loadu_si128(at)), from_brain(_mm_loadu_si128(at + 1))};
}

// The nearest whole numbers, each in 0..255, as bytes.
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats x) {
  const __m256i words =
      _mm256_permute4x64_epi64(_mm256_packs_epi32(_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)), 0xd8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                   _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

// Four vectors of them, side by side.
COLMODERN_INLINE void store_bytes(std::uint8_t* to, Floats a, Floats b, Floats c, Floats d) {
  store_bytes(to, a);
  store_bytes(to + 16, b);
  store_bytes(to + 32, c);
  store_bytes(to + 48, d);
}

// to[i * to_stride + j] = from[j * from_stride + i] for i, j < 16.
COLMODERN_INLINE void transpose(const std::uint32_t* from, std::int64_t from_stride, std::uint32_t* to,
                                std::int64_t to_stride) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) to[i * to_stride + j] = from[j * from_stride + i];
  }
}

}  // namespace
}  // namespace colmodern::encoder
