// MaxSim over coded tokens, never decompressed to floats. README.md has the formula and the layout.
#pragma once

#include <cstdint>

#include "contexts/contexts.h"
#include "documents.h"
#include "kernels.h"
#include "packed_query.h"
#include "segments.h"

namespace colmodern {

// A query, and what residual codes mean.
struct CodeQuery {
  ByteQuery query;
  const std::int8_t* levels;  // 16 integers within -63..63
  int bits;                   // 1, 2 or 4
  ContextQuery contexts;
};

// The depth that scores every token.
constexpr std::int64_t kWhole = 0;

// total: how maxima make a score. depth: of a document of at least 64 * depth tokens only those are scored whose
// centroid and context reach, for any query token, the depth-th greatest of the maxima of its groups of 16 tokens.
// result: (listed.count,). Throws std::invalid_argument if an id is not below table.n_centroids, or what is listed does
// not fit.
void maxsim_codes(const Kernels&, const CodeQuery&, const CentroidRows& table, const Listed&, const Total& total,
                  std::int64_t depth, int threads, float* result);

// Spans of documents: span i is the tokens begins[i] to ends[i] of document i of the list.
struct Spans {
  Listed documents;
  const std::int64_t* begins;
  const std::int64_t* ends;
};

// maxima: (n_spans, query.count): the greatest score of each query token in each span, minus infinity in an empty one.
// Throws std::invalid_argument if a span, an id or a context lies outside what there is.
void code_maxima(const Kernels&, const CodeQuery&, const CentroidRows& table, const Spans&, int threads, float* maxima);

}  // namespace colmodern
