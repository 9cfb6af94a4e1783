#include <algorithm>
#include <limits>

#include "kernels.h"

namespace colmodern {

void centroid_maxima_scalar(const float* scores, std::int64_t count, const CentroidIds& ids, std::int64_t begin,
                            std::int64_t end, float* best) noexcept {
  std::fill_n(best, count, -std::numeric_limits<float>::infinity());
  for (std::int64_t i = begin; i < end; ++i) {
    const float* row = scores + static_cast<std::int64_t>(ids[i]) * count;
    for (std::int64_t q = 0; q < count; ++q) best[q] = row[q] > best[q] ? row[q] : best[q];
  }
}

}  // namespace colmodern
