// Centroids with AVX2: four centroids against one strip of sixteen query tokens.
#include "centroids/weight.h"
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kTile = 4;
constexpr int kHalves = 2;  // registers of eight lanes in a strip
constexpr std::int64_t kWidth = kLanes / kHalves;

COLMODERN_INLINE void multiply(const PackedQuery& query, std::int64_t strip, const std::int8_t* const (&tile)[kTile],
                               __m256i (&sums)[kTile][kHalves]) {
  const std::int8_t* values = query.packed + strip * query.groups_a_plane * kLanes * 4;
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 4
  for (int t = 0; t < kTile; ++t) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) sums[t][h] = _mm256_setzero_si256();
  }
  for (std::int64_t group = 0; group < query.groups_a_plane; ++group, values += kLanes * 4) {
    __m256i lanes[kHalves];
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) {
      lanes[h] = _mm256_load_si256(reinterpret_cast<const __m256i*>(values + h * kWidth * 4));
    }
#pragma GCC unroll 4
    for (int t = 0; t < kTile; ++t) {
      std::int32_t four;
      std::memcpy(&four, tile[t] + group * 4, sizeof four);
      const __m256i centroid = _mm256_set1_epi32(four);
      // Byte products want one unsigned side: the sign of the centroid moves to the query. Neither side is -128, and
      // a pair of products, 2 * 127 * 127, fits in 16 bits.
      const __m256i magnitude = _mm256_abs_epi8(centroid);
#pragma GCC unroll 2
      for (int h = 0; h < kHalves; ++h) {
        const __m256i pairs = _mm256_maddubs_epi16(magnitude, _mm256_sign_epi8(lanes[h], centroid));
        sums[t][h] = _mm256_add_epi32(sums[t][h], _mm256_madd_epi16(pairs, ones));
      }
    }
  }
}

// What lies above 16 bits is cut off while it is a float; what lies below, or is NaN, is by conversion and packing.
COLMODERN_INLINE __m256i rounded(__m256i sums, __m256 scales, float step) {
  const __m256 scaled = _mm256_mul_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sums), scales), _mm256_set1_ps(step));
  return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(32767.0F), scaled));
}

}  // namespace

COLMODERN_TARGET void centroid_products_avx2(const PackedQuery& query, const std::int8_t* centroids, const float* steps,
                                             std::int64_t begin, std::int64_t end, std::int16_t* rows,
                                             std::int64_t stride) noexcept {
  constexpr std::int16_t kLowest = std::numeric_limits<std::int16_t>::min();
  const std::int64_t strips = round_up(query.count, kLanes) / kLanes;
  for (std::int64_t i = begin; i < end; i += kTile) {
    const std::int8_t* tile[kTile];
    for (int t = 0; t < kTile; ++t) tile[t] = centroids + std::min(i + t, end - 1) * query.dim;
    const std::int64_t n = std::min<std::int64_t>(kTile, end - i);
    for (std::int64_t strip = 0; strip < strips; ++strip) {
      __m256i sums[kTile][kHalves];
      multiply(query, strip, tile, sums);
      const __m256 low_scales = _mm256_load_ps(query.scales + strip * kLanes);
      const __m256 high_scales = _mm256_load_ps(query.scales + strip * kLanes + kWidth);
      for (int t = 0; t < n; ++t) {
        const __m256i low = rounded(sums[t][0], low_scales, steps[i + t]);
        const __m256i high = rounded(sums[t][1], high_scales, steps[i + t]);
        // Packing works within halves of a register; the quarters are put back in order.
        const __m256i row = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
        _mm256_store_si256(reinterpret_cast<__m256i*>(rows + (i + t) * stride + strip * kLanes), row);
      }
    }
    for (std::int64_t t = 0; t < n; ++t) {
      std::fill(rows + (i + t) * stride + query.count, rows + (i + t + 1) * stride, kLowest);
    }
  }
}

COLMODERN_TARGET void centroid_sums_avx2(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                                         std::int64_t begin, std::int64_t end, float* sums) noexcept {
  constexpr std::int64_t kSixteen = 16;
  const __m256i slope = _mm256_set1_epi16(kWeightSlope);
  const __m256i start = _mm256_set1_epi16(kWeightStart);
  for (std::int64_t lane = 0; lane < table.stride; lane += kSixteen) {
    const __m256i shift = _mm256_load_si256(reinterpret_cast<const __m256i*>(context + lane));
    __m256 low = _mm256_load_ps(sums + lane);
    __m256 high = _mm256_load_ps(sums + lane + kSixteen / 2);
    for (std::int64_t i = begin; i < end; ++i) {
      const __m256i centroid = _mm256_load_si256(reinterpret_cast<const __m256i*>(table.row(ids[i]) + lane));
      const __m256i row = _mm256_adds_epi16(centroid, shift);
      const __m256i halves = _mm256_add_epi16(_mm256_mulhi_epi16(row, slope), start);
      const __m256i low_bits = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(halves));
      const __m256i high_bits = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(halves, 1));
      low = _mm256_add_ps(low, _mm256_castsi256_ps(_mm256_slli_epi32(low_bits, 16)));
      high = _mm256_add_ps(high, _mm256_castsi256_ps(_mm256_slli_epi32(high_bits, 16)));
    }
    _mm256_store_ps(sums + lane, low);
    _mm256_store_ps(sums + lane + kSixteen / 2, high);
  }
}

}  // namespace colmodern

#endif
