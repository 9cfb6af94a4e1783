// A strip of sixteen lanes in one register of AVX-512; tiles of eight rows against two strips. Included once, by the
// file of a kernel.
#pragma once

#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "vnni.h"

#define COLMODERN_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kRows = 8;    // rows of a tile
constexpr int kStrips = 2;  // strips that a tile is multiplied with at once
constexpr int kParts = 1;   // registers of a strip
constexpr std::int64_t kWidth = kLanes / kParts;

using FloatPart = __m512;
using IntPart = __m512i;
using ShortPart = __m256i;  // as many lanes, of 16 bits

COLMODERN_INLINE FloatPart load(const float* from) { return _mm512_loadu_ps(from); }
COLMODERN_INLINE IntPart load(const std::int32_t* from) { return _mm512_loadu_si512(from); }
COLMODERN_INLINE IntPart load(const std::int8_t* from) { return _mm512_loadu_si512(from); }
COLMODERN_INLINE ShortPart load(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
COLMODERN_INLINE void store(float* to, FloatPart x) { _mm512_storeu_ps(to, x); }
COLMODERN_INLINE void store(std::int32_t* to, IntPart x) { _mm512_storeu_si512(to, x); }
// The first n lanes; n is above zero.
COLMODERN_INLINE void store_first(float* to, FloatPart x, std::int64_t n) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1U << std::min(n, kWidth)) - 1), x);
}

COLMODERN_INLINE FloatPart fill(float value) { return _mm512_set1_ps(value); }
COLMODERN_INLINE IntPart fill(std::int32_t value) { return _mm512_set1_epi32(value); }
COLMODERN_INLINE FloatPart times(FloatPart x, FloatPart y) { return _mm512_mul_ps(x, y); }
COLMODERN_INLINE FloatPart plus(FloatPart x, FloatPart y) { return _mm512_add_ps(x, y); }
COLMODERN_INLINE FloatPart multiply_add(FloatPart x, FloatPart y, FloatPart z) { return _mm512_fmadd_ps(x, y, z); }
// x > best ? x : best
COLMODERN_INLINE FloatPart greater(FloatPart x, FloatPart best) { return _mm512_max_ps(x, best); }
COLMODERN_INLINE ShortPart add_saturated(ShortPart x, ShortPart y) { return _mm256_adds_epi16(x, y); }
COLMODERN_INLINE FloatPart floats_of(IntPart x) { return _mm512_cvtepi32_ps(x); }
COLMODERN_INLINE FloatPart floats_of(ShortPart x) { return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(x)); }
// As many float16 as a tile has rows.
COLMODERN_INLINE void load_halves(const std::uint16_t* from, float* to) {
  _mm256_storeu_ps(to, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}

// Where x is greater than the best so far, it is the best, and its number is kept.
COLMODERN_INLINE void raise(FloatPart& best, IntPart& numbers, FloatPart x, int number) {
  const __mmask16 better = _mm512_cmp_ps_mask(x, best, _CMP_GT_OQ);
  best = _mm512_mask_mov_ps(best, better, x);
  numbers = _mm512_mask_set1_epi32(numbers, better, number);
}
COLMODERN_INLINE void raise(IntPart& best, IntPart& numbers, IntPart x, int number) {
  const __mmask16 better = _mm512_cmpgt_epi32_mask(x, best);
  best = _mm512_mask_mov_epi32(best, better, x);
  numbers = _mm512_mask_set1_epi32(numbers, better, number);
}

// sum + the products of unsigned bytes of a row and bytes with a sign, in fours.
COLMODERN_INLINE IntPart add_byte_products(IntPart sum, IntPart row, IntPart lanes, std::uint8_t) {
  return add_products(sum, row, lanes);
}

}  // namespace
}  // namespace colmodern

#include "products.h"

#endif
