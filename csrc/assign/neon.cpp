// Assignment with NEON: four rows against one strip of sixteen centroids, all sums in registers.
#include "neon.h"

#if COLMODERN_ARM

#include <algorithm>

#include "assign/select.h"

namespace colmodern {
namespace {

using namespace neon;

COLMODERN_INLINE void multiply(const PackedRows& packed, std::int64_t strip, const std::int8_t* const (&rows)[kRows],
                               Sums& sums) {
  begin_sums(packed.starts + strip * kLanes, sums);
  add_products(packed.values + strip * packed.dim * kLanes, packed.dim / 4, rows, sums);
}

// Bytes of a row are below 128, so they are the same with a sign.
const std::int8_t* row_at(const PackedRows& packed, const std::uint8_t* rows, std::int64_t row) noexcept {
  return reinterpret_cast<const std::int8_t*>(rows + row * packed.dim);
}

struct Quads {
  // A bit for each lane.
  COLMODERN_INLINE static std::uint32_t above(const std::int32_t* scores, std::int32_t bound) noexcept {
    constexpr std::uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const int32x4_t bounds = vdupq_n_s32(bound);
    uint16x4_t masks[kQuarters];
#pragma GCC unroll 4
    for (int part = 0; part < kQuarters; ++part) {
      masks[part] = vmovn_u32(vcgtq_s32(vld1q_s32(scores + part * kWidth), bounds));
    }
    const uint8x8_t low = vmovn_u16(vcombine_u16(masks[0], masks[1]));
    const uint8x8_t high = vmovn_u16(vcombine_u16(masks[2], masks[3]));
    const uint8x16_t bits = vandq_u8(vcombine_u8(low, high), vld1q_u8(kBits));
    return static_cast<std::uint32_t>(vaddv_u8(vget_low_u8(bits))) |
           static_cast<std::uint32_t>(vaddv_u8(vget_high_u8(bits))) << 8;
  }
  COLMODERN_TARGET static std::int64_t keep(std::int32_t* scores, std::int64_t n, std::int32_t bound,
                                            std::int32_t* kept) noexcept {
    return keep_by_bits<Quads>(scores, n, bound, kept);
  }
};

}  // namespace

COLMODERN_TARGET void row_scores_neon(const PackedRows& packed, const std::uint8_t* rows, std::int64_t begin,
                                      std::int64_t end, std::int32_t* scores) noexcept {
  const std::int64_t padded = packed.strips * kLanes;
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * padded) {
    const std::int8_t* tile[kRows];
    for (int t = 0; t < kRows; ++t) tile[t] = row_at(packed, rows, std::min(row + t, end - 1));
    for (std::int64_t strip = 0; strip < packed.strips; ++strip) {
      Sums sums;
      multiply(packed, strip, tile, sums);
#pragma GCC unroll 4
      for (int t = 0; t < kRows; ++t) {
        if (row + t >= end) break;
#pragma GCC unroll 4
        for (int part = 0; part < kQuarters; ++part) {
          vst1q_s32(scores + t * padded + strip * kLanes + part * kWidth, sums[t][part]);
        }
      }
    }
  }
}

// Past the last row a tile repeats it, which a maximum does not mind.
COLMODERN_TARGET void raise_nearest_neon(const PackedRows& packed, std::int64_t first, std::int64_t last,
                                         const std::uint8_t* rows, const std::int32_t* listed, std::int64_t n,
                                         std::int32_t* best, std::int32_t* strips) noexcept {
  for (std::int64_t i = 0; i < n; i += kRows) {
    const std::int8_t* tile[kRows];
    std::int64_t at[kRows];
    for (int t = 0; t < kRows; ++t) {
      const std::int64_t row = listed[std::min(i + t, n - 1)];
      tile[t] = row_at(packed, rows, row);
      at[t] = row * kLanes;
    }
    for (std::int64_t strip = first; strip < last; ++strip) {
      Sums sums;
      multiply(packed, strip, tile, sums);
      const int32x4_t number = vdupq_n_s32(static_cast<std::int32_t>(strip));
#pragma GCC unroll 4
      for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 4
        for (int part = 0; part < kQuarters; ++part) {
          std::int32_t* best_at = best + at[t] + part * kWidth;
          std::int32_t* strips_at = strips + at[t] + part * kWidth;
          const int32x4_t greatest = vld1q_s32(best_at);
          const uint32x4_t better = vcgtq_s32(sums[t][part], greatest);
          vst1q_s32(best_at, vbslq_s32(better, sums[t][part], greatest));
          vst1q_s32(strips_at, vbslq_s32(better, number, vld1q_s32(strips_at)));
        }
      }
    }
  }
}

COLMODERN_TARGET void greatest_neon(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places,
                                    std::int32_t* scratch) noexcept {
  select_greatest<Quads>(scores, n, k, places, scratch);
}

}  // namespace colmodern

#endif
