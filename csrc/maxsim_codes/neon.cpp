// MaxSim over codes with NEON.
#include "strips_neon.h"

#if COLMODERN_ARM

#include <cstring>

#include "runs.h"

namespace colmodern {
namespace {

constexpr std::int64_t kLine = 16;

COLMODERN_INLINE uint8x16_t level_table(const std::uint8_t* levels) { return vld1q_u8(levels); }

COLMODERN_INLINE uint8x16_t load_codes(const std::uint8_t* residuals, std::int64_t left) {
  if (left >= kLine) return vld1q_u8(residuals);
  std::uint8_t bytes[kLine] = {};
  std::memcpy(bytes, residuals, static_cast<std::size_t>(left));
  return vld1q_u8(bytes);
}

// The bits of the next dimensions come down from the next byte of the run; zeros follow its last one. A shift to the
// left by less than nothing is one to the right.
template <int RunBytes>
COLMODERN_INLINE uint8x16_t shift_runs(uint8x16_t bytes, int bits) {
  if constexpr (RunBytes == 2) {
    return vreinterpretq_u8_u16(vshlq_u16(vreinterpretq_u16_u8(bytes), vdupq_n_s16(static_cast<std::int16_t>(-bits))));
  }
  if constexpr (RunBytes == 4) {
    return vreinterpretq_u8_u32(vshlq_u32(vreinterpretq_u32_u8(bytes), vdupq_n_s32(-bits)));
  }
  return vreinterpretq_u8_u64(vshlq_u64(vreinterpretq_u64_u8(bytes), vdupq_n_s64(-bits)));
}

// Levels keep their offset, which a byte with a sign holds as well.
template <int Bits, int RunBytes>
COLMODERN_INLINE uint8x16_t levels_of(uint8x16_t bytes, int plane, uint8x16_t table) {
  return vqtbl1q_u8(table, vandq_u8(shift_runs<RunBytes>(bytes, plane * Bits), vdupq_n_u8(kLevels - 1)));
}

COLMODERN_INLINE void store_levels(std::uint8_t* to, uint8x16_t levels) { vst1q_u8(to, levels); }

}  // namespace
}  // namespace colmodern

#include "maxsim_codes/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CODE_MAXIMA(neon)

}  // namespace colmodern

#endif
