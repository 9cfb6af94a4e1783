// Centroids with AVX-VNNI: AVX2, but for the products of bytes.
#define COLMODERN_VNNI_STRIPS
#include "strips_avx2.h"

#if COLMODERN_X86

#include <algorithm>
#include <cstring>

#include "centroids/lines_avx2.h"
#include "strips.h"

namespace colmodern {
namespace {

// Rows of centroids as unsigned bytes.
template <int Rows>
struct Tile {
  alignas(32) std::uint8_t bytes[Rows * kMaxDim];
  std::int64_t dim;

  COLMODERN_INLINE Tile(const std::int8_t* centroids, std::int64_t dim, std::int64_t first, std::int64_t end)
      : dim(dim) {
    for (int t = 0; t < Rows; ++t) {
      const std::int8_t* row = centroids + std::min(first + t, end - 1) * dim;
      std::transform(row, row + dim, bytes + t * dim,
                     [](std::int8_t value) { return static_cast<std::uint8_t>(value ^ 0x80); });
    }
  }
  COLMODERN_INLINE EvenRows<std::uint8_t> rows() const { return {bytes, dim}; }
  template <int Strips>
  COLMODERN_INLINE void begin(const std::int32_t* starts, IntPart (&sums)[Rows][Strips][kParts]) const {
    begin_sums(starts, sums);
  }
};

}  // namespace
}  // namespace colmodern

#include "centroids/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CENTROIDS(avxvnni)

}  // namespace colmodern

#endif
