// A strip of sixteen lanes in two registers of AVX2; tiles of four rows against one strip. Included once, by the file
// of a kernel; with COLMODERN_VNNI_STRIPS bytes are multiplied by AVX-VNNI.
#pragma once

#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <cstdint>

#include "vnni.h"

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kRows = 4;    // rows of a tile
constexpr int kStrips = 1;  // strips that a tile is multiplied with at once
constexpr int kParts = 2;   // registers of a strip
constexpr std::int64_t kWidth = kLanes / kParts;

using FloatPart = __m256;
using IntPart = __m256i;
using ShortPart = __m128i;  // as many lanes, of 16 bits

COLMODERN_INLINE FloatPart load(const float* from) { return _mm256_loadu_ps(from); }
COLMODERN_INLINE IntPart load(const std::int32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
COLMODERN_INLINE IntPart load(const std::int8_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
COLMODERN_INLINE ShortPart load(const std::int16_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
COLMODERN_INLINE void store(float* to, FloatPart x) { _mm256_storeu_ps(to, x); }
COLMODERN_INLINE void store(std::int32_t* to, IntPart x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), x); }
// The first n lanes; none where n is not above zero.
COLMODERN_INLINE void store_first(float* to, FloatPart x, std::int64_t n) {
  if (n >= kWidth) return store(to, x);
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  _mm256_maskstore_ps(to, _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes), x);
}

COLMODERN_INLINE FloatPart fill(float value) { return _mm256_set1_ps(value); }
COLMODERN_INLINE IntPart fill(std::int32_t value) { return _mm256_set1_epi32(value); }
COLMODERN_INLINE FloatPart times(FloatPart x, FloatPart y) { return _mm256_mul_ps(x, y); }
COLMODERN_INLINE FloatPart plus(FloatPart x, FloatPart y) { return _mm256_add_ps(x, y); }
COLMODERN_INLINE FloatPart multiply_add(FloatPart x, FloatPart y, FloatPart z) { return _mm256_fmadd_ps(x, y, z); }
// x > best ? x : best
COLMODERN_INLINE FloatPart greater(FloatPart x, FloatPart best) { return _mm256_max_ps(x, best); }
COLMODERN_INLINE ShortPart add_saturated(ShortPart x, ShortPart y) { return _mm_adds_epi16(x, y); }
COLMODERN_INLINE FloatPart floats_of(IntPart x) { return _mm256_cvtepi32_ps(x); }
COLMODERN_INLINE FloatPart floats_of(ShortPart x) { return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(x)); }
// As many float16 as a tile has rows.
COLMODERN_INLINE void load_halves(const std::uint16_t* from, float* to) {
  _mm_storeu_ps(to, _mm_cvtph_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
}

// Where x is greater than the best so far, it is the best, and its number is kept.
COLMODERN_INLINE void raise(FloatPart& best, IntPart& numbers, FloatPart x, int number) {
  const __m256 better = _mm256_cmp_ps(x, best, _CMP_GT_OQ);
  best = _mm256_blendv_ps(best, x, better);
  numbers = _mm256_blendv_epi8(numbers, _mm256_set1_epi32(number), _mm256_castps_si256(better));
}
COLMODERN_INLINE void raise(IntPart& best, IntPart& numbers, IntPart x, int number) {
  const __m256i better = _mm256_cmpgt_epi32(x, best);
  best = _mm256_blendv_epi8(best, x, better);
  numbers = _mm256_blendv_epi8(numbers, _mm256_set1_epi32(number), better);
}

#if defined(COLMODERN_VNNI_STRIPS)
// sum + the products of unsigned bytes of a row and bytes with a sign, in fours.
COLMODERN_INLINE IntPart add_byte_products(IntPart sum, IntPart row, IntPart lanes, std::uint8_t) {
  return add_products(sum, row, lanes);
}
#else
// sum + the products of bytes, in fours. Pairs of products must fit in 16 bits: bytes of a row have 7 bits, or a sign
// and are not -128, and neither is one of the lanes.
COLMODERN_INLINE IntPart add_fours(IntPart sum, __m256i pairs) {
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
COLMODERN_INLINE IntPart add_byte_products(IntPart sum, IntPart row, IntPart lanes, std::uint8_t) {
  return add_fours(sum, _mm256_maddubs_epi16(row, lanes));
}
// One side has to be unsigned: the sign of the row moves to the lanes.
COLMODERN_INLINE IntPart add_byte_products(IntPart sum, IntPart row, IntPart lanes, std::int8_t) {
  return add_fours(sum, _mm256_maddubs_epi16(_mm256_abs_epi8(row), _mm256_sign_epi8(lanes, row)));
}
#endif

}  // namespace
}  // namespace colmodern

#include "products.h"

#endif
