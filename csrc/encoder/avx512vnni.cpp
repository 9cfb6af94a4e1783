// The forward pass with AVX-512: float32, and bytes by VNNI.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vnni.h"

#define COLMODERN_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx512.h"

#include "encoder/exponential.h"
#include "encoder/rows.h"
#include "encoder/conversion.h"
#include "encoder/linear.h"
#include "encoder/attention.h"
#include "encoder/byte_attention.h"

namespace colmodern::encoder {
namespace {

struct ByteOp {
  static constexpr int kStep = 4;
  static constexpr int kVectors = 4;
  using Sum = Units;
  using Weights = Units;
  using Spread = Units;
  COLMODERN_INLINE static Sum start(const PackedLinear& linear, std::int64_t column) {
    return {_mm512_loadu_si512(linear.starts + column)};
  }
  COLMODERN_INLINE static Weights weights(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static Spread spread(std::uint32_t unit) { return fill_units(unit); }
  COLMODERN_INLINE static void add(Sum& sum, Weights lanes, Spread value) {
    sum.v = add_products(sum.v, value.v, lanes.v);
  }
  COLMODERN_INLINE static Floats finish(const PackedLinear& linear, std::int64_t column, Sum sum, const float* scales,
                                        int row) {
    const Floats whole{_mm512_cvtepi32_ps(sum.v)};
    return whole * load(linear.scales + column) * fill(scales[row]);
  }

  using Positives = Units;
  using SignedSpread = Units;
  COLMODERN_INLINE static Sum zero() { return {_mm512_setzero_si512()}; }
  COLMODERN_INLINE static Sum negative(Sum sum) { return {_mm512_sub_epi32(_mm512_setzero_si512(), sum.v)}; }
  COLMODERN_INLINE static Sum load_sum(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static void store_sum(std::uint32_t* to, Sum sum) { store_units(to, sum); }
  COLMODERN_INLINE static Floats floats(Sum sum) { return {_mm512_cvtepi32_ps(sum.v)}; }
  COLMODERN_INLINE static Positives positives(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static SignedSpread spread_signed(std::uint32_t unit) { return fill_units(unit); }
  COLMODERN_INLINE static void add_signed(Sum& sum, Positives lanes, SignedSpread value) {
    sum.v = add_products(sum.v, lanes.v, value.v);
  }
};

using Single = SingleOp<4>;

}  // namespace

const RowKernels kRows_avx512vnni{widen, norm, gated_gelu, gelu, normalise};
const LinearKernels kSingle_avx512vnni = linear_of<Single>(convert_to_singles);
const LinearKernels kBytes_avx512vnni = linear_of<ByteOp>(convert_to_bytes);
const AttentionKernels kSingleAttention_avx512vnni = attention_of<Single>();
const AttentionKernels kByteAttention_avx512vnni = byte_attention_of<ByteOp>();

}  // namespace colmodern::encoder

#endif
