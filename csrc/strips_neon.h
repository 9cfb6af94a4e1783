// A strip of sixteen lanes in four registers of NEON; tiles of four rows against one strip. Bytes are multiplied by
// the dot product of Armv8.2. Included once, by the file of a kernel.
#pragma once

#include "kernels.h"

#if COLMODERN_ARM

#include <arm_neon.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "dotprod.h"
#include "half.h"

namespace colmodern {
namespace {

constexpr int kRows = 4;    // rows of a tile
constexpr int kStrips = 1;  // strips that a tile is multiplied with at once
constexpr int kParts = 4;   // registers of a strip
constexpr std::int64_t kWidth = kLanes / kParts;

using FloatPart = float32x4_t;
using IntPart = int32x4_t;
using ShortPart = int16x4_t;  // as many lanes, of 16 bits

COLMODERN_INLINE FloatPart load(const float* from) { return vld1q_f32(from); }
COLMODERN_INLINE IntPart load(const std::int32_t* from) { return vld1q_s32(from); }
COLMODERN_INLINE ShortPart load(const std::int16_t* from) { return vld1_s16(from); }
COLMODERN_INLINE void store(float* to, FloatPart x) { vst1q_f32(to, x); }
COLMODERN_INLINE void store(std::int32_t* to, IntPart x) { vst1q_s32(to, x); }
// The first n lanes; none where n is not above zero.
COLMODERN_INLINE void store_first(float* to, FloatPart x, std::int64_t n) {
  if (n >= kWidth) return store(to, x);
  float lanes[kWidth];
  store(lanes, x);
  for (std::int64_t lane = 0; lane < n; ++lane) to[lane] = lanes[lane];
}

COLMODERN_INLINE FloatPart fill(float value) { return vdupq_n_f32(value); }
COLMODERN_INLINE IntPart fill(std::int32_t value) { return vdupq_n_s32(value); }
COLMODERN_INLINE FloatPart times(FloatPart x, FloatPart y) { return vmulq_f32(x, y); }
COLMODERN_INLINE FloatPart plus(FloatPart x, FloatPart y) { return vaddq_f32(x, y); }
COLMODERN_INLINE FloatPart multiply_add(FloatPart x, FloatPart y, FloatPart z) { return vfmaq_f32(z, x, y); }
// x > best ? x : best. Not vmaxq_f32: a NaN never wins, and of two zeros the earlier one stays.
COLMODERN_INLINE FloatPart greater(FloatPart x, FloatPart best) { return vbslq_f32(vcgtq_f32(x, best), x, best); }
COLMODERN_INLINE ShortPart add_saturated(ShortPart x, ShortPart y) { return vqadd_s16(x, y); }
COLMODERN_INLINE FloatPart floats_of(IntPart x) { return vcvtq_f32_s32(x); }
COLMODERN_INLINE FloatPart floats_of(ShortPart x) { return vcvtq_f32_s32(vmovl_s16(x)); }
// As many float16 as a tile has rows.
COLMODERN_INLINE void load_halves(const std::uint16_t* from, float* to) {
  for (int t = 0; t < kRows; ++t) to[t] = from_half(from[t]);
}

// Where x is greater than the best so far, it is the best, and its number is kept.
COLMODERN_INLINE void raise(FloatPart& best, IntPart& numbers, FloatPart x, int number) {
  const uint32x4_t better = vcgtq_f32(x, best);
  best = vbslq_f32(better, x, best);
  numbers = vbslq_s32(better, vdupq_n_s32(number), numbers);
}
COLMODERN_INLINE void raise(IntPart& best, IntPart& numbers, IntPart x, int number) {
  const uint32x4_t better = vcgtq_s32(x, best);
  best = vbslq_s32(better, x, best);
  numbers = vbslq_s32(better, vdupq_n_s32(number), numbers);
}

// Adds the products of one dimension, which lies in the given place of the rows' registers.
template <int Place>
COLMODERN_INLINE void add_dimension(const float* values, const FloatPart (&rows)[kRows],
                                    FloatPart (&sums)[kRows][1][kParts]) {
  FloatPart lanes[kParts];
#pragma GCC unroll 4
  for (int p = 0; p < kParts; ++p) lanes[p] = load(values + p * kWidth);
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) sums[t][0][p] = vfmaq_laneq_f32(sums[t][0][p], lanes[p], rows[t], Place);
  }
}

// values: [dim][16]; rows[t]: (dim,). There is one strip, so nothing has a stride.
template <class Rows>
COLMODERN_INLINE void add_products(const float* values, std::int64_t, std::int64_t dim, const Rows& rows,
                                   FloatPart (&sums)[kRows][1][kParts]) {
  FloatPart numbers[kRows];
  std::int64_t d = 0;
  for (; d + 4 <= dim; d += 4, values += 4 * kLanes) {
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) numbers[t] = load(rows[t] + d);
    add_dimension<0>(values, numbers, sums);
    add_dimension<1>(values + kLanes, numbers, sums);
    add_dimension<2>(values + 2 * kLanes, numbers, sums);
    add_dimension<3>(values + 3 * kLanes, numbers, sums);
  }
  for (; d < dim; ++d, values += kLanes) {
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) numbers[t] = fill(rows[t][d]);
    add_dimension<0>(values, numbers, sums);
  }
}

// Adds the products of one group, which lies in the given place of the rows' registers.
template <int Place>
COLMODERN_INLINE void add_group(const std::int8_t* values, const int8x16_t (&rows)[kRows],
                                IntPart (&sums)[kRows][1][kParts]) {
  int8x16_t lanes[kParts];
#pragma GCC unroll 4
  for (int p = 0; p < kParts; ++p) lanes[p] = vld1q_s8(values + p * 4 * kWidth);
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) sums[t][0][p] = vdotq_laneq_s32(sums[t][0][p], lanes[p], rows[t], Place);
  }
}

// values: [group][16][4]; rows[t]: (4 * groups,). The dot product has signs on both sides: bytes of a row have a sign,
// or are below 128 and so are the same with one.
template <class Rows>
COLMODERN_INLINE void add_products(const std::int8_t* values, std::int64_t, std::int64_t groups, const Rows& rows,
                                   IntPart (&sums)[kRows][1][kParts]) {
  constexpr std::int64_t kGroupBytes = kLanes * 4;
  int8x16_t bytes[kRows];
  std::int64_t group = 0;
  for (; group + 4 <= groups; group += 4, values += 4 * kGroupBytes) {
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) bytes[t] = vld1q_s8(reinterpret_cast<const std::int8_t*>(rows[t]) + group * 4);
    add_group<0>(values, bytes, sums);
    add_group<1>(values + kGroupBytes, bytes, sums);
    add_group<2>(values + 2 * kGroupBytes, bytes, sums);
    add_group<3>(values + 3 * kGroupBytes, bytes, sums);
  }
  for (; group < groups; ++group, values += kGroupBytes) {
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) {
      std::int32_t four;
      std::memcpy(&four, rows[t] + group * 4, sizeof four);
      bytes[t] = vreinterpretq_s8_s32(vdupq_n_s32(four));
    }
    add_group<0>(values, bytes, sums);
  }
}

}  // namespace
}  // namespace colmodern

#endif
