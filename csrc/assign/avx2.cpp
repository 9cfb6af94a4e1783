// Assignment with AVX2: four rows against one strip of sixteen centroids, all sums in registers.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "assign/select.h"

namespace colmodern {
namespace {

constexpr int kRows = 4;
constexpr int kHalves = 2;  // registers of eight lanes in a strip
constexpr std::int64_t kWidth = kLanes / kHalves;

COLMODERN_INLINE __m256i load(const void* at) { return _mm256_loadu_si256(static_cast<const __m256i*>(at)); }
COLMODERN_INLINE void store(void* at, __m256i value) { _mm256_storeu_si256(static_cast<__m256i*>(at), value); }

COLMODERN_INLINE void multiply(const PackedRows& packed, std::int64_t strip, const std::uint8_t* const (&rows)[kRows],
                               __m256i (&sums)[kRows][kHalves]) {
  const std::int8_t* values = packed.values + strip * packed.dim * kLanes;
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) sums[t][h] = load(packed.starts + strip * kLanes + h * kWidth);
  }
  for (std::int64_t d = 0; d < packed.dim; d += 4, values += kLanes * 4) {
    const __m256i low = load(values);
    const __m256i high = load(values + kLanes * 2);
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) {
      std::int32_t four;
      std::memcpy(&four, rows[t] + d, sizeof four);
      const __m256i row = _mm256_set1_epi32(four);
      // Rows have 7 bits, so pairs of products fit in 16 and nothing saturates.
      const __m256i low_pairs = _mm256_maddubs_epi16(row, low);
      const __m256i high_pairs = _mm256_maddubs_epi16(row, high);
      sums[t][0] = _mm256_add_epi32(sums[t][0], _mm256_madd_epi16(low_pairs, ones));
      sums[t][1] = _mm256_add_epi32(sums[t][1], _mm256_madd_epi16(high_pairs, ones));
    }
  }
}

struct Ymm {
  COLMODERN_INLINE static std::uint32_t above(const std::int32_t* scores, std::int32_t bound) noexcept {
    const __m256i bounds = _mm256_set1_epi32(bound);
    const auto low = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(load(scores), bounds)));
    const auto high = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(load(scores + kWidth), bounds)));
    return static_cast<std::uint32_t>(low) | static_cast<std::uint32_t>(high) << kWidth;
  }
  COLMODERN_TARGET static std::int64_t keep(std::int32_t* scores, std::int64_t n, std::int32_t bound,
                                            std::int32_t* kept) noexcept {
    return keep_by_bits<Ymm>(scores, n, bound, kept);
  }
};

}  // namespace

COLMODERN_TARGET void row_scores_avx2(const PackedRows& packed, const std::uint8_t* rows, std::int64_t begin,
                                      std::int64_t end, std::int32_t* scores) noexcept {
  const std::int64_t padded = packed.strips * kLanes;
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * padded) {
    const std::uint8_t* tile[kRows];
    for (int t = 0; t < kRows; ++t) tile[t] = rows + std::min(row + t, end - 1) * packed.dim;
    for (std::int64_t strip = 0; strip < packed.strips; ++strip) {
      __m256i sums[kRows][kHalves];
      multiply(packed, strip, tile, sums);
      for (int t = 0; t < kRows && row + t < end; ++t) {
        store(scores + t * padded + strip * kLanes, sums[t][0]);
        store(scores + t * padded + strip * kLanes + kWidth, sums[t][1]);
      }
    }
  }
}

// Past the last row a tile repeats it, which a maximum does not mind.
COLMODERN_TARGET void raise_nearest_avx2(const PackedRows& packed, std::int64_t first, std::int64_t last,
                                         const std::uint8_t* rows, const std::int32_t* listed, std::int64_t n,
                                         std::int32_t* best, std::int32_t* strips) noexcept {
  for (std::int64_t i = 0; i < n; i += kRows) {
    const std::uint8_t* tile[kRows];
    std::int64_t at[kRows];
    for (int t = 0; t < kRows; ++t) {
      const std::int64_t row = listed[std::min(i + t, n - 1)];
      tile[t] = rows + row * packed.dim;
      at[t] = row * kLanes;
    }
    for (std::int64_t strip = first; strip < last; ++strip) {
      __m256i sums[kRows][kHalves];
      multiply(packed, strip, tile, sums);
      const __m256i number = _mm256_set1_epi32(static_cast<int>(strip));
#pragma GCC unroll 4
      for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 2
        for (int h = 0; h < kHalves; ++h) {
          const std::int64_t lanes = at[t] + h * kWidth;
          const __m256i greatest = load(best + lanes);
          const __m256i better = _mm256_cmpgt_epi32(sums[t][h], greatest);
          store(best + lanes, _mm256_blendv_epi8(greatest, sums[t][h], better));
          store(strips + lanes, _mm256_blendv_epi8(load(strips + lanes), number, better));
        }
      }
    }
  }
}

COLMODERN_TARGET void greatest_avx2(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places,
                                    std::int32_t* scratch) noexcept {
  select_greatest<Ymm>(scores, n, k, places, scratch);
}

}  // namespace colmodern

#endif
