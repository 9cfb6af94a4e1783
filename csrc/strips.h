// What all instruction sets do with strips: one text, for the files of kernels, which have included strips_avx2.h,
// strips_avx512.h or strips_neon.h.
#pragma once

#include <cstdint>

namespace colmodern {
namespace {

// Rows of bytes that lie at equal distances. In a loop one pointer moves on for all of them: a pointer a row, or an
// offset, costs registers, and the products of short rows a sixth of their time.
template <class Byte>
struct EvenRows {
  const Byte* first;
  std::int64_t stride;
  COLMODERN_INLINE const Byte* operator[](std::int64_t row) const { return first + row * stride; }
  COLMODERN_INLINE void advance(std::int64_t n) { first += n; }
};

// Rows of bytes that lie anywhere.
template <class Byte, int Rows>
struct ListedRows {
  const Byte* const (&rows)[Rows];
  std::int64_t offset = 0;
  COLMODERN_INLINE const Byte* operator[](std::int64_t row) const { return rows[row] + offset; }
  COLMODERN_INLINE void advance(std::int64_t n) { offset += n; }
};

// Sums begin with what there is for each lane of the strips, whatever the row.
template <int Rows, int Strips, class Part, class T>
COLMODERN_INLINE void begin_sums(const T* starts, Part (&sums)[Rows][Strips][kParts]) {
#pragma GCC unroll 8
  for (int t = 0; t < Rows; ++t) {
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
#pragma GCC unroll 4
      for (int p = 0; p < kParts; ++p) sums[t][s][p] = load(starts + s * kLanes + p * kWidth);
    }
  }
}

}  // namespace
}  // namespace colmodern
