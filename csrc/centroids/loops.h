// A query against centroids, tile by tile: one text, compiled by a file for each instruction set, which has included
// its strips and says
//   Tile<Rows>        Rows rows of centroids, the last one repeated past the end: its rows, where sums of a strip begin
//   rounded           sums of a strip in whole steps, cut off at 16 bits, a NaN as the lowest
//   Line, kLines      a register of 16-bit lanes, how many at once
//   add_weights       adds the weights of a register's lanes
//   greater, lesser   of two registers, lane by lane
//   any_reaches       whether a register has a lane that is no less than the same lane of another
//   kFewRows, kAhead  the rows of a smaller tile; how many ids ahead a row is fetched, or 0
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>

#include "centroids/weight.h"
#include "kernels.h"
#include "lanes.h"
#include "strips.h"

namespace colmodern {
namespace {

constexpr std::int64_t kLineLanes = 2 * kWidth;

// A strip of numbers of 16 bits: those of query tokens, and the lowest one where there are none.
struct Padding {
  SignedShorts is_query;

  COLMODERN_INLINE explicit Padding(std::int64_t n) {
    const SignedShorts lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    is_query = lanes < static_cast<std::int16_t>(std::min(n, kLanes));
  }
  COLMODERN_INLINE void store_padded(std::int16_t* to, const SignedShorts& row) const {
    const SignedShorts lowest = SignedShorts{} + std::numeric_limits<std::int16_t>::min();
    const SignedShorts padded = is_query ? row : lowest;
    std::memcpy(to, &padded, sizeof padded);
  }
};

template <int Rows, int Strips>
COLMODERN_INLINE void fill_strips(const PackedQuery& query, std::int64_t strip, const Tile<Rows>& tile,
                                  const float* steps, std::int64_t n, std::int16_t* rows, std::int64_t stride) {
  const std::int64_t strip_bytes = query.groups_a_plane * kLanes * 4;
  IntPart sums[Rows][Strips][kParts];
  tile.begin(query.start + strip * kLanes, sums);
  add_products(query.packed + strip * strip_bytes, strip_bytes, query.groups_a_plane, tile.rows(), sums);
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) {
    const std::int64_t first = (strip + s) * kLanes;
    const Padding padding(query.count - first);
    FloatPart scales[kParts];
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) scales[p] = load(query.scales + first + p * kWidth);
#pragma GCC unroll 8
    for (int t = 0; t < Rows; ++t) {
      if (t >= n) break;
      FloatPart scaled[kParts];
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) scaled[p] = times(times(floats_of(sums[t][s][p]), scales[p]), fill(steps[t]));
      padding.store_padded(rows + t * stride + first, rounded(scaled));
    }
  }
}

// Rows first .. first + n - 1, at most a tile.
template <int Rows>
COLMODERN_INLINE void fill_tile(const PackedQuery& query, const std::int8_t* centroids, const float* steps,
                                std::int64_t first, std::int64_t n, std::int16_t* rows, std::int64_t stride) {
  const std::int64_t strips = round_up(query.count, kLanes) / kLanes;
  const Tile<Rows> tile(centroids, query.dim, first, first + n);
  steps += first;
  rows += first * stride;
  std::int64_t strip = 0;
  for (; strip + kStrips <= strips; strip += kStrips) {
    fill_strips<Rows, kStrips>(query, strip, tile, steps, n, rows, stride);
  }
  if (strip < strips) fill_strips<Rows, 1>(query, strip, tile, steps, n, rows, stride);
  if (strips * kLanes == stride) return;
  for (std::int64_t t = 0; t < n; ++t) Padding(0).store_padded(rows + t * stride + strips * kLanes, SignedShorts{});
}

// A few rows, as the contexts of a short document are, take a smaller tile.
COLMODERN_TARGET void products_of(const PackedQuery& query, const std::int8_t* centroids, const float* steps,
                                  std::int64_t begin, std::int64_t end, std::int16_t* rows,
                                  std::int64_t stride) noexcept {
  for (std::int64_t i = begin; i < end; i += kRows) {
    const std::int64_t n = std::min<std::int64_t>(kRows, end - i);
    if (n > kFewRows) {
      fill_tile<kRows>(query, centroids, steps, i, n, rows, stride);
    } else {
      fill_tile<kFewRows>(query, centroids, steps, i, n, rows, stride);
    }
  }
}

COLMODERN_TARGET void sums_of(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                              std::int64_t begin, std::int64_t end, float* sums) noexcept {
  for (std::int64_t lane = 0; lane < table.stride; lane += kLines * kLineLanes) {
    Line shifts[kLines];
    FloatPart lanes[kLines][2];
#pragma GCC unroll 4
    for (int line = 0; line < kLines; ++line) {
      shifts[line] = load_line(context + lane + line * kLineLanes);
      lanes[line][0] = load(sums + lane + line * kLineLanes);
      lanes[line][1] = load(sums + lane + line * kLineLanes + kWidth);
    }
    for (std::int64_t i = begin; i < end; ++i) {
      if (kAhead > 0 && i + kAhead < end) __builtin_prefetch(table.row(ids[i + kAhead]) + lane);
      const std::int16_t* row = table.row(ids[i]) + lane;
#pragma GCC unroll 4
      for (int line = 0; line < kLines; ++line) {
        add_weights(add_saturated(load_line(row + line * kLineLanes), shifts[line]), lanes[line]);
      }
    }
#pragma GCC unroll 4
    for (int line = 0; line < kLines; ++line) {
      store(sums + lane + line * kLineLanes, lanes[line][0]);
      store(sums + lane + line * kLineLanes + kWidth, lanes[line][1]);
    }
  }
}

