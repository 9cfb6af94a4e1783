// The dense kernels in portable C++: the twin that the other instruction sets agree with, bit for bit.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels.h"

namespace colmodern {
namespace {

void product_with_strip(const PackedVectors& packed, std::int64_t strip, const float* row,
                        float (&products)[kLanes]) noexcept {
  const float* values = packed.values + strip * packed.dim * kLanes;
  std::copy_n(packed.start + strip * kLanes, kLanes, products);
  for (std::int64_t d = 0; d < packed.dim; ++d) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      products[lane] = std::fma(values[d * kLanes + lane], row[d], products[lane]);
    }
  }
}

}  // namespace

void dense_scores_scalar(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                         float* scores) noexcept {
  float products[kLanes];
  for (std::int64_t row = begin; row < end; ++row, scores += packed.count) {
    for (std::int64_t first = 0; first < packed.count; first += kLanes) {
      product_with_strip(packed, first / kLanes, rows + row * packed.dim, products);
      std::copy_n(products, std::min(kLanes, packed.count - first), scores + first);
    }
  }
}

void dense_maxima_scalar(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                         float* best) noexcept {
  float products[kLanes];
  std::fill_n(best, round_up(packed.count, kLanes), -std::numeric_limits<float>::infinity());
  for (std::int64_t row = begin; row < end; ++row) {
    for (std::int64_t first = 0; first < packed.count; first += kLanes) {
      product_with_strip(packed, first / kLanes, rows + row * packed.dim, products);
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        best[first + lane] = products[lane] > best[first + lane] ? products[lane] : best[first + lane];
      }
    }
  }
}

void dense_nearest_scalar(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                          std::uint32_t* nearest) noexcept {
  float products[kLanes];
  for (std::int64_t row = begin; row < end; ++row) {
    float best = -std::numeric_limits<float>::infinity();
    std::int64_t id = 0;
    for (std::int64_t first = 0; first < packed.count; first += kLanes) {
      product_with_strip(packed, first / kLanes, rows + row * packed.dim, products);
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        if (products[lane] > best) {
          best = products[lane];
          id = first + lane;
        }
      }
    }
    nearest[row - begin] = static_cast<std::uint32_t>(id);
  }
}

}  // namespace colmodern
