// Linear layers in bytes with the dot product of Armv8.2: one file includes it, after lanes_neon.h.
//
// Both sides have a sign, so bytes of rows count from -128 here, and the sum of a column starts with 128 times its
// weights. Four units of a row lie in a register; each is multiplied with its column from its place there.

namespace colmodern::encoder {
namespace {

constexpr int kDotRows = 4;  // of a tile; a chunk is a multiple of it

// Adds the products of one unit, which lies in the given place of the rows' registers.
template <int Place, int Rows>
COLMODERN_INLINE void add_dots(const std::uint32_t* weights, const int8x16_t (&rows)[Rows], Ints (&sums)[Rows]) {
  const Units columns = load_units(weights);
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
    sums[r].a = vdotq_laneq_s32(sums[r].a, vreinterpretq_s8_u32(columns.a), rows[r], Place);
    sums[r].b = vdotq_laneq_s32(sums[r].b, vreinterpretq_s8_u32(columns.b), rows[r], Place);
    sums[r].c = vdotq_laneq_s32(sums[r].c, vreinterpretq_s8_u32(columns.c), rows[r], Place);
    sums[r].d = vdotq_laneq_s32(sums[r].d, vreinterpretq_s8_u32(columns.d), rows[r], Place);
  }
}

COLMODERN_INLINE Ints starts_of(const std::uint32_t* weights, std::int64_t units) {
  const int8x16_t ones[1] = {vdupq_n_s8(1)};
  Ints sums[1] = {ints_of(fill_units(0))};
  for (std::int64_t u = 0; u < units; ++u, weights += kLanes) add_dots<0>(weights, ones, sums);
  return {vshlq_n_s32(sums[0].a, 7), vshlq_n_s32(sums[0].b, 7), vshlq_n_s32(sums[0].c, 7), vshlq_n_s32(sums[0].d, 7)};
}

template <int Rows>
COLMODERN_INLINE void multiply_dot_tile(const PackedLinear& linear, std::int64_t panel, Ints starts,
                                        const std::uint32_t* rows, std::int64_t stride, const float* scales, float* out,
                                        std::int64_t out_stride, bool add) {
  const std::uint32_t* weights = linear.weights + panel * linear.units * kLanes;
  Ints sums[Rows];
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) sums[r] = starts;
  for (std::int64_t u = 0; u < linear.units; u += 4, weights += 4 * kLanes) {
    int8x16_t bytes[Rows];
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      bytes[r] = vreinterpretq_s8_u32(veorq_u32(load_four(rows + r * stride + u), vdupq_n_u32(0x80808080U)));
    }
    add_dots<0>(weights, bytes, sums);
    add_dots<1>(weights + kLanes, bytes, sums);
    add_dots<2>(weights + 2 * kLanes, bytes, sums);
    add_dots<3>(weights + 3 * kLanes, bytes, sums);
  }
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
    write_finished(linear, panel * kLanes, floats(sums[r]), scales, r, out + r * out_stride, add);
  }
}

COLMODERN_TARGET void multiply_by_dots(const PackedLinear& linear, const Operand& operand, std::int64_t n,
                                       std::int64_t first_panel, std::int64_t last_panel, float* out,
                                       std::int64_t out_stride, bool add) noexcept {
  for (std::int64_t panel = first_panel; panel < last_panel; ++panel, out += kLanes) {
    const Ints starts = starts_of(linear.weights + panel * linear.units * kLanes, linear.units);
    std::int64_t i = 0;
#define COLMODERN_TILE(rows)                                                                         \
  multiply_dot_tile<rows>(linear, panel, starts, operand.units + i * operand.stride, operand.stride, \
                          operand.scales + 2 * i, out + i * out_stride, out_stride, add)
    for (; i + kDotRows <= n; i += kDotRows) COLMODERN_TILE(kDotRows);
    switch (n - i) {
      case 3: COLMODERN_TILE(3); break;
      case 2: COLMODERN_TILE(2); break;
      case 1: COLMODERN_TILE(1); break;
      default: break;
    }
#undef COLMODERN_TILE
  }
}

}  // namespace
}  // namespace colmodern::encoder
