// Products of the rows of a tile with strips of sixteen lanes where a number of a row is spread over a register: one
// text, included by what says what the registers are.
#pragma once

#include <cstring>
#include <type_traits>

namespace colmodern {
namespace {

// values: [strip][dim][16], `stride` numbers a strip; rows[t]: (dim,).
template <int Strips, class Rows>
COLMODERN_INLINE void add_products(const float* values, std::int64_t stride, std::int64_t dim, const Rows& rows,
                                   FloatPart (&sums)[kRows][Strips][kParts]) {
  for (std::int64_t d = 0; d < dim; ++d, values += kLanes) {
    FloatPart lanes[Strips][kParts];
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 2
      for (int p = 0; p < kParts; ++p) lanes[s][p] = load(values + s * stride + p * kWidth);
    }
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const FloatPart value = fill(rows[t][d]);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 2
        for (int p = 0; p < kParts; ++p) sums[t][s][p] = multiply_add(lanes[s][p], value, sums[t][s][p]);
      }
    }
  }
}

// values: [strip][group][16][4], `stride` bytes a strip; rows[t]: (4 * groups,).
template <int Rows, int Strips, class RowBytes>
COLMODERN_INLINE void add_products(const std::int8_t* values, std::int64_t stride, std::int64_t groups,
                                   const RowBytes& rows, IntPart (&sums)[Rows][Strips][kParts]) {
  using Byte = std::remove_cvref_t<decltype(*rows[0])>;
  RowBytes four_of = rows;
  for (std::int64_t group = 0; group < groups; ++group, four_of.advance(4), values += kLanes * 4) {
    IntPart lanes[Strips][kParts];
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 2
      for (int p = 0; p < kParts; ++p) lanes[s][p] = load(values + s * stride + p * kWidth * 4);
    }
#pragma GCC unroll 8
    for (int t = 0; t < Rows; ++t) {
      std::int32_t four;
      std::memcpy(&four, four_of[t], sizeof four);
      const IntPart row = fill(four);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 2
        for (int p = 0; p < kParts; ++p) {
          sums[t][s][p] = add_byte_products(sums[t][s][p], row, lanes[s][p], Byte{});
        }
      }
    }
  }
}

}  // namespace
}  // namespace colmodern
