// Linear layers: one text for every precision (`Op`) and instruction set, compiled by the file that includes it.
//
// A tile is six rows times a panel of columns, all sums in registers; a unit of each row is spread over a register
// and multiplied with the panel's. Sums take the inputs in their order, so they do not depend on the tile.

namespace colmodern::encoder {
namespace {

template <class Op, int Rows>
COLMODERN_INLINE void multiply_tile(const PackedLinear& linear, std::int64_t panel, const std::uint32_t* rows,
                                    std::int64_t stride, const float* scales, float* out, std::int64_t out_stride,
                                    bool add) {
  constexpr int kVectors = Op::kVectors;
  constexpr std::int64_t kPanel = kVectors * kLanes;
  const std::uint32_t* weights = linear.weights + panel * linear.units * kPanel;
  typename Op::Sum sums[Rows][kVectors];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[r][v] = Op::zero();
  }
  for (std::int64_t u = 0; u < linear.units; ++u, weights += kPanel) {
    typename Op::Weights lanes[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) lanes[v] = Op::weights(weights + v * kLanes);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const typename Op::Spread value = Op::spread(rows[r * stride + u]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) Op::add(sums[r][v], lanes[v], value);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t column = panel * kPanel + v * kLanes;
      Floats value = Op::finish(linear, column, sums[r][v], scales, r);
      if (linear.bias != nullptr) value = value + load(linear.bias + column);
      float* at = out + r * out_stride + v * kLanes;
      store(at, add ? load(at) + value : value);
    }
  }
}

template <class Op>
COLMODERN_TARGET void multiply(const PackedLinear& linear, const Operand& operand, std::int64_t n,
                               std::int64_t first_panel, std::int64_t last_panel, float* out, std::int64_t out_stride,
                               bool add) noexcept {
  constexpr std::int64_t kPanel = Op::kVectors * kLanes;
  for (std::int64_t panel = first_panel; panel < last_panel; ++panel, out += kPanel) {
    std::int64_t i = 0;
#define COLMODERN_TILE(rows)                                                                                         \
  multiply_tile<Op, rows>(linear, panel, operand.units + i * operand.stride, operand.stride, operand.scales + 2 * i, \
                          out + i * out_stride, out_stride, add)
    for (; i + 6 <= n; i += 6) COLMODERN_TILE(6);
    switch (n - i) {
      case 5: COLMODERN_TILE(5); break;
      case 4: COLMODERN_TILE(4); break;
      case 3: COLMODERN_TILE(3); break;
      case 2: COLMODERN_TILE(2); break;
      case 1: COLMODERN_TILE(1); break;
      default: break;
    }
#undef COLMODERN_TILE
  }
}

// Float32, on every instruction set.
template <int Vectors>
struct SingleOp {
  static constexpr int kVectors = Vectors;
  static constexpr int kStep = 1;
  static constexpr int kDegree = 5;
  using Sum = Floats;
  using Weights = Floats;
  using Spread = Floats;
  COLMODERN_INLINE static Sum zero() { return fill(0.0F); }
  COLMODERN_INLINE static Weights weights(const std::uint32_t* from) { return floats_of(load_units(from)); }
  COLMODERN_INLINE static Spread spread(std::uint32_t unit) { return floats_of(fill_units(unit)); }
  COLMODERN_INLINE static void add(Sum& sum, Weights lanes, Spread value) { sum = multiply_add(lanes, value, sum); }
  COLMODERN_INLINE static Floats finish(const PackedLinear&, std::int64_t, Sum sum, const float*, int) { return sum; }
  COLMODERN_INLINE static void store_row(std::uint32_t* to, const float* row, std::int64_t width) {
    std::memcpy(to, row, static_cast<std::size_t>(width) * sizeof(float));
  }
};

template <class Op>
COLMODERN_TARGET void convert_rows(float* rows, std::int64_t stride, std::int64_t n, std::int64_t width,
                                   const Operand& out) noexcept {
  for (std::int64_t i = 0; i < n; ++i) Op::store_row(out.units + i * out.stride, rows + i * stride, width);
}

template <class Op>
constexpr LinearKernels linear_of(decltype(LinearKernels::convert) convert,
                                  decltype(LinearKernels::spread) spread = nullptr) {
  return {Op::kStep, Op::kVectors * kLanes, convert, multiply<Op>, spread, false};
}

}  // namespace
}  // namespace colmodern::encoder
