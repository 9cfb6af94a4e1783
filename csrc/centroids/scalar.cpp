// Centroids in portable C++: the twin that the other instruction sets agree with, bit for bit.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "centroids/weight.h"
#include "contexts/contexts.h"
#include "kernels.h"

namespace colmodern {
namespace {

constexpr std::int16_t kLowest = std::numeric_limits<std::int16_t>::min();

std::int32_t product(const std::int8_t* a, const std::int8_t* b, std::int64_t dim) noexcept {
  std::int32_t sum = 0;
  for (std::int64_t d = 0; d < dim; ++d) sum += static_cast<std::int16_t>(a[d]) * static_cast<std::int16_t>(b[d]);
  return sum;
}

// Cut off at both ends; a NaN becomes the lowest.
std::int16_t rounded(float scaled) noexcept {
  const float whole = std::nearbyint(scaled);
  if (!(whole > -32768.0F)) return kLowest;
  return whole < 32767.0F ? static_cast<std::int16_t>(whole) : std::int16_t{32767};
}

}  // namespace

void centroid_products_scalar(const PackedQuery& query, const std::int8_t* centroids, const float* steps,
                              std::int64_t begin, std::int64_t end, std::int16_t* rows, std::int64_t stride) noexcept {
  for (std::int64_t i = begin; i < end; ++i) {
    std::int16_t* row = rows + i * stride;
    for (std::int64_t q = 0; q < query.count; ++q) {
      const auto integer = product(query.values + q * query.dim, centroids + i * query.dim, query.dim);
      row[q] = rounded(static_cast<float>(integer) * query.scales[q] * steps[i]);
    }
    std::fill(row + query.count, row + stride, kLowest);
  }
}

void centroid_sums_scalar(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                          std::int64_t begin, std::int64_t end, float* sums) noexcept {
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int16_t* row = table.row(ids[i]);
    for (std::int64_t lane = 0; lane < table.stride; ++lane) sums[lane] += weight(in_context(row[lane], context[lane]));
  }
}

void group_maxima_scalar(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                         std::int64_t begin, std::int64_t end, std::int16_t* maxima, std::int64_t n_greatest,
                         std::int16_t* greatest) noexcept {
  for (; begin < end; begin += kGroupTokens, maxima += table.stride) {
    std::fill_n(maxima, table.stride, kLowest);
    for (std::int64_t i = begin; i < std::min(begin + kGroupTokens, end); ++i) {
      const std::int16_t* row = table.row(ids[i]);
      for (std::int64_t lane = 0; lane < table.stride; ++lane) {
        maxima[lane] = std::max(maxima[lane], in_context(row[lane], context[lane]));
      }
    }
    for (std::int64_t lane = 0; lane < table.stride; ++lane) {
      std::int16_t number = maxima[lane];
      for (std::int64_t i = 0; i < n_greatest; ++i) {
        std::int16_t& place = greatest[i * table.stride + lane];
        if (number > place) std::swap(number, place);
      }
    }
  }
}

std::int64_t rows_from_scalar(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                              std::int64_t begin, std::int64_t end, const std::int16_t* /*maxima*/,
                              const std::int16_t* floors, std::int32_t* places, std::int16_t* rows) noexcept {
  std::int64_t n = 0;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int16_t* row = table.row(ids[i]);
    bool is_from = false;
    for (std::int64_t lane = 0; lane < table.stride; ++lane) {
      rows[lane] = in_context(row[lane], context[lane]);
      is_from |= rows[lane] >= floors[lane];
    }
    if (!is_from) continue;
    places[n++] = static_cast<std::int32_t>(i - begin);
    rows += table.stride;
  }
  return n;
}

}  // namespace colmodern
