// MaxSim over coded tokens, never decompressed to floats. README.md has the formula and the layout.
#pragma once

#include <cstdint>

#include "contexts/contexts.h"
#include "documents.h"
#include "kernels.h"
#include "packed_query.h"

namespace colmodern {

// The columns of coded tokens as they are stored.
struct StoredCodes {
  CentroidIds ids;
  const std::uint8_t* residuals;  // (n, dim * bits / 8)
  const std::uint16_t* gains;     // float16
  const std::uint16_t* norms;     // float16
  int bits;                       // 1, 2 or 4
};

// levels: 16 integers within -63..63. sharpness: see total_of. result: (list.n_listed,).
// Throws std::invalid_argument if an id is not below table.n_centroids, or contexts do not fit.
void maxsim_codes(const Kernels&, const ByteQuery&, const CentroidRows& table, const std::int8_t* levels,
                  const StoredCodes&, const StoredContexts&, const DocumentList&, double sharpness, int threads,
                  float* result);

// maxima: (n_spans, query.count): the greatest score of each query token among the tokens offsets[i] to offsets[i + 1],
// minus infinity if there are none. The codes, and the contexts if there are any, are those of one document. Throws
// std::invalid_argument if a span or an id lies outside what there is, or contexts do not fit.
void code_maxima(const Kernels&, const ByteQuery&, const CentroidRows& table, const std::int8_t* levels,
                 const StoredCodes&, const StoredContexts&, const DocumentList& spans, int threads, float* maxima);

}  // namespace colmodern
