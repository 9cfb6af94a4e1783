// Lines of 16-bit lanes in a register of AVX2: included after strips_avx2.h and the tile, before loops.h.
#pragma once

#include "centroids/weight.h"
#include "lanes.h"

namespace colmodern {
namespace {

using Line = __m256i;
constexpr int kLines = 1;
constexpr int kFewRows = kRows;
constexpr std::int64_t kAhead = 0;

// What lies above 16 bits is cut off while it is a float; what lies below, or is NaN, is by conversion and packing.
COLMODERN_INLINE SignedShorts rounded(const FloatPart (&scaled)[kParts]) {
  const __m256i low = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(32767.0F), scaled[0]));
  const __m256i high = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(32767.0F), scaled[1]));
  // Packing works within halves of a register; the quarters are put back in order.
  return reinterpret_cast<SignedShorts>(_mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8));
}

COLMODERN_INLINE Line load_line(const std::int16_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
COLMODERN_INLINE Line add_saturated(Line x, Line y) { return _mm256_adds_epi16(x, y); }

COLMODERN_INLINE void store_line(std::int16_t* to, Line line) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), line);
}
COLMODERN_INLINE Line greater(Line x, Line y) { return _mm256_max_epi16(x, y); }
COLMODERN_INLINE Line lesser(Line x, Line y) { return _mm256_min_epi16(x, y); }
COLMODERN_INLINE bool any_reaches(Line x, Line y) { return _mm256_movemask_epi8(_mm256_cmpgt_epi16(y, x)) != -1; }

COLMODERN_INLINE void add_weights(Line row, FloatPart (&sums)[2]) {
  const __m256i products = _mm256_mulhi_epi16(row, _mm256_set1_epi16(kWeightSlope));
  const __m256i halves = _mm256_add_epi16(products, _mm256_set1_epi16(kWeightStart));
  const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(halves));
  const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(halves, 1));
  sums[0] = plus(sums[0], _mm256_castsi256_ps(_mm256_slli_epi32(low, 16)));
  sums[1] = plus(sums[1], _mm256_castsi256_ps(_mm256_slli_epi32(high, 16)));
}

}  // namespace
}  // namespace colmodern
