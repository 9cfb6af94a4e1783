// Assignment in portable C++: the twin that the other instruction sets agree with.
#include <algorithm>

#include "kernels.h"

#define COLMODERN_TARGET
#include "assign/select.h"

namespace colmodern {
namespace {

void product_with_strip(const PackedRows& packed, std::int64_t strip, const std::uint8_t* row,
                        std::int32_t (&products)[kLanes]) noexcept {
  const std::int8_t* values = packed.values + strip * packed.dim * kLanes;
  std::copy_n(packed.starts + strip * kLanes, kLanes, products);
  for (std::int64_t d = 0; d < packed.dim; d += 4) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane, values += 4) {
      for (int i = 0; i < 4; ++i) products[lane] += values[i] * row[d + i];
    }
  }
}

struct AnyLanes {
  static std::uint32_t above(const std::int32_t* scores, std::int32_t bound) noexcept {
    std::uint32_t mask = 0;
    for (int lane = 0; lane < kLanes; ++lane) mask |= static_cast<std::uint32_t>(scores[lane] > bound) << lane;
    return mask;
  }
  static std::int64_t keep(std::int32_t* scores, std::int64_t n, std::int32_t bound, std::int32_t* kept) noexcept {
    return keep_by_bits<AnyLanes>(scores, n, bound, kept);
  }
};

}  // namespace

void row_scores_scalar(const PackedRows& packed, const std::uint8_t* rows, std::int64_t begin, std::int64_t end,
                       std::int32_t* scores) noexcept {
  std::int32_t products[kLanes];
  for (std::int64_t row = begin; row < end; ++row) {
    for (std::int64_t strip = 0; strip < packed.strips; ++strip, scores += kLanes) {
      product_with_strip(packed, strip, rows + row * packed.dim, products);
      std::copy_n(products, kLanes, scores);
    }
  }
}

void raise_nearest_scalar(const PackedRows& packed, std::int64_t first, std::int64_t last, const std::uint8_t* rows,
                          const std::int32_t* listed, std::int64_t n, std::int32_t* best,
                          std::int32_t* strips) noexcept {
  std::int32_t products[kLanes];
  for (std::int64_t i = 0; i < n; ++i) {
    std::int32_t* best_at = best + listed[i] * kLanes;
    std::int32_t* strips_at = strips + listed[i] * kLanes;
    for (std::int64_t strip = first; strip < last; ++strip) {
      product_with_strip(packed, strip, rows + listed[i] * packed.dim, products);
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        if (products[lane] <= best_at[lane]) continue;
        best_at[lane] = products[lane];
        strips_at[lane] = static_cast<std::int32_t>(strip);
      }
    }
  }
}

void greatest_scalar(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places,
                     std::int32_t* scratch) noexcept {
  select_greatest<AnyLanes>(scores, n, k, places, scratch);
}

}  // namespace colmodern
