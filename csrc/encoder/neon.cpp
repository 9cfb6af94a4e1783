// The forward pass with NEON: float32, and bytes by the dot product of Armv8.2.
#include "encoder/kernels.h"

#if COLMODERN_ARM

#include <cmath>
#include <cstring>

#include "dotprod.h"

#include "encoder/lanes_neon.h"

#include "encoder/conversion.h"
#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/byte_attention.h"
#include "encoder/dot_linear.h"
#include "encoder/linear.h"
#include "encoder/rows.h"

namespace colmodern::encoder {
namespace {

using Single = SingleOp<1>;

// Products of attention. The dot product has one kind of bytes on both sides. With signs, keys count from 128 down;
// without, values count from -128 up, which is taken away again from where sums start.
struct ByteOp {
  static constexpr int kStep = 4;
  static constexpr int kVectors = 1;
  using Sum = Ints;
  using Weights = Units;
  using Spread = uint32x4_t;
  COLMODERN_INLINE static Sum zero() { return ints_of(fill_units(0)); }
  COLMODERN_INLINE static Weights weights(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static Spread spread(std::uint32_t unit) { return vdupq_n_u32(unit ^ 0x80808080U); }
  COLMODERN_INLINE static int32x4_t signed_dot(int32x4_t sum, uint32x4_t lanes, uint32x4_t value) {
    return vdotq_s32(sum, vreinterpretq_s8_u32(lanes), vreinterpretq_s8_u32(value));
  }
  COLMODERN_INLINE static void add(Sum& sum, Weights lanes, Spread value) {
    sum = {signed_dot(sum.a, lanes.a, value), signed_dot(sum.b, lanes.b, value), signed_dot(sum.c, lanes.c, value),
           signed_dot(sum.d, lanes.d, value)};
  }

  using Growth = Floats;
  COLMODERN_INLINE static Growth growth(Floats octaves) { return times_power(fill(1.0F), octaves); }
  COLMODERN_INLINE static Floats grown(Sum sum, Growth growth) { return floats(sum) * growth; }

  using Positives = Units;
  using SignedSpread = uint32x4_t;
  COLMODERN_INLINE static Sum negative(Sum sum) {
    return {vnegq_s32(sum.a), vnegq_s32(sum.b), vnegq_s32(sum.c), vnegq_s32(sum.d)};
  }
  COLMODERN_INLINE static Sum load_sum(const std::uint32_t* from) { return ints_of(load_units(from)); }
  COLMODERN_INLINE static void store_sum(std::uint32_t* to, Sum sum) {
    store_units(to, {vreinterpretq_u32_s32(sum.a), vreinterpretq_u32_s32(sum.b), vreinterpretq_u32_s32(sum.c),
                     vreinterpretq_u32_s32(sum.d)});
  }
  COLMODERN_INLINE static Floats floats(Sum sum) { return encoder::floats(sum); }
  COLMODERN_INLINE static Positives positives(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static SignedSpread spread_signed(std::uint32_t unit) { return vdupq_n_u32(unit ^ 0x80808080U); }
  COLMODERN_INLINE static int32x4_t dot(int32x4_t sum, uint32x4_t lanes, uint32x4_t value) {
    return vreinterpretq_s32_u32(
        vdotq_u32(vreinterpretq_u32_s32(sum), vreinterpretq_u8_u32(lanes), vreinterpretq_u8_u32(value)));
  }
  COLMODERN_INLINE static void add_signed(Sum& sum, Positives lanes, SignedSpread value) {
    sum = {dot(sum.a, lanes.a, value), dot(sum.b, lanes.b, value), dot(sum.c, lanes.c, value),
           dot(sum.d, lanes.d, value)};
  }
  COLMODERN_INLINE static Sum start_mix(const std::uint32_t* weights, std::int64_t width, std::int64_t slots) {
    const uint32x4_t all = vdupq_n_u32(0x80808080U);
    Sum sum = zero();
    for (std::int64_t slot = 0; slot < slots; ++slot, weights += width) add_signed(sum, positives(weights), all);
    return negative(sum);
  }
};

}  // namespace

const RowKernels kRows_neon{widen, norm, gated<gelu_of>, gated<rough_gelu_of>, gelu, normalise};
const LinearKernels kSingle_neon = linear_of<Single>(convert_rows<Single>);
const LinearKernels kBytes_neon{4, kLanes, convert_to_bytes, multiply_by_dots, spread, false};
const AttentionKernels kSingleAttention_neon = attention_of<Single>();
const AttentionKernels kByteAttention_neon = byte_attention_of<ByteOp>();

}  // namespace colmodern::encoder

#endif
