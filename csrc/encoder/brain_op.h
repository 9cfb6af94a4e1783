// Products of bfloat16 with AVX-512 BF16, summed in float32. Included once, by a file that has included
// lanes_avx512.h and exponential.h.

namespace colmodern::encoder {
namespace {

struct BrainOp {
  static constexpr int kVectors = 4;
  static constexpr int kStep = 2;
  static constexpr int kDegree = 3;
  using Sum = Floats;
  using Weights = Units;
  using Spread = Units;
  COLMODERN_INLINE static Sum zero() { return fill(0.0F); }
  COLMODERN_INLINE static Weights weights(const std::uint32_t* from) { return load_units(from); }
  COLMODERN_INLINE static Spread spread(std::uint32_t unit) { return fill_units(unit); }
  COLMODERN_INLINE static void add(Sum& sum, Weights lanes, Spread value) {
    sum.v = _mm512_dpbf16_ps(sum.v, reinterpret_cast<__m512bh>(lanes.v), reinterpret_cast<__m512bh>(value.v));
  }
  COLMODERN_INLINE static Floats finish(const PackedLinear&, std::int64_t, Sum sum, const float*, int) { return sum; }
  COLMODERN_INLINE static Units pair(Floats low, Floats high) { return paired(low, high); }
  COLMODERN_INLINE static void store_row(std::uint32_t* to, const float* row, std::int64_t width) {
    for (std::int64_t j = 0; j < width; j += 2 * kLanes) {
      const __m512bh both = _mm512_cvtne2ps_pbh(load(row + j + kLanes).v, load(row + j).v);
      _mm512_storeu_si512(to + j / 2, reinterpret_cast<__m512i>(both));
    }
  }
};

COLMODERN_TARGET void convert_to_brain(float* rows, std::int64_t stride, std::int64_t n, std::int64_t width,
                                       const Operand& out) noexcept {
  for (std::int64_t i = 0; i < n; ++i) {
    const float* row = rows + i * stride;
    std::uint32_t* to = out.units + i * out.stride;
    const std::int64_t whole = width / (2 * kLanes) * (2 * kLanes);
    BrainOp::store_row(to, row, whole);
    if (whole < width) {
      const __m256bh last = _mm512_cvtneps_pbh(load(row + whole).v);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + whole / 2), reinterpret_cast<__m256i>(last));
    }
  }
}

}  // namespace
}  // namespace colmodern::encoder
