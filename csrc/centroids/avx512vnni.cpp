// Centroids with AVX-512 VNNI.
#include "strips_avx512.h"

#if COLMODERN_X86

#include "centroids/weight.h"
#include "lanes.h"
#include "strips.h"

namespace colmodern {
namespace {

using Line = __m512i;
constexpr int kLines = 1;
constexpr int kFewRows = 2;
constexpr std::int64_t kAhead = 12;

// Rows of centroids as unsigned bytes.
template <int Rows>
struct Tile {
  alignas(64) std::uint8_t bytes[Rows * kMaxDim];
  std::int64_t dim;

  COLMODERN_INLINE Tile(const std::int8_t* centroids, std::int64_t dim, std::int64_t first, std::int64_t end)
      : dim(dim) {
    constexpr std::int64_t kLine = 64;
    const __m512i offset = _mm512_set1_epi8(static_cast<char>(0x80));
    for (int t = 0; t < Rows; ++t) {
      const std::int8_t* row = centroids + std::min(first + t, end - 1) * dim;
      for (std::int64_t d = 0; d < dim; d += kLine) {
        const std::int64_t left = dim - d;
        const __mmask64 lanes = left >= kLine ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
        const __m512i signs = _mm512_maskz_loadu_epi8(lanes, row + d);
        _mm512_mask_storeu_epi8(bytes + t * dim + d, lanes, _mm512_xor_si512(signs, offset));
      }
    }
  }
  COLMODERN_INLINE EvenRows<std::uint8_t> rows() const { return {bytes, dim}; }
  template <int Strips>
  COLMODERN_INLINE void begin(const std::int32_t* starts, IntPart (&sums)[Rows][Strips][kParts]) const {
    begin_sums(starts, sums);
  }
};

// What lies above 16 bits is cut off while it is a float; what lies below, or is NaN, is by the conversions.
COLMODERN_INLINE SignedShorts rounded(const FloatPart (&scaled)[kParts]) {
  const __m512 cut = _mm512_min_ps(_mm512_set1_ps(32767.0F), scaled[0]);
  return reinterpret_cast<SignedShorts>(_mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(cut)));
}

COLMODERN_INLINE Line load_line(const std::int16_t* from) { return _mm512_loadu_si512(from); }
COLMODERN_INLINE Line add_saturated(Line x, Line y) { return _mm512_adds_epi16(x, y); }

COLMODERN_INLINE void store_line(std::int16_t* to, Line line) { _mm512_storeu_si512(to, line); }
COLMODERN_INLINE Line greater(Line x, Line y) { return _mm512_max_epi16(x, y); }
COLMODERN_INLINE Line lesser(Line x, Line y) { return _mm512_min_epi16(x, y); }
COLMODERN_INLINE bool any_reaches(Line x, Line y) { return _mm512_cmpge_epi16_mask(x, y) != 0; }

COLMODERN_INLINE void add_weights(Line row, FloatPart (&sums)[2]) {
  const __m512i products = _mm512_mulhi_epi16(row, _mm512_set1_epi16(kWeightSlope));
  const __m512i halves = _mm512_add_epi16(products, _mm512_set1_epi16(kWeightStart));
  const __m512i low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(halves));
  const __m512i high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(halves, 1));
  sums[0] = plus(sums[0], _mm512_castsi512_ps(_mm512_slli_epi32(low, 16)));
  sums[1] = plus(sums[1], _mm512_castsi512_ps(_mm512_slli_epi32(high, 16)));
}

}  // namespace
}  // namespace colmodern

#include "centroids/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CENTROIDS(avx512vnni)

}  // namespace colmodern

#endif
