// Assignment, tile by tile: one text, compiled by a file for each instruction set, which has included its strips and
// says how sixteen scores are compared with a bound.
#pragma once

#include <algorithm>

#include "assign/select.h"
#include "kernels.h"
#include "strips.h"

namespace colmodern {
namespace {

template <int Strips>
COLMODERN_INLINE void multiply(const PackedRows& packed, std::int64_t strip, const std::uint8_t* const (&rows)[kRows],
                               IntPart (&sums)[kRows][Strips][kParts]) {
  const std::int64_t stride = packed.dim * kLanes;
  begin_sums(packed.starts + strip * kLanes, sums);
  add_products(packed.values + strip * stride, stride, packed.dim / 4, ListedRows<std::uint8_t, kRows>{rows}, sums);
}

template <int Strips>
COLMODERN_INLINE void store_scores(const PackedRows& packed, std::int64_t strip,
                                   const std::uint8_t* const (&rows)[kRows], std::int64_t count, std::int32_t* scores) {
  IntPart sums[kRows][Strips][kParts];
  multiply(packed, strip, rows, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    if (t >= count) break;
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) {
        store(scores + (t * packed.strips + strip + s) * kLanes + p * kWidth, sums[t][s][p]);
      }
    }
  }
}

template <int Strips>
COLMODERN_INLINE void raise_strips(const PackedRows& packed, std::int64_t strip,
                                   const std::uint8_t* const (&rows)[kRows], const std::int64_t (&at)[kRows],
                                   std::int32_t* best, std::int32_t* strips) {
  IntPart sums[kRows][Strips][kParts];
  multiply(packed, strip, rows, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const std::int64_t lanes = at[t] + p * kWidth;
      IntPart greatest = load(best + lanes);
      IntPart numbers = load(strips + lanes);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) raise(greatest, numbers, sums[t][s][p], static_cast<int>(strip) + s);
      store(best + lanes, greatest);
      store(strips + lanes, numbers);
    }
  }
}

COLMODERN_TARGET void scores_of(const PackedRows& packed, const std::uint8_t* rows, std::int64_t begin,
                                std::int64_t end, std::int32_t* scores) noexcept {
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * packed.strips * kLanes) {
    const std::uint8_t* tile[kRows];
    for (int t = 0; t < kRows; ++t) tile[t] = rows + std::min(row + t, end - 1) * packed.dim;
    std::int64_t strip = 0;
    for (; strip + kStrips <= packed.strips; strip += kStrips) {
      store_scores<kStrips>(packed, strip, tile, end - row, scores);
    }
    if (strip < packed.strips) store_scores<1>(packed, strip, tile, end - row, scores);
  }
}

// Past the last row a tile repeats it, which a maximum does not mind.
COLMODERN_TARGET void nearest_of(const PackedRows& packed, std::int64_t first, std::int64_t last,
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
    std::int64_t strip = first;
    for (; strip + kStrips <= last; strip += kStrips) {
      raise_strips<kStrips>(packed, strip, tile, at, best, strips);
    }
    if (strip < last) raise_strips<1>(packed, strip, tile, at, best, strips);
  }
}

}  // namespace

#define COLMODERN_DEFINE_ASSIGNMENT(isa, lanes)                                                                    \
  COLMODERN_TARGET void row_scores_##isa(const PackedRows& packed, const std::uint8_t* rows, std::int64_t begin,   \
                                         std::int64_t end, std::int32_t* scores) noexcept {                        \
    scores_of(packed, rows, begin, end, scores);                                                                   \
  }                                                                                                                \
  COLMODERN_TARGET void raise_nearest_##isa(const PackedRows& packed, std::int64_t first, std::int64_t last,       \
                                            const std::uint8_t* rows, const std::int32_t* listed, std::int64_t n,  \
                                            std::int32_t* best, std::int32_t* strips) noexcept {                   \
    nearest_of(packed, first, last, rows, listed, n, best, strips);                                                \
  }                                                                                                                \
  COLMODERN_TARGET void greatest_##isa(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places, \
                                       std::int32_t* scratch) noexcept {                                           \
    select_greatest<lanes>(scores, n, k, places, scratch);                                                         \
  }

}  // namespace colmodern
