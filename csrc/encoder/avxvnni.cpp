// Linear layers and attention in bytes with AVX-VNNI: the same bytes and sums as with AVX-512, half as many at a time.
// All else is AVX2's.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <cmath>
#include <cstring>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx2.h"

#include "encoder/words_avx2.h"

#include "encoder/conversion.h"
#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/byte_attention.h"
#include "encoder/linear.h"
#include "vnni.h"

namespace colmodern::encoder {
namespace {

struct ByteOp {
  static constexpr int kStep = 4;
  static constexpr int kVectors = 1;
  using Sum = Units;
  using Weights = Units;
  using Spread = Units;
  COLMODERN_INLINE static Sum zero() { return fill_units(0); }
  COLMODERN_INLINE static Weights weights(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static Spread spread(std::uint32_t unit) { return fill_units(unit); }
  COLMODERN_INLINE static void add(Sum& sum, Weights lanes, Spread value) {
    sum.a = add_products(sum.a, value.a, lanes.a);
    sum.b = add_products(sum.b, value.b, lanes.b);
  }
  COLMODERN_INLINE static Floats floats(Sum sum) { return {_mm256_cvtepi32_ps(sum.a), _mm256_cvtepi32_ps(sum.b)}; }
  COLMODERN_INLINE static Floats finish(const PackedLinear& linear, std::int64_t column, Sum sum, const float* scales,
                                        int row) {
    return finished_bytes(linear, column, floats(sum), scales, row);
  }

  using Growth = Floats;
  COLMODERN_INLINE static Growth growth(Floats octaves) { return times_power(fill(1.0F), octaves); }
  COLMODERN_INLINE static Floats grown(Sum sum, Growth growth) { return floats(sum) * growth; }
  COLMODERN_INLINE static Sum start_mix(const std::uint32_t*, std::int64_t, std::int64_t) { return zero(); }

  using Positives = Units;
  using SignedSpread = Units;
  COLMODERN_INLINE static Sum negative(Sum sum) {
    return {_mm256_sub_epi32(_mm256_setzero_si256(), sum.a), _mm256_sub_epi32(_mm256_setzero_si256(), sum.b)};
  }
  COLMODERN_INLINE static Sum load_sum(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static void store_sum(std::uint32_t* to, Sum sum) { store_units(to, sum); }
  COLMODERN_INLINE static Positives positives(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static SignedSpread spread_signed(std::uint32_t unit) { return fill_units(unit); }
  COLMODERN_INLINE static void add_signed(Sum& sum, Positives lanes, SignedSpread value) {
    sum.a = add_products(sum.a, lanes.a, value.a);
    sum.b = add_products(sum.b, lanes.b, value.b);
  }
};

}  // namespace

const LinearKernels kBytes_avxvnni = linear_of<ByteOp>(convert_to_bytes, spread);
const AttentionKernels kByteAttention_avxvnni = byte_attention_of<ByteOp>();

}  // namespace colmodern::encoder

#endif
