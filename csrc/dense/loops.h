// The dense kernels, tile by tile: one text, compiled by a file for each instruction set, which has included its
// strips.
#pragma once

#include <algorithm>
#include <limits>

#include "kernels.h"
#include "strips.h"

namespace colmodern {
namespace {

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

template <int Strips>
COLMODERN_INLINE void multiply(const PackedVectors& packed, std::int64_t strip, const Tile& tile,
                               FloatPart (&sums)[kRows][Strips][kParts]) {
  const std::int64_t stride = packed.dim * kLanes;
  begin_sums(packed.start + strip * kLanes, sums);
  add_products(packed.values + strip * stride, stride, packed.dim, tile.rows, sums);
}

template <int Strips>
COLMODERN_INLINE void store_scores(const PackedVectors& packed, std::int64_t strip, const Tile& tile, float* scores) {
  FloatPart sums[kRows][Strips][kParts];
  multiply(packed, strip, tile, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    if (t >= tile.count) break;
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        const std::int64_t first = (strip + s) * kLanes + p * kWidth;
        store_first(scores + t * packed.count + first, sums[t][s][p], packed.count - first);
      }
    }
  }
}

template <int Strips>
COLMODERN_INLINE void raise_maxima(const PackedVectors& packed, std::int64_t strip, const Tile& tile, float* best) {
  FloatPart sums[kRows][Strips][kParts];
  multiply(packed, strip, tile, sums);
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      float* at = best + (strip + s) * kLanes + p * kWidth;
      FloatPart greatest = load(at);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) greatest = greater(sums[t][s][p], greatest);
      store(at, greatest);
    }
  }
}

// The best product of each row so far, a lane for each place in a strip.
struct Panel {
  alignas(64) float best[kPanel][kLanes];
  alignas(64) std::int32_t strips[kPanel][kLanes];
};

template <int Strips>
COLMODERN_INLINE void raise_nearest(const PackedVectors& packed, std::int64_t strip, const Tile& tile,
                                    std::int64_t first_row, Panel& panel) {
  FloatPart sums[kRows][Strips][kParts];
  multiply(packed, strip, tile, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      float* best_at = panel.best[first_row + t] + p * kWidth;
      std::int32_t* strips_at = panel.strips[first_row + t] + p * kWidth;
      FloatPart best = load(best_at);
      IntPart strips = load(strips_at);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) raise(best, strips, sums[t][s][p], static_cast<int>(strip) + s);
      store(best_at, best);
      store(strips_at, strips);
    }
  }
}

// The lowest of the packed vectors wins among equals.
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
  const std::int64_t strips = round_up(packed.count, kLanes) / kLanes;
  for (std::int64_t strip = 0; strip < strips; strip += kStrips) {
    for (std::int64_t first = 0; first < end - row; first += kRows) {
      const Tile tile = tile_at(rows, packed.dim, row + first, end);
      if (strip + kStrips <= strips) {
        raise_nearest<kStrips>(packed, strip, tile, first, panel);
      } else {
        raise_nearest<1>(packed, strip, tile, first, panel);
      }
    }
  }
  for (std::int64_t i = 0; i < end - row; ++i) nearest[i] = lowest_of_best(panel.best[i], panel.strips[i]);
}

COLMODERN_TARGET void scores_of(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                                float* scores) noexcept {
  const std::int64_t strips = round_up(packed.count, kLanes) / kLanes;
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * packed.count) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    std::int64_t strip = 0;
    for (; strip + kStrips <= strips; strip += kStrips) store_scores<kStrips>(packed, strip, tile, scores);
    if (strip < strips) store_scores<1>(packed, strip, tile, scores);
  }
}

COLMODERN_TARGET void maxima_of(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                                float* best) noexcept {
  const std::int64_t strips = round_up(packed.count, kLanes) / kLanes;
  std::fill_n(best, strips * kLanes, -std::numeric_limits<float>::infinity());
  for (std::int64_t row = begin; row < end; row += kRows) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    std::int64_t strip = 0;
    for (; strip + kStrips <= strips; strip += kStrips) raise_maxima<kStrips>(packed, strip, tile, best);
    if (strip < strips) raise_maxima<1>(packed, strip, tile, best);
  }
}

COLMODERN_TARGET void nearest_of(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                                 std::uint32_t* nearest) noexcept {
  for (std::int64_t row = begin; row < end; row += kPanel, nearest += kPanel) {
    nearest_in_panel(packed, rows, row, std::min(end, row + kPanel), nearest);
  }
}

}  // namespace

#define COLMODERN_DEFINE_DENSE(isa)                                                                             \
  COLMODERN_TARGET void dense_scores_##isa(const PackedVectors& packed, const float* rows, std::int64_t begin,  \
                                           std::int64_t end, float* scores) noexcept {                          \
    scores_of(packed, rows, begin, end, scores);                                                                \
  }                                                                                                             \
  COLMODERN_TARGET void dense_maxima_##isa(const PackedVectors& packed, const float* rows, std::int64_t begin,  \
                                           std::int64_t end, float* best) noexcept {                            \
    maxima_of(packed, rows, begin, end, best);                                                                  \
  }                                                                                                             \
  COLMODERN_TARGET void dense_nearest_##isa(const PackedVectors& packed, const float* rows, std::int64_t begin, \
                                            std::int64_t end, std::uint32_t* nearest) noexcept {                \
    nearest_of(packed, rows, begin, end, nearest);                                                              \
  }

}  // namespace colmodern
