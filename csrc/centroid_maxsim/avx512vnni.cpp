// Rows of centroid scores, two strips of query tokens at a time; the last strip is loaded under a mask.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <limits>

#define COLMODERN_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")))

namespace colmodern {

COLMODERN_TARGET void centroid_maxima_avx512vnni(const float* scores, std::int64_t count, const CentroidIds& ids,
                                                 std::int64_t begin, std::int64_t end, float* best) noexcept {
  const __m512 lowest = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
  for (std::int64_t first = 0; first < count; first += 2 * kLanes) {
    const std::int64_t width = std::min(2 * kLanes, count - first);
    const std::uint32_t lanes = width == 2 * kLanes ? ~0U : (1U << width) - 1;
    const auto low_lanes = static_cast<__mmask16>(lanes);
    const auto high_lanes = static_cast<__mmask16>(lanes >> kLanes);
    __m512 low = lowest;
    __m512 high = lowest;
    for (std::int64_t i = begin; i < end; ++i) {
      const float* row = scores + static_cast<std::int64_t>(ids[i]) * count + first;
      low = _mm512_max_ps(_mm512_maskz_loadu_ps(low_lanes, row), low);
      high = _mm512_max_ps(_mm512_maskz_loadu_ps(high_lanes, row + kLanes), high);
    }
    _mm512_store_ps(best + first, low);
    if (high_lanes != 0) _mm512_store_ps(best + first + kLanes, high);
  }
}

}  // namespace colmodern

#endif
