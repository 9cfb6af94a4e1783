#include "contexts/contexts.h"

#include <cstring>
#include <stdexcept>
#include <string>

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

void check(const StoredContexts& contexts, const DocumentList& list) {
  if (contexts.none()) return;
  if (contexts.n_documents != list.n_documents) {
    throw std::invalid_argument("contexts are of " + std::to_string(contexts.n_documents) + " documents, expected " +
                                std::to_string(list.n_documents));
  }
  for (std::int64_t i = 0; i < list.n_listed; ++i) {
    const std::int64_t document = list.at(i);
    const std::int64_t begin = contexts.offsets[document];
    const std::int64_t end = contexts.offsets[document + 1];
    const std::int64_t wanted = blocks_of(list.offsets[document + 1] - list.offsets[document]);
    if (begin < 0 || end > contexts.count || end - begin != wanted) {
      throw std::invalid_argument("contexts of document " + std::to_string(document) + " are " + std::to_string(begin) +
                                  " to " + std::to_string(end) + ", expected " + std::to_string(wanted) + " within " +
                                  std::to_string(contexts.count));
    }
  }
}

ContextRows::ContextRows(const Kernels& kernels, const StoredContexts& contexts, std::int64_t stride, std::int64_t room)
    : kernels_(kernels),
      contexts_(contexts),
      stride_(stride),
      layout_(contexts.query, 1, kCentroidOffset),
      values_(static_cast<std::size_t>(room * contexts.query.dim)),
      steps_(static_cast<std::size_t>(room)),
      rows_(static_cast<std::size_t>(room * stride)) {}

void ContextRows::make(std::int64_t first, std::int64_t n) noexcept {
  const std::int64_t dim = contexts_.query.dim;
  for (std::int64_t i = 0; i < n; ++i) {
    unpack(contexts_.residuals + (first + i) * (dim / 2), dim / 2, contexts_.levels.values, values_.data() + i * dim);
    steps_[static_cast<std::size_t>(i)] = from_half(contexts_.gains[first + i]) * contexts_.levels.step;
  }
  kernels_.centroid_products(layout_.view(), values_.data(), steps_.data(), 0, n, rows_.data(), stride_);
}

}  // namespace colmodern
