// The documents a kernel is asked to score: a list of positions into ragged tokens.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "aligned.h"
#include "kernels.h"
#include "parallel.h"

namespace colmodern {

struct DocumentList {
  const std::int64_t* offsets;
  std::int64_t n_documents;
  std::int64_t n_tokens;
  const std::int64_t* listed;  // null: every document in order
  std::int64_t n_listed;

  std::int64_t at(std::int64_t i) const noexcept { return listed == nullptr ? i : listed[i]; }
};

// Throws std::invalid_argument if a listed document, or its tokens, lie outside what there is.
inline void check(const DocumentList& list) {
  for (std::int64_t i = 0; i < list.n_listed; ++i) {
    const std::int64_t document = list.at(i);
    if (document < 0 || document >= list.n_documents) {
      throw std::invalid_argument("documents[" + std::to_string(i) + "] is " + std::to_string(document) +
                                  ", expected 0 to " + std::to_string(list.n_documents - 1));
    }
    const std::int64_t begin = list.offsets[document];
    const std::int64_t end = list.offsets[document + 1];
    if (begin < 0 || end < begin || end > list.n_tokens) {
      throw std::invalid_argument("offsets of document " + std::to_string(document) + " are " + std::to_string(begin) +
                                  " to " + std::to_string(end) + ", expected a range within " +
                                  std::to_string(list.n_tokens) + " tokens");
    }
  }
}

// A document's score: the maxima summed in query order in double precision, rounded once.
inline float sum_of(const float* best, std::int64_t count) noexcept {
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) sum += best[i];
  return static_cast<float>(sum);
}

// The same with good matches counting more than bad ones: count * log(mean(exp(sharpness * best))) / sharpness. The
// plain sum where sharpness is 0. `count` is above 0.
inline float total_of(const float* best, std::int64_t count, double sharpness) noexcept {
  if (sharpness == 0.0) return sum_of(best, count);
  const double greatest = *std::max_element(best, best + count);
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) sum += std::exp(sharpness * (best[i] - greatest));
  const auto n = static_cast<double>(count);
  return static_cast<float>(n * (greatest + std::log(sum / n) / sharpness));
}

// scores[i] = what `score(document, begin, end)` makes of the tokens of listed document i. An empty document scores
// minus infinity, an empty query zero. `score` is made once for each thread by `scorer()`. `list` has passed its check.
template <class Scorer>
void score_documents(const DocumentList& list, std::int64_t count, int threads, const Scorer& scorer, float* scores) {
  constexpr std::int64_t kPiece = 8;
  parallel_for_with(list.n_listed, kPiece, threads, scorer, [&](auto& score, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const std::int64_t document = list.at(i);
      const std::int64_t begin = list.offsets[document];
      const std::int64_t end = list.offsets[document + 1];
      if (count == 0) {
        scores[i] = 0.0F;
      } else if (begin == end) {
        scores[i] = -std::numeric_limits<float>::infinity();
      } else {
        scores[i] = score(document, begin, end);
      }
    }
  });
}

// Notes the first centroid id that points outside the centroids; kernels then skip that document.
class IdCheck {
 public:
  IdCheck(const CentroidIds& ids, std::int64_t n_centroids) noexcept : ids_(ids), n_centroids_(n_centroids) {}

  bool passes(std::int64_t begin, std::int64_t end) noexcept {
    std::uint32_t greatest = 0;
    for (std::int64_t i = begin; i < end; ++i) greatest = std::max(greatest, ids_[i]);
    if (greatest < n_centroids_) return true;
    worst_ = greatest;
    failed_ = true;
    return false;
  }

  void raise_if_failed() const {
    if (!failed_) return;
    throw std::invalid_argument("a centroid id is " + std::to_string(worst_.load()) + ", expected below " +
                                std::to_string(n_centroids_));
  }

 private:
  CentroidIds ids_;
  std::int64_t n_centroids_;
  std::atomic<bool> failed_{false};
  std::atomic<std::uint32_t> worst_{0};
};

}  // namespace colmodern
