// The k greatest of some integers, the first of equals, by halving the range that their bound lies in.
// COLMODERN_TARGET is what the file that includes this compiles its functions for.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "kernels.h"

namespace colmodern {

// Lanes::above(scores, bound) says which of sixteen scores are greater than a bound.
template <class Lanes>
COLMODERN_TARGET inline std::int64_t count_above(const std::int32_t* scores, std::int64_t n,
                                                 std::int32_t bound) noexcept {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; i += kLanes) count += std::popcount(Lanes::above(scores + i, bound));
  return count;
}

// places: (k,), those above the bound first. n is a multiple of sixteen and at least k.
template <class Lanes>
COLMODERN_TARGET inline void select_greatest(const std::int32_t* scores, std::int64_t n, std::int64_t k,
                                             std::int32_t* places) noexcept {
  // The least of k or more maxima of parts is a bound that at least k scores reach.
  std::int32_t maxima[kLanes];
  std::copy_n(scores, kLanes, maxima);
  for (std::int64_t i = kLanes; i < n; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) maxima[lane] = std::max(maxima[lane], scores[i + lane]);
  }
  std::int32_t high = maxima[0];  // none is above
  std::int32_t low = maxima[0];   // k are above, or equal
  for (const std::int32_t maximum : maxima) {
    high = std::max(high, maximum);
    low = std::min(low, maximum);
  }
  --low;
  std::int64_t above_low = count_above<Lanes>(scores, n, low);
  for (std::int64_t stride = 1; above_low < k; stride *= 2) {  // at most doublings of the range
    high = low;
    low = static_cast<std::int32_t>(std::max<std::int64_t>(low - stride * 1024, INT32_MIN));
    above_low = count_above<Lanes>(scores, n, low);
    if (low == INT32_MIN) break;
  }
  // Above `high` are fewer than k, above `low` at least k.
  while (above_low > k && low + 1 < high) {
    const auto middle = static_cast<std::int32_t>(low + (static_cast<std::int64_t>(high) - low) / 2);
    const std::int64_t above = count_above<Lanes>(scores, n, middle);
    if (above >= k) {
      low = middle;
      above_low = above;
    } else {
      high = middle;
    }
  }
  std::int64_t found = 0;
  const std::int32_t bound = above_low == k ? low : high;
  for (std::int64_t i = 0; i < n; i += kLanes) {
    for (std::uint32_t mask = Lanes::above(scores + i, bound); mask != 0; mask &= mask - 1) {
      places[found++] = static_cast<std::int32_t>(i + std::countr_zero(mask));
    }
  }
  for (std::int64_t i = 0; found < k; ++i) {
    if (scores[i] == bound) places[found++] = static_cast<std::int32_t>(i);
  }
}

}  // namespace colmodern
