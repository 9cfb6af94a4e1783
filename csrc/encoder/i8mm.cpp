// Linear layers in bytes by products of small matrices (FEAT_I8MM, optional from Armv8.2 on): the same bytes and sums
// as with the dot product, twice as many at a time. All else is NEON's.
//
// An instruction multiplies two rows of eight bytes with two columns of eight. So two units of two columns are put side
// by side, and half a panel of columns meets eight rows: sixteen squares of sums are in registers.
#include "encoder/kernels.h"

#if COLMODERN_I8MM

#include <cmath>
#include <cstring>

#define COLMODERN_TARGET __attribute__((target("arch=armv8.2-a+i8mm")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_neon.h"

#include "encoder/conversion.h"

namespace colmodern::encoder {
namespace {

constexpr std::int64_t kHalf = kLanes / 2;
constexpr int kPairs = 4;  // of rows of a tile

// Two units of eight columns, two columns a register.
struct Columns {
  int8x16_t pairs[4];
};

COLMODERN_INLINE Columns two_units(const std::uint32_t* weights) {
  Columns found;
#pragma GCC unroll 2
  for (int four = 0; four < 2; ++four) {
    const uint32x4_t first = load_four(weights + 4 * four);
    const uint32x4_t second = load_four(weights + 4 * four + kLanes);
    found.pairs[2 * four] = vreinterpretq_s8_u32(vzip1q_u32(first, second));
    found.pairs[2 * four + 1] = vreinterpretq_s8_u32(vzip2q_u32(first, second));
  }
  return found;
}

// Two units of two rows.
COLMODERN_INLINE uint8x16_t two_rows(const std::uint32_t* first, const std::uint32_t* second) {
  return vcombine_u8(vld1_u8(reinterpret_cast<const std::uint8_t*>(first)),
                     vld1_u8(reinterpret_cast<const std::uint8_t*>(second)));
}

// What the sums of four columns and a row stand for, as `finished_bytes` has it.
COLMODERN_INLINE void write_four(const PackedLinear& linear, std::int64_t column, int32x4_t sums, const float* scales,
                                 float* out, bool add) {
  const float32x4_t whole = vmulq_n_f32(vcvtq_f32_s32(sums), scales[0]);
  float32x4_t value =
      vfmaq_f32(vmulq_n_f32(vld1q_f32(linear.sums + column), scales[1]), whole, vld1q_f32(linear.scales + column));
  if (linear.bias != nullptr) value = vaddq_f32(value, vld1q_f32(linear.bias + column));
  vst1q_f32(out, add ? vaddq_f32(vld1q_f32(out), value) : value);
}

// Half a panel, from `column` on; the second row of the last pair may be behind the last.
template <int Pairs>
COLMODERN_INLINE void multiply_squares(const PackedLinear& linear, std::int64_t column, const Operand& operand,
                                       std::int64_t begin, std::int64_t n, float* out, std::int64_t out_stride,
                                       bool add) {
  const std::uint32_t* weights = linear.weights + column / kLanes * linear.units * kLanes + column % kLanes;
  const std::uint32_t* rows[2 * Pairs];
#pragma GCC unroll 8
  for (int r = 0; r < 2 * Pairs; ++r) rows[r] = operand.units + (begin + (r < n ? r : n - 1)) * operand.stride;
  int32x4_t sums[Pairs][4];
#pragma GCC unroll 4
  for (int p = 0; p < Pairs; ++p) {
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) sums[p][c] = vdupq_n_s32(0);
  }
  for (std::int64_t u = 0; u < linear.units; u += 2, weights += 2 * kLanes) {
    const Columns columns = two_units(weights);
#pragma GCC unroll 4
    for (int p = 0; p < Pairs; ++p) {
      const uint8x16_t pair = two_rows(rows[2 * p] + u, rows[2 * p + 1] + u);
#pragma GCC unroll 4
      for (int c = 0; c < 4; ++c) sums[p][c] = vusmmlaq_s32(sums[p][c], pair, columns.pairs[c]);
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < Pairs; ++p) {
    const std::int64_t row = begin + 2 * p;
#pragma GCC unroll 2
    for (int c = 0; c < 4; c += 2) {
      float* at = out + row * out_stride + 2 * c;
      write_four(linear, column + 2 * c, vcombine_s32(vget_low_s32(sums[p][c]), vget_low_s32(sums[p][c + 1])),
                 operand.scales + 2 * row, at, add);
      if (2 * p + 1 == n) continue;
      write_four(linear, column + 2 * c, vcombine_s32(vget_high_s32(sums[p][c]), vget_high_s32(sums[p][c + 1])),
                 operand.scales + 2 * row + 2, at + out_stride, add);
    }
  }
}

COLMODERN_TARGET void multiply_by_squares(const PackedLinear& linear, const Operand& operand, std::int64_t n,
                                          std::int64_t first_panel, std::int64_t last_panel, float* out,
                                          std::int64_t out_stride, bool add) noexcept {
  const std::int64_t last = last_panel * kLanes;
  for (std::int64_t column = first_panel * kLanes; column < last; column += kHalf, out += kHalf) {
    std::int64_t i = 0;
#define COLMODERN_TILE(pairs) multiply_squares<pairs>(linear, column, operand, i, n - i, out, out_stride, add)
    for (; i + 2 * kPairs <= n; i += 2 * kPairs) COLMODERN_TILE(kPairs);
    switch ((n - i + 1) / 2) {
      case 4: COLMODERN_TILE(4); break;
      case 3: COLMODERN_TILE(3); break;
      case 2: COLMODERN_TILE(2); break;
      case 1: COLMODERN_TILE(1); break;
      default: break;
    }
#undef COLMODERN_TILE
  }
}

}  // namespace

const LinearKernels kBytes_i8mm{4, kLanes, convert_to_bytes, multiply_by_squares, spread, false};

}  // namespace colmodern::encoder

#endif
