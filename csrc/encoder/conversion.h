// Rows of floats to units of bytes, and sums of their products to floats: one text, compiled for each instruction set
// by the file that includes it.
//
// First a row is spread: its vectors, up to sixteen side by side, become their sums and differences (a Walsh-Hadamard
// transform), so that a value that sticks out is shared by many. Weights are spread alike, which leaves products as
// they are. After QuaRot (Ashkboos et al. 2024).

namespace colmodern::encoder {
namespace {

struct Range {
  Floats least[4], most[4];
};

template <int N, int Half>
COLMODERN_INLINE void add_and_subtract(Floats (&x)[N]) {
  if constexpr (Half < N) {
#pragma GCC unroll 16
    for (int i = 0; i < N; ++i) {
      if ((i & Half) != 0) continue;
      const Floats first = x[i];
      x[i] = first + x[i + Half];
      x[i + Half] = first - x[i + Half];
    }
    add_and_subtract<N, 2 * Half>(x);
  }
}

// N vectors, as four times an orthogonal transform of them.
template <int N>
COLMODERN_INLINE void spread_vectors(float* row, Range& range) {
  constexpr float kGrowth = N == 16 ? 1.0F : N == 8 ? 1.41421356F : N == 4 ? 2.0F : N == 2 ? 2.82842712F : 4.0F;
  Floats x[N];
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) x[i] = load(row + i * kLanes);
  add_and_subtract<N, 1>(x);
#pragma GCC unroll 16
  for (int i = 0; i < N; ++i) {
    if (N < 16) x[i] = x[i] * fill(kGrowth);
    range.least[i % 4] = minimum(range.least[i % 4], x[i]);
    range.most[i % 4] = maximum(range.most[i % 4], x[i]);
    store(row + i * kLanes, x[i]);
  }
}

COLMODERN_INLINE Range spread_in_range(float* row, std::int64_t width) {
  Range range;
#pragma GCC unroll 4
  for (int v = 0; v < 4; ++v) range.least[v] = range.most[v] = fill(0.0F);
  float* const end = row + width;
  for (; end - row >= 16 * kLanes; row += 16 * kLanes) spread_vectors<16>(row, range);
  if (end - row >= 8 * kLanes) spread_vectors<8>(row, range), row += 8 * kLanes;
  if (end - row >= 4 * kLanes) spread_vectors<4>(row, range), row += 4 * kLanes;
  if (end - row >= 2 * kLanes) spread_vectors<2>(row, range), row += 2 * kLanes;
  if (end - row >= kLanes) spread_vectors<1>(row, range);
  return range;
}

COLMODERN_TARGET void spread(float* row, std::int64_t width) noexcept { spread_in_range(row, width); }

// Spreads rows where they are. Units of bytes: each row in 255ths of what lies between its least value and its
// greatest.
COLMODERN_TARGET void convert_to_bytes(float* rows, std::int64_t stride, std::int64_t n, std::int64_t width,
                                       const Operand& out) noexcept {
  const std::int64_t whole = width / (4 * kLanes) * (4 * kLanes);
  for (std::int64_t i = 0; i < n; ++i, rows += stride) {
    const auto [least, most] = spread_in_range(rows, width);
    const float high = greatest_of(maximum(maximum(most[0], most[1]), maximum(most[2], most[3])));
    const float low = -greatest_of(fill(0.0F) - minimum(minimum(least[0], least[1]), minimum(least[2], least[3])));
    const float steps = high > low ? 255.0F / (high - low) : 0.0F;
    const Floats share = fill(steps);
    const Floats zero = fill(-low * steps);
    auto* bytes = reinterpret_cast<std::uint8_t*>(out.units + i * out.stride);
    for (std::int64_t j = 0; j < whole; j += 4 * kLanes) {
      store_bytes(bytes + j, multiply_add(load(rows + j), share, zero),
                  multiply_add(load(rows + j + kLanes), share, zero),
                  multiply_add(load(rows + j + 2 * kLanes), share, zero),
                  multiply_add(load(rows + j + 3 * kLanes), share, zero));
    }
    for (std::int64_t j = whole; j < width; j += kLanes) {
      store_bytes(bytes + j, multiply_add(load(rows + j), share, zero));
    }
    out.scales[2 * i] = (high - low) / 255.0F;
    out.scales[2 * i + 1] = low;
  }
}

// From sums of products of bytes to what they stand for: that of their steps, and what the least value of the row adds.
COLMODERN_INLINE Floats finished_bytes(const PackedLinear& linear, std::int64_t column, Floats whole,
                                       const float* scales, std::int64_t row) {
  return multiply_add(whole * fill(scales[2 * row]), load(linear.scales + column),
                      fill(scales[2 * row + 1]) * load(linear.sums + column));
}

// Writes those of sixteen columns, or adds them to what is there.
COLMODERN_INLINE void write_finished(const PackedLinear& linear, std::int64_t column, Floats whole, const float* scales,
                                     std::int64_t row, float* to, bool add) {
  Floats value = finished_bytes(linear, column, whole, scales, row);
  if (linear.bias != nullptr) value = value + load(linear.bias + column);
  store(to, add ? load(to) + value : value);
}

}  // namespace
}  // namespace colmodern::encoder
