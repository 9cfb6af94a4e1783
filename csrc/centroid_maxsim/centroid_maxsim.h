// MaxSim over centroids: each token of a document stands for nothing but its centroid.
#pragma once

#include "documents.h"
#include "kernels.h"

namespace colmodern {

// A C-contiguous (n_centroids, count) matrix: how much each query token likes each centroid.
struct CentroidScores {
  const float* data;
  std::int64_t n_centroids;
  std::int64_t count;
};

// result: (list.n_listed,); throws std::invalid_argument if an id is not below n_centroids
void centroid_maxsim(const Kernels&, const CentroidScores&, const CentroidIds&, const DocumentList& list,
                     int threads, float* result);

}  // namespace colmodern
