// Linear layers in bytes with AVX-VNNI: the same bytes and sums as with AVX-512, half as many at a time. All else is
// AVX2's.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <cmath>
#include <cstring>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx2.h"

#include "encoder/conversion.h"

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
  COLMODERN_INLINE static Floats finish(const PackedLinear& linear, std::int64_t column, Sum sum, const float* scales,
                                        int row) {
    return finished_bytes(linear, column, {_mm256_cvtepi32_ps(sum.a), _mm256_cvtepi32_ps(sum.b)}, scales, row);
  }
};

}  // namespace

const LinearKernels kBytes_avxvnni = linear_of<ByteOp>(convert_to_bytes, spread);

}  // namespace colmodern::encoder

#endif
