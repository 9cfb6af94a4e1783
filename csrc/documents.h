// How documents are scored: each by one thread, from the greatest scores of query tokens.
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

// Some tokens of many.
struct Tokens {
  std::int64_t begin;
  std::int64_t end;
};

// The documents of ragged tokens, all of them in order.
struct Documents {
  const std::int64_t* offsets;  // (count + 1)
  std::int64_t count;
  std::int64_t n_tokens;

  Tokens operator[](std::int64_t i) const noexcept { return {offsets[i], offsets[i + 1]}; }
};

// Throws std::invalid_argument if the tokens of a document lie outside what there is.
inline void check(const Documents& documents) {
  for (std::int64_t i = 0; i < documents.count; ++i) {
    const auto [begin, end] = documents[i];
    if (begin < 0 || end < begin || end > documents.n_tokens) {
      throw std::invalid_argument("offsets of document " + std::to_string(i) + " are " + std::to_string(begin) +
                                  " to " + std::to_string(end) + ", expected a range within " +
                                  std::to_string(documents.n_tokens) + " tokens");
    }
  }
}

// A document's score: the maxima summed in query order in double precision, rounded once.
inline float sum_of(const float* best, std::int64_t count) noexcept {
  double sum = 0.0;
  for (std::int64_t i = 0; i < count; ++i) sum += best[i];
  return static_cast<float>(sum);
}

// How maxima make a document's score: their sum where sharpness is 0, else with good matches counting more than bad
// ones, a match being what a maximum is above the expected one: sum(expected) + count * log(mean(exp(sharpness * (best
// - expected)))) / sharpness. `expected` is null where nothing is expected.
struct Total {
  double sharpness;
  const float* expected;  // (count)

  // `count` is above 0.
  float operator()(const float* best, std::int64_t count) const noexcept {
    if (sharpness == 0.0) return sum_of(best, count);
    double greatest = -std::numeric_limits<double>::infinity();
    double offsets = 0.0;
    for (std::int64_t i = 0; i < count; ++i) {
      greatest = std::max(greatest, above(best, i));
      if (expected != nullptr) offsets += expected[i];
    }
    double sum = 0.0;
    for (std::int64_t i = 0; i < count; ++i) sum += std::exp(sharpness * (above(best, i) - greatest));
    const auto n = static_cast<double>(count);
    return static_cast<float>(offsets + n * (greatest + std::log(sum / n) / sharpness));
  }

 private:
  double above(const float* best, std::int64_t i) const noexcept {
    return expected == nullptr ? static_cast<double>(best[i]) : static_cast<double>(best[i]) - expected[i];
  }
};

// scores[i] = what `score(document)` makes of documents[i] of n, which has a `begin` and an `end` among tokens. An
// empty document scores minus infinity, an empty query zero. `score` is made once for each thread by `scorer()`.
template <class List, class Scorer>
void score_documents(const List& documents, std::int64_t count, int threads, const Scorer& scorer, float* scores) {
  constexpr std::int64_t kPiece = 8;
  parallel_for_with(documents.count, kPiece, threads, scorer, [&](auto& score, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const auto document = documents[i];
      if (count == 0) {
        scores[i] = 0.0F;
      } else if (document.begin == document.end) {
        scores[i] = -std::numeric_limits<float>::infinity();
      } else {
        scores[i] = score(document);
      }
    }
  });
}

// Notes the first centroid id that points outside the centroids; kernels then skip that document.
class IdCheck {
 public:
  explicit IdCheck(std::int64_t n_centroids) noexcept : n_centroids_(n_centroids) {}

  bool passes(const CentroidIds& ids, std::int64_t begin, std::int64_t end) noexcept {
    std::uint32_t greatest = 0;
    for (std::int64_t i = begin; i < end; ++i) greatest = std::max(greatest, ids[i]);
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
  std::int64_t n_centroids_;
  std::atomic<bool> failed_{false};
  std::atomic<std::uint32_t> worst_{0};
};

}  // namespace colmodern
