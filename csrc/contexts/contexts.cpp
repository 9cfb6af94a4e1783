#include "contexts/contexts.h"

#include "centroids/centroids.h"
#include "half.h"
#include "runs.h"

namespace colmodern {
namespace {

// Two dimensions lie in a byte; each has the four bits of its level.
void unpack(const std::uint8_t* residual, std::int64_t n_bytes, const std::int8_t* levels,
            std::int8_t* values) noexcept {
  for (std::int64_t i = 0; i < n_bytes; ++i) {
    values[2 * i] = levels[residual[i] % kLevels];
    values[2 * i + 1] = levels[residual[i] / kLevels];
  }
}

}  // namespace

ContextRows::ContextRows(const Kernels& kernels, const ContextQuery& query, std::int64_t stride)
    : kernels_(kernels),
      query_(query),
      stride_(stride),
      layout_(query.query, 1, kCentroidOffset),
      values_(static_cast<std::size_t>(kRoom * query.query.dim)),
      steps_(static_cast<std::size_t>(kRoom)),
      rows_(static_cast<std::size_t>(kRoom * stride)),
      zeros_(static_cast<std::size_t>(stride)) {}

void ContextRows::make(const StoredContexts& contexts) noexcept {
  const std::int64_t dim = query_.query.dim;
  for (std::int64_t i = 0; i < last_ - first_; ++i) {
    unpack(contexts.residuals + (first_ + i) * (dim / 2), dim / 2, query_.levels.values, values_.data() + i * dim);
    steps_[static_cast<std::size_t>(i)] = from_half(contexts.gains[first_ + i]) * query_.levels.step;
  }
  kernels_.centroid_products(layout_.view(), values_.data(), steps_.data(), 0, last_ - first_, rows_.data(), stride_);
}

}  // namespace colmodern
