// MaxSim over codes, tile by tile: one text, compiled by a file for each instruction set, which has included its
// strips and says what a register of codes is and how it becomes levels:
//   kLine            its bytes
//   level_table      the table of levels, ready for look-ups
//   load_codes       a register of residual bytes, or those that are left
//   levels_of        the levels of a plane
//   store_levels     to a place that is aligned to a register
#pragma once

#include <algorithm>
#include <cstring>

#include "kernels.h"
#include "runs.h"
#include "strips.h"

namespace colmodern {
namespace {

// Tokens, ready to be multiplied: levels as [plane][token][row_bytes], planes rounded up to a line.
struct Tile {
  // A group reads past a row's last byte.
  alignas(kLine) std::uint8_t levels[kRows * kMaxDim + 8 * kLine + kLine];
  std::int64_t plane_size;
  const std::int16_t* rows[kRows];  // their centroids' scores
  alignas(32) float gains[kRows];
  alignas(32) float norms[kRows];
};

template <int Bits, int RunBytes, class Table>
COLMODERN_INLINE void unpack(const std::uint8_t* residuals, const Table& table, std::int64_t n, Tile& tile) {
  tile.plane_size = round_up(n, kLine);
  for (std::int64_t i = 0; i < n; i += kLine) {
    const auto codes = load_codes(residuals + i, n - i);
#pragma GCC unroll 8
    for (int plane = 0; plane < 8 / Bits; ++plane) {
      store_levels(tile.levels + plane * tile.plane_size + i, levels_of<Bits, RunBytes>(codes, plane, table));
    }
  }
}

// Past the last token the tile repeats it: a maximum does not mind.
template <int Bits, int RunBytes, class Table>
COLMODERN_INLINE void load_tile(const CentroidRows& table, const CodeColumns& codes, std::int64_t first,
                                std::int64_t end, const Table& levels, Tile& tile) {
  const std::int64_t n = kRows * codes.row_bytes;
  if (end - first >= kRows) {
    for (int t = 0; t < kRows; ++t) tile.rows[t] = table.row(codes.ids[first + t]);
    load_halves(codes.gains + first, tile.gains);
    load_halves(codes.norms + first, tile.norms);
    unpack<Bits, RunBytes>(codes.residuals + first * codes.row_bytes, levels, n, tile);
    return;
  }
  std::uint16_t gains[kRows];
  std::uint16_t norms[kRows];
  std::uint8_t residuals[kRows * kMaxDim / 2];
  for (int t = 0; t < kRows; ++t) {
    const std::int64_t from = std::min(first + t, end - 1);
    tile.rows[t] = table.row(codes.ids[from]);
    gains[t] = codes.gains[from];
    norms[t] = codes.norms[from];
    std::memcpy(residuals + t * codes.row_bytes, codes.residuals + from * codes.row_bytes,
                static_cast<std::size_t>(codes.row_bytes));
  }
  load_halves(gains, tile.gains);
  load_halves(norms, tile.norms);
  unpack<Bits, RunBytes>(residuals, levels, n, tile);
}

template <int Strips>
COLMODERN_INLINE void multiply(const PackedQuery& query, std::int64_t strip, const Tile& tile, std::int64_t row_bytes,
                               int planes, IntPart (&sums)[kRows][Strips][kParts]) {
  const std::int64_t plane_bytes = query.groups_a_plane * kLanes * 4;
  const std::int64_t stride = plane_bytes * planes;
  begin_sums(query.start + strip * kLanes, sums);
  for (int plane = 0; plane < planes; ++plane) {
    const EvenRows<std::uint8_t> rows{tile.levels + plane * tile.plane_size, row_bytes};
    add_products(query.packed + strip * stride + plane * plane_bytes, stride, query.groups_a_plane, rows, sums);
  }
}

template <int Strips>
COLMODERN_INLINE void raise_maxima(const PackedQuery& query, const float* steps, const std::int16_t* context,
                                   std::int64_t strip, const Tile& tile, std::int64_t row_bytes, int planes,
                                   float* best) {
  IntPart sums[kRows][Strips][kParts];
  multiply(query, strip, tile, row_bytes, planes, sums);
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      const std::int64_t first = (strip + s) * kLanes + p * kWidth;
      const FloatPart scales = load(query.scales + first);
      const FloatPart step = load(steps + first);
      const ShortPart shift = load(context + first);
      FloatPart greatest = load(best + first);
#pragma GCC unroll 8
      for (int t = 0; t < kRows; ++t) {
        const FloatPart product = times(floats_of(sums[t][s][p]), scales);
        const FloatPart centroid = times(floats_of(add_saturated(load(tile.rows[t] + first), shift)), step);
        const FloatPart sum = multiply_add(product, fill(tile.gains[t]), centroid);
        greatest = greater(times(sum, fill(tile.norms[t])), greatest);
      }
      store(best + first, greatest);
    }
  }
}

template <int Bits, int RunBytes>
COLMODERN_TARGET void maxima(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                             const CodeColumns& codes, std::int64_t begin, std::int64_t end, float* best) noexcept {
  const auto levels = level_table(codes.levels);
  const std::int64_t strips = round_up(query.count, kLanes) / kLanes;
  Tile tile;
  for (std::int64_t token = begin; token < end; token += kRows) {
    load_tile<Bits, RunBytes>(table, codes, token, end, levels, tile);
    std::int64_t strip = 0;
    for (; strip + kStrips <= strips; strip += kStrips) {
      raise_maxima<kStrips>(query, table.steps, context, strip, tile, codes.row_bytes, 8 / Bits, best);
    }
    if (strip < strips) raise_maxima<1>(query, table.steps, context, strip, tile, codes.row_bytes, 8 / Bits, best);
  }
}

template <int Bits>
COLMODERN_TARGET void maxima_by_run(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                                    const CodeColumns& codes, std::int64_t begin, std::int64_t end,
                                    float* best) noexcept {
  switch (run_bytes_of(codes.row_bytes)) {
    case 2: return maxima<Bits, 2>(query, table, context, codes, begin, end, best);
    case 4: return maxima<Bits, 4>(query, table, context, codes, begin, end, best);
    default: return maxima<Bits, 8>(query, table, context, codes, begin, end, best);
  }
}

COLMODERN_TARGET void maxima_by_bits(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                                     const CodeColumns& codes, std::int64_t begin, std::int64_t end,
                                     float* best) noexcept {
  switch (codes.bits) {
    case 1: return maxima_by_run<1>(query, table, context, codes, begin, end, best);
    case 2: return maxima_by_run<2>(query, table, context, codes, begin, end, best);
    default: return maxima<4, kMaxRunBytes>(query, table, context, codes, begin, end, best);
  }
}

}  // namespace

#define COLMODERN_DEFINE_CODE_MAXIMA(isa)                                                                            \
  COLMODERN_TARGET void code_maxima_##isa(const PackedQuery& query, const CentroidRows& table,                       \
                                          const std::int16_t* context, const CodeColumns& codes, std::int64_t begin, \
                                          std::int64_t end, float* best) noexcept {                                  \
    maxima_by_bits(query, table, context, codes, begin, end, best);                                                  \
  }

}  // namespace colmodern
