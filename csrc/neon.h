// What the NEON kernels for whole numbers share: products of four rows of bytes with a strip, by the dot product of
// Armv8.2.
#pragma once

#include "kernels.h"

#if COLMODERN_ARM

#include <arm_neon.h>

#include <cstdint>
#include <cstring>

// Apple's compiler has the dot product in its baseline, and older ones take no attribute for it.
#if defined(__ARM_FEATURE_DOTPROD)
#define COLMODERN_TARGET
#else
#define COLMODERN_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern::neon {

constexpr int kRows = 4;
constexpr int kQuarters = 4;  // registers of four lanes in a strip
constexpr std::int64_t kWidth = kLanes / kQuarters;
constexpr std::int64_t kGroupBytes = kLanes * 4;

using Sums = int32x4_t[kRows][kQuarters];

// Adds the products of one group, which lies in the given place of the rows' registers.
template <int Place>
COLMODERN_INLINE void add_group(const std::int8_t* values, const int8x16_t (&rows)[kRows], Sums& sums) {
  int8x16_t lanes[kQuarters];
#pragma GCC unroll 4
  for (int part = 0; part < kQuarters; ++part) lanes[part] = vld1q_s8(values + part * 4 * kWidth);
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int part = 0; part < kQuarters; ++part) {
      sums[t][part] = vdotq_laneq_s32(sums[t][part], lanes[part], rows[t], Place);
    }
  }
}

// Adds products with values [group][16][4]. The dot product has signs on both sides: rows may hold anything, and bytes
// that are stored with an offset of 64 stay below 128.
COLMODERN_INLINE void add_products(const std::int8_t* values, std::int64_t groups,
                                   const std::int8_t* const (&rows)[kRows], Sums& sums) {
  int8x16_t bytes[kRows];
  std::int64_t group = 0;
  for (; group + 4 <= groups; group += 4, values += 4 * kGroupBytes) {
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) bytes[t] = vld1q_s8(rows[t] + group * 4);
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

// `starts` are the strip's, where its sums begin; null for zeros.
COLMODERN_INLINE void begin_sums(const std::int32_t* starts, Sums& sums) {
#pragma GCC unroll 4
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
    for (int part = 0; part < kQuarters; ++part) {
      sums[t][part] = starts == nullptr ? vdupq_n_s32(0) : vld1q_s32(starts + part * kWidth);
    }
  }
}

}  // namespace colmodern::neon

#endif
