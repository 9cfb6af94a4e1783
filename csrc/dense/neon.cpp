// The dense kernels with NEON: four rows against one strip of sixteen, all sums in registers.
#include "kernels.h"

#if COLMODERN_ARM

#include <arm_neon.h>

#include <algorithm>
#include <limits>

#define COLMODERN_INLINE inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kRows = 4;
constexpr int kQuarters = 4;  // registers of four lanes in a strip
constexpr std::int64_t kWidth = kLanes / kQuarters;
constexpr std::int64_t kPanel = 128;

struct Tile {
  const float* rows[kRows];
  std::int64_t count;
};

using Sums = float32x4_t[kRows][kQuarters];

// Past the last row the tile repeats it: a maximum does not mind, and scores are not stored.
COLMODERN_INLINE Tile tile_at(const float* rows, std::int64_t dim, std::int64_t row, std::int64_t end) {
  Tile tile;
  tile.count = std::min<std::int64_t>(kRows, end - row);
  for (int t = 0; t < kRows; ++t) tile.rows[t] = rows + std::min(row + t, end - 1) * dim;
  return tile;
}

// Adds the products of one dimension, which lies in the given place of the rows' registers.
template <int Place>
COLMODERN_INLINE void add_dimension(const float* values, const float32x4_t (&rows)[kRows], Sums& sums) {
  float32x4_t lanes[kQuarters];
#pragma GCC unroll 4
  for (int part = 0; part < kQuarters; ++part) lanes[part] = vld1q_f32(values + part * kWidth);
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int part = 0; part < kQuarters; ++part) {
      sums[t][part] = vfmaq_laneq_f32(sums[t][part], lanes[part], rows[t], Place);
    }
  }
}

COLMODERN_INLINE void multiply(const PackedVectors& packed, std::int64_t strip, const Tile& tile, Sums& sums) {
  const float* values = packed.values + strip * packed.dim * kLanes;
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int part = 0; part < kQuarters; ++part) {
      sums[t][part] = vld1q_f32(packed.start + strip * kLanes + part * kWidth);
    }
  }
  float32x4_t rows[kRows];
  std::int64_t d = 0;
  for (; d + 4 <= packed.dim; d += 4, values += 4 * kLanes) {
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) rows[t] = vld1q_f32(tile.rows[t] + d);
    add_dimension<0>(values, rows, sums);
    add_dimension<1>(values + kLanes, rows, sums);
    add_dimension<2>(values + 2 * kLanes, rows, sums);
    add_dimension<3>(values + 3 * kLanes, rows, sums);
  }
  for (; d < packed.dim; ++d, values += kLanes) {
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) rows[t] = vdupq_n_f32(tile.rows[t][d]);
    add_dimension<0>(values, rows, sums);
  }
}

// Not vmaxq_f32: a NaN never wins, and of two zeros the earlier one stays.
COLMODERN_INLINE float32x4_t greater(float32x4_t x, float32x4_t best) { return vbslq_f32(vcgtq_f32(x, best), x, best); }

// The best product of each row so far, a lane for each place in a strip.
struct Panel {
  alignas(16) float best[kPanel][kLanes];
  alignas(16) std::int32_t strips[kPanel][kLanes];
};

COLMODERN_INLINE void raise_nearest(const PackedVectors& packed, std::int64_t strip, const Tile& tile,
                                    std::int64_t first_row, Panel& panel) {
  Sums sums;
  multiply(packed, strip, tile, sums);
  const int32x4_t strip_number = vdupq_n_s32(static_cast<std::int32_t>(strip));
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int part = 0; part < kQuarters; ++part) {
      float* best_at = panel.best[first_row + t] + part * kWidth;
      std::int32_t* strips_at = panel.strips[first_row + t] + part * kWidth;
      const float32x4_t best = vld1q_f32(best_at);
      const uint32x4_t better = vcgtq_f32(sums[t][part], best);
      vst1q_f32(best_at, vbslq_f32(better, sums[t][part], best));
      vst1q_s32(strips_at, vbslq_s32(better, strip_number, vld1q_s32(strips_at)));
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
void nearest_in_panel(const PackedVectors& packed, const float* rows, std::int64_t row, std::int64_t end,
                      std::uint32_t* nearest) noexcept {
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

void dense_scores_neon(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                       float* scores) noexcept {
  alignas(16) float products[kLanes];
  Sums sums;
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * packed.count) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    for (std::int64_t first = 0; first < packed.count; first += kLanes) {
      multiply(packed, first / kLanes, tile, sums);
#pragma GCC unroll 4
      for (int t = 0; t < kRows; ++t) {
        if (t >= tile.count) break;
#pragma GCC unroll 4
        for (int part = 0; part < kQuarters; ++part) vst1q_f32(products + part * kWidth, sums[t][part]);
        std::copy_n(products, std::min(kLanes, packed.count - first), scores + t * packed.count + first);
      }
    }
  }
}

void dense_maxima_neon(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                       float* best) noexcept {
  Sums sums;
  std::fill_n(best, round_up(packed.count, kLanes), -std::numeric_limits<float>::infinity());
  for (std::int64_t row = begin; row < end; row += kRows) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    for (std::int64_t first = 0; first < packed.count; first += kLanes) {
      multiply(packed, first / kLanes, tile, sums);
#pragma GCC unroll 4
      for (int part = 0; part < kQuarters; ++part) {
        float* at = best + first + part * kWidth;
        float32x4_t greatest = vld1q_f32(at);
#pragma GCC unroll 4
        for (int t = 0; t < kRows; ++t) greatest = greater(sums[t][part], greatest);
        vst1q_f32(at, greatest);
      }
    }
  }
}

void dense_nearest_neon(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                        std::uint32_t* nearest) noexcept {
  for (std::int64_t row = begin; row < end; row += kPanel, nearest += kPanel) {
    nearest_in_panel(packed, rows, row, std::min(end, row + kPanel), nearest);
  }
}

}  // namespace colmodern

#endif
