// Centroids with NEON: four centroids against one strip of sixteen query tokens.
#include "neon.h"

#if COLMODERN_ARM

#include <algorithm>
#include <limits>

#include "centroids/weight.h"

namespace colmodern {
namespace {

using namespace neon;

constexpr std::int16_t kLowest = std::numeric_limits<std::int16_t>::min();
constexpr std::int64_t kEight = 8;

// Cut off at both ends by the conversions; a NaN becomes the lowest.
COLMODERN_INLINE int16x4_t rounded(int32x4_t sums, float32x4_t scales, float step) {
  const float32x4_t scaled = vmulq_n_f32(vmulq_f32(vcvtq_f32_s32(sums), scales), step);
  const uint32x4_t is_number = vceqq_f32(scaled, scaled);
  const int32x4_t whole = vbslq_s32(is_number, vcvtnq_s32_f32(scaled), vdupq_n_s32(kLowest));
  return vqmovn_s32(whole);
}

// Adds the weights of eight lanes.
COLMODERN_INLINE void add_weights(int16x8_t row, float32x4_t (&sums)[2]) {
  // Twice the product, its high half.
  static_assert(kWeightSlope % 2 == 0);
  const int16x8_t halves = vaddq_s16(vqdmulhq_n_s16(row, kWeightSlope / 2), vdupq_n_s16(kWeightStart));
  const int16x8_t zeros = vdupq_n_s16(0);
  sums[0] = vaddq_f32(sums[0], vreinterpretq_f32_s16(vzip1q_s16(zeros, halves)));
  sums[1] = vaddq_f32(sums[1], vreinterpretq_f32_s16(vzip2q_s16(zeros, halves)));
}

}  // namespace

COLMODERN_TARGET void centroid_products_neon(const PackedQuery& query, const std::int8_t* centroids, const float* steps,
                                             std::int64_t begin, std::int64_t end, std::int16_t* rows,
                                             std::int64_t stride) noexcept {
  for (std::int64_t i = begin; i < end; i += kRows) {
    const std::int8_t* tile[kRows];
    for (int t = 0; t < kRows; ++t) tile[t] = centroids + std::min(i + t, end - 1) * query.dim;
    const std::int64_t n = std::min<std::int64_t>(kRows, end - i);
    for (std::int64_t first = 0; first < query.count; first += kLanes) {
      Sums sums;
      begin_sums(nullptr, sums);
      add_products(query.packed + first * query.groups_a_plane * 4, query.groups_a_plane, tile, sums);
#pragma GCC unroll 4
      for (int t = 0; t < kRows; ++t) {
        if (t >= n) break;
#pragma GCC unroll 4
        for (int part = 0; part < kQuarters; ++part) {
          const std::int64_t lane = first + part * kWidth;
          vst1_s16(rows + (i + t) * stride + lane,
                   rounded(sums[t][part], vld1q_f32(query.scales + lane), steps[i + t]));
        }
      }
    }
    for (std::int64_t t = 0; t < n; ++t) {
      std::fill(rows + (i + t) * stride + query.count, rows + (i + t + 1) * stride, kLowest);
    }
  }
}

COLMODERN_TARGET void centroid_sums_neon(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                                         std::int64_t begin, std::int64_t end, float* sums) noexcept {
  constexpr int kParts = kRowLanes / kEight;
  for (std::int64_t lane = 0; lane < table.stride; lane += kRowLanes) {
    float32x4_t lanes[kParts][2];
    int16x8_t shifts[kParts];
#pragma GCC unroll 4
    for (int part = 0; part < kParts; ++part) {
      lanes[part][0] = vld1q_f32(sums + lane + part * kEight);
      lanes[part][1] = vld1q_f32(sums + lane + part * kEight + kWidth);
      shifts[part] = vld1q_s16(context + lane + part * kEight);
    }
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int16_t* row = table.row(ids[i]) + lane;
#pragma GCC unroll 4
      for (int part = 0; part < kParts; ++part) {
        add_weights(vqaddq_s16(vld1q_s16(row + part * kEight), shifts[part]), lanes[part]);
      }
    }
#pragma GCC unroll 4
    for (int part = 0; part < kParts; ++part) {
      vst1q_f32(sums + lane + part * kEight, lanes[part][0]);
      vst1q_f32(sums + lane + part * kEight + kWidth, lanes[part][1]);
    }
  }
}

}  // namespace colmodern

#endif