// Lets numbers into the greatest ones there are, which stay in falling order.
COLMODERN_INLINE void let_in(Line numbers, std::int64_t n, std::int64_t stride, std::int16_t* greatest) {
  if (!any_reaches(numbers, load_line(greatest + (n - 1) * stride))) return;
  for (std::int64_t i = 0; i < n; ++i) {
    const Line before = load_line(greatest + i * stride);
    store_line(greatest + i * stride, greater(before, numbers));
    numbers = lesser(before, numbers);
  }
}

COLMODERN_TARGET void maxima_of_groups(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                                       std::int64_t begin, std::int64_t end, std::int16_t* maxima,
                                       std::int64_t n_greatest, std::int16_t* greatest) noexcept {
  for (; begin < end; begin += kGroupTokens, maxima += table.stride) {
    const std::int64_t stop = std::min(begin + kGroupTokens, end);
    if (kAhead > 0) {
      for (std::int64_t i = stop; i < std::min(stop + kGroupTokens, end); ++i) __builtin_prefetch(table.row(ids[i]));
    }
    for (std::int64_t lane = 0; lane < table.stride; lane += kLineLanes) {
      const Line shift = load_line(context + lane);
      Line best = add_saturated(load_line(table.row(ids[begin]) + lane), shift);
      for (std::int64_t i = begin + 1; i < stop; ++i) {
        best = greater(best, add_saturated(load_line(table.row(ids[i]) + lane), shift));
      }
      store_line(maxima + lane, best);
      let_in(best, n_greatest, table.stride, greatest + lane);
    }
  }
}

COLMODERN_INLINE bool any_from(const std::int16_t* row, const std::int16_t* floors, std::int64_t stride) {
  bool found = false;
  for (std::int64_t lane = 0; lane < stride; lane += kLineLanes) {
    found |= any_reaches(load_line(row + lane), load_line(floors + lane));
  }
  return found;
}

COLMODERN_TARGET std::int64_t rows_of_groups(const CentroidRows& table, const std::int16_t* context,
                                             const CentroidIds& ids, std::int64_t begin, std::int64_t end,
                                             const std::int16_t* maxima, const std::int16_t* floors,
                                             std::int32_t* places, std::int16_t* rows) noexcept {
  std::int64_t n = 0;
  for (std::int64_t first = begin; first < end; first += kGroupTokens, maxima += table.stride) {
    if (!any_from(maxima, floors, table.stride)) continue;
    for (std::int64_t i = first; i < std::min(first + kGroupTokens, end); ++i) {
      const std::int16_t* row = table.row(ids[i]);
      for (std::int64_t lane = 0; lane < table.stride; lane += kLineLanes) {
        store_line(rows + lane, add_saturated(load_line(row + lane), load_line(context + lane)));
      }
      if (!any_from(rows, floors, table.stride)) continue;
      places[n++] = static_cast<std::int32_t>(i - begin);
      rows += table.stride;
    }
  }
  return n;
}

}  // namespace

#define COLMODERN_DEFINE_CENTROIDS(isa)                                                                       \
  COLMODERN_TARGET void centroid_products_##isa(const PackedQuery& query, const std::int8_t* centroids,       \
                                                const float* steps, std::int64_t begin, std::int64_t end,     \
                                                std::int16_t* rows, std::int64_t stride) noexcept {           \
    products_of(query, centroids, steps, begin, end, rows, stride);                                           \
  }                                                                                                           \
  COLMODERN_TARGET void centroid_sums_##isa(const CentroidRows& table, const std::int16_t* context,           \
                                            const CentroidIds& ids, std::int64_t begin, std::int64_t end,     \
                                            float* sums) noexcept {                                           \
    sums_of(table, context, ids, begin, end, sums);                                                           \
  }                                                                                                           \
  COLMODERN_TARGET void group_maxima_##isa(                                                                   \
      const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids, std::int64_t begin,     \
      std::int64_t end, std::int16_t* maxima, std::int64_t n_greatest, std::int16_t* greatest) noexcept {     \
    maxima_of_groups(table, context, ids, begin, end, maxima, n_greatest, greatest);                          \
  }                                                                                                           \
  COLMODERN_TARGET std::int64_t rows_from_##isa(const CentroidRows& table, const std::int16_t* context,       \
                                                const CentroidIds& ids, std::int64_t begin, std::int64_t end, \
                                                const std::int16_t* maxima, const std::int16_t* floors,       \
                                                std::int32_t* places, std::int16_t* rows) noexcept {          \
    return rows_of_groups(table, context, ids, begin, end, maxima, floors, places, rows);                     \
  }

}  // namespace colmodern
