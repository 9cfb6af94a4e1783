// The forward pass in portable C++.
#include "encoder/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#define COLMODERN_TARGET
#define COLMODERN_INLINE inline __attribute__((always_inline))

#include "encoder/lanes_scalar.h"

#include "encoder/conversion.h"
#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/byte_attention.h"
#include "encoder/linear.h"
#include "encoder/rows.h"

namespace colmodern::encoder {
namespace {

struct ByteOp {
  static constexpr int kStep = 4;
  static constexpr int kVectors = 1;
  struct Sum {
    std::int32_t v[kLanes];
  };
  using Weights = Units;
  using Spread = std::uint32_t;
  static Weights weights(const std::uint32_t* from) { return load_units(from); }
  static Spread spread(std::uint32_t unit) { return unit; }
  static void add(Sum& sum, const Weights& lanes, Spread value) {
    for (int byte = 0; byte < 4; ++byte) {
      const auto factor = static_cast<std::int32_t>(value >> 8 * byte & 0xffU);
      for (int i = 0; i < kLanes; ++i) {
        sum.v[i] += factor * static_cast<std::int8_t>(lanes.v[i] >> 8 * byte & 0xffU);
      }
    }
  }
  static Floats finish(const PackedLinear& linear, std::int64_t column, const Sum& sum, const float* scales, int row) {
    return finished_bytes(linear, column, floats(sum), scales, row);
  }

  using Growth = Floats;
  static Sum start_mix(const std::uint32_t*, std::int64_t, std::int64_t) { return {}; }
  static Growth growth(const Floats& octaves) { return times_power(fill(1.0F), octaves); }
  static Floats grown(const Sum& sum, const Growth& growth) { return floats(sum) * growth; }

  using Positives = Units;
  using SignedSpread = std::uint32_t;
  static Sum zero() { return {}; }
  static Sum negative(Sum sum) {
    for (std::int32_t& value : sum.v) value = -value;
    return sum;
  }
  static Sum load_sum(const std::uint32_t* from) { return std::bit_cast<Sum>(load_units(from)); }
  static void store_sum(std::uint32_t* to, Sum sum) { store_units(to, std::bit_cast<Units>(sum)); }
  static Floats floats(const Sum& sum) {
    Floats result;
    for (int i = 0; i < kLanes; ++i) result.v[i] = static_cast<float>(sum.v[i]);
    return result;
  }
  static Positives positives(const std::uint32_t* from) { return load_units(from); }
  static SignedSpread spread_signed(std::uint32_t unit) { return unit; }
  static void add_signed(Sum& sum, const Positives& lanes, SignedSpread value) {
    for (int byte = 0; byte < 4; ++byte) {
      const std::int32_t factor = static_cast<std::int8_t>(value >> 8 * byte & 0xffU);
      for (int i = 0; i < kLanes; ++i) sum.v[i] += factor * static_cast<std::int32_t>(lanes.v[i] >> 8 * byte & 0xffU);
    }
  }
};

using Single = SingleOp<1>;

}  // namespace

const RowKernels kRows_scalar{widen, norm, gated<gelu_of>, gated<rough_gelu_of>, gelu, normalise};
const LinearKernels kSingle_scalar = linear_of<Single>(convert_rows<Single>);
const LinearKernels kBytes_scalar = linear_of<ByteOp>(convert_to_bytes, spread);
const AttentionKernels kSingleAttention_scalar = attention_of<Single>();
const AttentionKernels kByteAttention_scalar = byte_attention_of<ByteOp>();

}  // namespace colmodern::encoder
