// Products of float32 vectors: centroid scores, MaxSim over float vectors, nearest centroids.
//
// A product starts at 0 (or at `start`) and adds the dimensions in order by fused multiply-add.
#pragma once

#include <cstdint>

#include "documents.h"
#include "kernels.h"

namespace colmodern {

// A C-contiguous float matrix.
struct FloatRows {
  const float* data;
  std::int64_t count;
  std::int64_t dim;
};

// scores: (rows.count, query.count)
void centroid_scores(const Kernels&, FloatRows query, FloatRows rows, int threads, float* scores);

// total: how maxima make a score. scores: (documents.count,)
void maxsim(const Kernels&, FloatRows query, const float* vectors, const Documents&, const Total& total, int threads,
            float* scores);

// nearest: (vectors.count,); the centroid whose product, starting from its start value, is greatest
void nearest_centroids(const Kernels&, FloatRows vectors, const PackedVectors& centroids, int threads,
                       std::uint32_t* nearest);

}  // namespace colmodern
