// Centroids with NEON.
#include "strips_neon.h"

#if COLMODERN_ARM

#include <cstring>
#include <limits>

#include "centroids/signed_tile.h"
#include "centroids/weight.h"
#include "lanes.h"

namespace colmodern {
namespace {

using Line = int16x8_t;
constexpr int kLines = 4;
constexpr int kFewRows = kRows;
constexpr std::int64_t kAhead = 0;

// Cut off at both ends by the conversions; a NaN becomes the lowest.
COLMODERN_INLINE SignedShorts rounded(const FloatPart (&scaled)[kParts]) {
  const int32x4_t lowest = vdupq_n_s32(std::numeric_limits<std::int16_t>::min());
  int16x4_t whole[kParts];
#pragma GCC unroll 4
  for (int p = 0; p < kParts; ++p) {
    const uint32x4_t is_number = vceqq_f32(scaled[p], scaled[p]);
    whole[p] = vqmovn_s32(vbslq_s32(is_number, vcvtnq_s32_f32(scaled[p]), lowest));
  }
  SignedShorts row;
  std::memcpy(&row, whole, sizeof row);
  return row;
}

COLMODERN_INLINE Line load_line(const std::int16_t* from) { return vld1q_s16(from); }
COLMODERN_INLINE Line add_saturated(Line x, Line y) { return vqaddq_s16(x, y); }

COLMODERN_INLINE void store_line(std::int16_t* to, Line line) { vst1q_s16(to, line); }
COLMODERN_INLINE Line greater(Line x, Line y) { return vmaxq_s16(x, y); }
COLMODERN_INLINE Line lesser(Line x, Line y) { return vminq_s16(x, y); }
COLMODERN_INLINE bool any_reaches(Line x, Line y) { return vmaxvq_u16(vcgeq_s16(x, y)) != 0; }

COLMODERN_INLINE void add_weights(Line row, FloatPart (&sums)[2]) {
  // Twice the product, its high half.
  static_assert(kWeightSlope % 2 == 0);
  const int16x8_t halves = vaddq_s16(vqdmulhq_n_s16(row, kWeightSlope / 2), vdupq_n_s16(kWeightStart));
  const int16x8_t zeros = vdupq_n_s16(0);
  sums[0] = plus(sums[0], vreinterpretq_f32_s16(vzip1q_s16(zeros, halves)));
  sums[1] = plus(sums[1], vreinterpretq_f32_s16(vzip2q_s16(zeros, halves)));
}

}  // namespace
}  // namespace colmodern

#include "centroids/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CENTROIDS(neon)

}  // namespace colmodern

#endif
