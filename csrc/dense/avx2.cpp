// The dense kernels with AVX2 and FMA: four rows against one strip of sixteen, all sums in registers.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <limits>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kRows = 4;
constexpr int kHalves = 2;  // registers of eight lanes in a strip
constexpr std::int64_t kWidth = kLanes / kHalves;
constexpr std::int64_t kPanel = 128;

struct Tile {
  const float* rows[kRows];
  std::int64_t count;
};

// Past the last row the tile repeats it: a maximum does not mind, and scores are not stored.
COLMODERN_INLINE Tile tile_at(const float* rows, std::int64_t dim, std::int64_t row, std::int64_t end) {
  Tile tile;
  tile.count = std::min<std::int64_t>(kRows, end - row);
  for (int t = 0; t < kRows; ++t) tile.rows[t] = rows + std::min(row + t, end - 1) * dim;
  return tile;
}

COLMODERN_INLINE void multiply(const PackedVectors& packed, std::int64_t strip, const Tile& tile,
                               __m256 (&sums)[kRows][kHalves]) {
  const float* values = packed.values + strip * packed.dim * kLanes;
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) sums[t][h] = _mm256_loadu_ps(packed.start + strip * kLanes + h * kWidth);
  }
  for (std::int64_t d = 0; d < packed.dim; ++d, values += kLanes) {
    const __m256 low = _mm256_loadu_ps(values);
    const __m256 high = _mm256_loadu_ps(values + kWidth);
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) {
      const __m256 value = _mm256_set1_ps(tile.rows[t][d]);
      sums[t][0] = _mm256_fmadd_ps(low, value, sums[t][0]);
      sums[t][1] = _mm256_fmadd_ps(high, value, sums[t][1]);
    }
  }
}

// The best product of each row so far, a lane for each place in a strip.
struct Panel {
  alignas(32) float best[kPanel][kLanes];
  alignas(32) std::int32_t strips[kPanel][kLanes];
};

COLMODERN_INLINE void raise_nearest(const PackedVectors& packed, std::int64_t strip, const Tile& tile,
                                    std::int64_t first_row, Panel& panel) {
  __m256 sums[kRows][kHalves];
  multiply(packed, strip, tile, sums);
  const __m256 strip_number = _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(strip)));
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) {
      float* best_at = panel.best[first_row + t] + h * kWidth;
      auto* strips_at = reinterpret_cast<float*>(panel.strips[first_row + t] + h * kWidth);
      const __m256 best = _mm256_load_ps(best_at);
      const __m256 better = _mm256_cmp_ps(sums[t][h], best, _CMP_GT_OQ);
      _mm256_store_ps(best_at, _mm256_blendv_ps(best, sums[t][h], better));
      _mm256_store_ps(strips_at, _mm256_blendv_ps(_mm256_load_ps(strips_at), strip_number, better));
    }
  }
}

// The lowest centroid wins among equals.
std::uint32_t lowest_of_best(const float (&best)[kLanes], const std::int32_t (&strips)[kLanes]) noexcept {
  float greatest = -std::numeric_limits<float>::infinity();
  std::int64_t id = 0;
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    const std::int64_t candidate = strips[lane] * kLanes + lane;
    if (best[lane] > greatest || (best[lane] == greatest && candidate < id)) {
      greatest = best[lane];
      id = candidate;
    }
  }
  return static_cast<std::uint32_t>(id);
}

// Rows [row, end), at most a panel of them.
COLMODERN_TARGET void nearest_in_panel(const PackedVectors& packed, const float* rows, std::int64_t row,
                                       std::int64_t end, std::uint32_t* nearest) noexcept {
  Panel panel;
  for (auto& best : panel.best) std::fill_n(best, kLanes, -std::numeric_limits<float>::infinity());
  for (auto& strips : panel.strips) std::fill_n(strips, kLanes, 0);
  for (std::int64_t strip = 0; strip * kLanes < packed.count; ++strip) {
    for (std::int64_t first = 0; first < end - row; first += kRows) {
      raise_nearest(packed, strip, tile_at(rows, packed.dim, row + first, end), first, panel);
    }
  }
  for (std::int64_t i = 0; i < end - row; ++i) nearest[i] = lowest_of_best(panel.best[i], panel.strips[i]);
}

}  // namespace

COLMODERN_TARGET void dense_scores_avx2(const PackedVectors& packed, const float* rows, std::int64_t begin,
                                        std::int64_t end, float* scores) noexcept {
  alignas(32) float products[kLanes];
  __m256 sums[kRows][kHalves];
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * packed.count) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    for (std::int64_t first = 0; first < packed.count; first += kLanes) {
      multiply(packed, first / kLanes, tile, sums);
#pragma GCC unroll 4
      for (int t = 0; t < kRows; ++t) {
        if (t >= tile.count) break;
        _mm256_store_ps(products, sums[t][0]);
        _mm256_store_ps(products + kWidth, sums[t][1]);
        std::copy_n(products, std::min(kLanes, packed.count - first), scores + t * packed.count + first);
      }
    }
  }
}

COLMODERN_TARGET void dense_maxima_avx2(const PackedVectors& packed, const float* rows, std::int64_t begin,
                                        std::int64_t end, float* best) noexcept {
  __m256 sums[kRows][kHalves];
  std::fill_n(best, round_up(packed.count, kLanes), -std::numeric_limits<float>::infinity());
  for (std::int64_t row = begin; row < end; row += kRows) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    for (std::int64_t first = 0; first < packed.count; first += kLanes) {
      multiply(packed, first / kLanes, tile, sums);
#pragma GCC unroll 2
      for (int h = 0; h < kHalves; ++h) {
        float* at = best + first + h * kWidth;
        __m256 greatest = _mm256_load_ps(at);
#pragma GCC unroll 4
        for (int t = 0; t < kRows; ++t) greatest = _mm256_max_ps(sums[t][h], greatest);
        _mm256_store_ps(at, greatest);
      }
    }
  }
}

COLMODERN_TARGET void dense_nearest_avx2(const PackedVectors& packed, const float* rows, std::int64_t begin,
                                         std::int64_t end, std::uint32_t* nearest) noexcept {
  for (std::int64_t row = begin; row < end; row += kPanel, nearest += kPanel) {
    nearest_in_panel(packed, rows, row, std::min(end, row + kPanel), nearest);
  }
}

}  // namespace colmodern

#endif
