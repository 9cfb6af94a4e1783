// Rows of centroid scores, a strip of query tokens at a time; the last strip is loaded under a mask.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <limits>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))

namespace colmodern {
namespace {

// All bits set in the first `width` of eight lanes.
COLMODERN_TARGET inline __m256i first_lanes(std::int64_t width) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(width)), lane);
}

}  // namespace

COLMODERN_TARGET void centroid_maxima_avx2(const float* scores, std::int64_t count, const CentroidIds& ids,
                                           std::int64_t begin, std::int64_t end, float* best) noexcept {
  const __m256 lowest = _mm256_set1_ps(-std::numeric_limits<float>::infinity());
  for (std::int64_t first = 0; first < count; first += kLanes) {
    const __m256i low_lanes = first_lanes(count - first);
    const __m256i high_lanes = first_lanes(count - first - 8);
    __m256 low = lowest;
    __m256 high = lowest;
    for (std::int64_t i = begin; i < end; ++i) {
      const float* row = scores + static_cast<std::int64_t>(ids[i]) * count + first;
      low = _mm256_max_ps(_mm256_maskload_ps(row, low_lanes), low);
      high = _mm256_max_ps(_mm256_maskload_ps(row + 8, high_lanes), high);
    }
    _mm256_store_ps(best + first, low);
    _mm256_store_ps(best + first + 8, high);
  }
}

}  // namespace colmodern

#endif
