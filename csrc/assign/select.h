// The k greatest of some integers, the first of equals, by halving the range that their bound lies in.
// COLMODERN_TARGET is what the file that includes this compiles its functions for.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "kernels.h"
#include "lanes.h"

namespace colmodern {

constexpr std::int32_t kLowest = std::numeric_limits<std::int32_t>::min();

// Lanes::above(scores, bound) says which of sixteen scores are greater than a bound.
template <class Lanes>
COLMODERN_TARGET inline std::int64_t count_above(const std::int32_t* scores, std::int64_t n,
                                                 std::int32_t bound) noexcept {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; i += kLanes) count += std::popcount(Lanes::above(scores + i, bound));
  return count;
}

struct Range {
  std::int32_t low;   // at least k scores are above
  std::int32_t high;  // fewer than k are
};

// A first range: with sixteen parts or fewer wanted, the least of the sixteen lanes' maxima is reached by enough.
template <class Lanes>
COLMODERN_TARGET inline Range bracket(const std::int32_t* scores, std::int64_t n, std::int64_t k) noexcept {
  Ints maxima;
  load(maxima, scores);
  for (std::int64_t i = kLanes; i < n; i += kLanes) {
    Ints next;
    load(next, scores + i);
    maxima = next > maxima ? next : maxima;
  }
  Range range{maxima[0], maxima[0]};
  for (std::int64_t lane = 1; lane < kLanes; ++lane) {
    range.low = std::min(range.low, maxima[lane]);
    range.high = std::max(range.high, maxima[lane]);
  }
  --range.low;
  if (k <= kLanes) return range;
  for (std::int64_t stride = 1024; count_above<Lanes>(scores, n, range.low) < k; stride *= 2) {
    range.high = range.low;
    range.low = static_cast<std::int32_t>(std::max<std::int64_t>(range.low - stride, kLowest));
  }
  return range;
}

// places: (k,), in no order. n is a multiple of sixteen and at least k, no score is the lowest integer. Scores are
// overwritten; scratch is (n + 16,).
template <class Lanes>
COLMODERN_TARGET inline void select_greatest(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places,
                                             std::int32_t* scratch) noexcept {
  Range range = bracket<Lanes>(scores, n, k);
  // Those above the range's lower end, moved to the front with their places.
  std::int64_t above_low = Lanes::keep(scores, n, range.low, scratch);
  n = above_low;
  const std::int64_t padded = round_up(n, kLanes);
  std::fill(scores + n, scores + padded, kLowest);
  while (above_low > k && range.low + 1 < range.high) {
    const std::int64_t width = static_cast<std::int64_t>(range.high) - range.low;
    const auto middle = static_cast<std::int32_t>(range.low + width / 2);
    const std::int64_t above = count_above<Lanes>(scores, padded, middle);
    if (above >= k) {
      range.low = middle;
      above_low = above;
    } else {
      range.high = middle;
    }
  }
  std::int64_t found = 0;
  const std::int32_t bound = above_low == k ? range.low : range.high;
  for (std::int64_t i = 0; i < padded; i += kLanes) {
    for (std::uint32_t mask = Lanes::above(scores + i, bound); mask != 0; mask &= mask - 1) {
      places[found++] = scratch[i + std::countr_zero(mask)];
    }
  }
  for (std::int64_t i = 0; found < k; ++i) {
    if (scores[i] == bound) places[found++] = scratch[i];
  }
}

// Moves scores above a bound to the front, their places into `kept`; how many there are.
template <class Lanes>
COLMODERN_TARGET inline std::int64_t keep_by_bits(std::int32_t* scores, std::int64_t n, std::int32_t bound,
                                                  std::int32_t* kept) noexcept {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < n; i += kLanes) {
    for (std::uint32_t mask = Lanes::above(scores + i, bound); mask != 0; mask &= mask - 1) {
      const std::int64_t place = i + std::countr_zero(mask);
      scores[count] = scores[place];
      kept[count++] = static_cast<std::int32_t>(place);
    }
  }
  return count;
}

}  // namespace colmodern
