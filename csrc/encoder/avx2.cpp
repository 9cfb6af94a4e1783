// The forward pass with AVX2 and FMA: float32, and bytes by products of 16 bits.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <cmath>
#include <cstring>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx2.h"

#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/conversion.h"
#include "encoder/linear.h"
#include "encoder/rows.h"

namespace colmodern::encoder {
namespace {

// Even and odd bytes apart, so that no sum of two products saturates.
struct ByteOp {
  static constexpr int kStep = 4;
  static constexpr int kVectors = 1;
  struct Weights {
    Units even, odd;
  };
  struct Spread {
    __m256i even, odd;
  };
  using Sum = Units;
  COLMODERN_INLINE static Sum zero() { return fill_units(0); }
  COLMODERN_INLINE static __m256i even_of(__m256i bytes) { return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8); }
  COLMODERN_INLINE static Weights weights(const std::uint32_t* from) {
    const Units bytes = load_units(from);
    return {{even_of(bytes.a), even_of(bytes.b)}, {_mm256_srai_epi16(bytes.a, 8), _mm256_srai_epi16(bytes.b, 8)}};
  }
  COLMODERN_INLINE static Spread spread(std::uint32_t unit) {
    return {_mm256_set1_epi32(static_cast<int>(unit & 0x00ff00ffU)),
            _mm256_set1_epi32(static_cast<int>(unit >> 8 & 0x00ff00ffU))};
  }
  COLMODERN_INLINE static void add(Sum& sum, Weights lanes, Spread value) {
    sum.a = _mm256_add_epi32(sum.a, _mm256_add_epi32(_mm256_madd_epi16(lanes.even.a, value.even),
                                                     _mm256_madd_epi16(lanes.odd.a, value.odd)));
    sum.b = _mm256_add_epi32(sum.b, _mm256_add_epi32(_mm256_madd_epi16(lanes.even.b, value.even),
                                                     _mm256_madd_epi16(lanes.odd.b, value.odd)));
  }
  COLMODERN_INLINE static Floats finish(const PackedLinear& linear, std::int64_t column, Sum sum, const float* scales,
                                        int row) {
    const Floats whole{_mm256_cvtepi32_ps(sum.a), _mm256_cvtepi32_ps(sum.b)};
    return multiply_add(whole * fill(scales[2 * row]), load(linear.scales + column),
                        fill(scales[2 * row + 1]) * load(linear.sums + column));
  }
};

using Single = SingleOp<1>;

}  // namespace

const RowKernels kRows_avx2{widen, norm, gated<gelu_of>, gated<rough_gelu_of>, gelu, normalise};
const LinearKernels kSingle_avx2 = linear_of<Single>(convert_rows<Single>);
const LinearKernels kBytes_avx2 = linear_of<ByteOp>(convert_to_bytes, spread);
const AttentionKernels kSingleAttention_avx2 = attention_of<Single>();
// Products of 16 bits, four for one of bytes, are no faster than those of floats.
const AttentionKernels kByteAttention_avx2 = kSingleAttention_avx2;

}  // namespace colmodern::encoder

#endif
