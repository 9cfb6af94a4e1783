// Assignment with NEON.
#include "strips_neon.h"

#if COLMODERN_ARM

#include "assign/loops.h"

namespace colmodern {
namespace {

struct Quads {
  // A bit for each lane.
  COLMODERN_INLINE static std::uint32_t above(const std::int32_t* scores, std::int32_t bound) noexcept {
    constexpr std::uint8_t kBits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const int32x4_t bounds = vdupq_n_s32(bound);
    uint16x4_t masks[kParts];
#pragma GCC unroll 4
    for (int p = 0; p < kParts; ++p) {
      masks[p] = vmovn_u32(vcgtq_s32(vld1q_s32(scores + p * kWidth), bounds));
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

COLMODERN_DEFINE_ASSIGNMENT(neon, Quads)

}  // namespace colmodern

#endif
