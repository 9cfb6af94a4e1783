// A tile of centroids whose bytes are multiplied with their signs, where they lie.
#pragma once

#include <algorithm>

#include "kernels.h"
#include "strips.h"

namespace colmodern {
namespace {

template <int Rows>
struct Tile {
  const std::int8_t* centroids_at[Rows];

  COLMODERN_INLINE Tile(const std::int8_t* centroids, std::int64_t dim, std::int64_t first, std::int64_t end) {
    for (int t = 0; t < Rows; ++t) centroids_at[t] = centroids + std::min(first + t, end - 1) * dim;
  }
  COLMODERN_INLINE ListedRows<std::int8_t, Rows> rows() const { return {centroids_at}; }
  // Sums begin with nothing: what `start` makes up for is the offset of unsigned bytes.
  template <int Strips>
  COLMODERN_INLINE void begin(const std::int32_t*, IntPart (&sums)[Rows][Strips][kParts]) const {
#pragma GCC unroll 4
    for (int t = 0; t < Rows; ++t) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) sums[t][0][p] = fill(0);
    }
  }
};

}  // namespace
}  // namespace colmodern
