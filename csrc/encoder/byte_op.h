// Products of bytes with AVX-512 VNNI. Included once, by a file that has included byte_attention.h.
#include "vnni.h"

namespace colmodern::encoder {
namespace {

struct ByteOp {
  static constexpr int kStep = 4;
  static constexpr int kVectors = 4;
  using Sum = Units;
  using Weights = Units;
  using Spread = Units;
  COLMODERN_INLINE static Weights weights(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static Spread spread(std::uint32_t unit) { return fill_units(unit); }
  COLMODERN_INLINE static void add(Sum& sum, Weights lanes, Spread value) {
    sum.v = add_products(sum.v, value.v, lanes.v);
  }
  COLMODERN_INLINE static Floats finish(const PackedLinear& linear, std::int64_t column, Sum sum, const float* scales,
                                        int row) {
    return finished_bytes(linear, column, floats(sum), scales, row);
  }

  // Sums of weighted values as the bits of a float near kRounder, so that growing by whole octaves is adding to them.
  struct Growth {
    __m512i exponents;
    Floats offset;
  };
  COLMODERN_INLINE static Sum start_mix(const std::uint32_t*, std::int64_t, std::int64_t) {
    return units_of(fill(kRounder));
  }
  COLMODERN_INLINE static Growth growth(Floats octaves) {
    const __m512i exponents = _mm512_slli_epi32(_mm512_cvtps_epi32(octaves.v), 23);
    return {exponents, {_mm512_castsi512_ps(_mm512_add_epi32(exponents, units_of(fill(kRounder)).v))}};
  }
  COLMODERN_INLINE static Floats grown(Sum sum, const Growth& growth) {
    return Floats{_mm512_castsi512_ps(_mm512_add_epi32(sum.v, growth.exponents))} - growth.offset;
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

}  // namespace
}  // namespace colmodern::encoder
