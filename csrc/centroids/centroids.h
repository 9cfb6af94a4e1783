// A query against all centroids, and a smooth MaxSim where a document is nothing but its centroids.
#pragma once

#include <cstdint>

#include "contexts/contexts.h"
#include "documents.h"
#include "kernels.h"
#include "packed_query.h"
#include "segments.h"

namespace colmodern {

// Centroids as they are stored: values (count, dim) within -127..127, a step each.
struct ByteCentroids {
  const std::int8_t* values;
  const float* steps;
  std::int64_t count;
};

// Centroids are multiplied as unsigned bytes, this much above their value.
constexpr std::int32_t kCentroidOffset = 128;

// rows: (centroids.count, stride), 64-byte aligned, stride a multiple of kRowLanes; CentroidRows tells what it holds.
void centroid_table(const Kernels&, const ByteQuery&, const ByteCentroids&, int threads, std::int16_t* rows,
                    std::int64_t stride);

// result: (listed.count,); throws std::invalid_argument if an id is not below table.n_centroids, or what is listed does
// not fit
void smooth_maxsim(const Kernels&, const CentroidRows& table, const ContextQuery&, const Listed&, int threads,
                   float* result);

// expected: (table.count,): the greatest number of each query token in a document, the mean over documents that have
// tokens; 0 if none has. Throws std::invalid_argument if an id is not below table.n_centroids, or what is listed does
// not fit.
void expected_maxima(const CentroidRows& table, const CentroidIds&, const Documents&, float* expected);

}  // namespace colmodern
