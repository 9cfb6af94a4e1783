// MaxSim over coded tokens, never decompressed to floats. README.md has the formula and the layout.
#pragma once

#include <cstdint>

#include "centroid_maxsim/centroid_maxsim.h"
#include "documents.h"
#include "kernels.h"

namespace colmodern {

// A query of 8-bit integers: values (count, dim) within -127..127, scales (count,).
struct CodeQuery {
  const std::int8_t* values;
  const float* scales;
  std::int64_t count;
  std::int64_t dim;
};

// The columns of coded tokens as they are stored.
struct StoredCodes {
  CentroidIds ids;
  const std::uint8_t* residuals;  // (n, dim * bits / 8)
  const std::uint16_t* gains;     // float16
  const std::uint16_t* norms;     // float16
  int bits;                       // 1, 2 or 4
};

// levels: 2^bits integers within -63..63. result: (list.n_listed,).
// Throws std::invalid_argument if an id is not below n_centroids.
void maxsim_codes(const Kernels&, const CodeQuery&, const CentroidScores&, const std::int8_t* levels,
                  const StoredCodes&, const DocumentList&, int threads, float* result);

}  // namespace colmodern
