// From a table of centroid scores to candidate documents: which centroids, then which documents.
#pragma once

#include <cstdint>

#include "kernels.h"
#include "segments.h"

namespace colmodern {

// probed: (table.count, n): for each query token the n best centroids, the best first, the lower id of equals.
// n is at most table.n_centroids.
void probe(const CentroidRows& table, std::int64_t n, std::uint32_t* probed);

// Scores every document that holds a probed centroid and is allowed: the sum over query tokens of how much better its
// best probed centroid is than the last probed one, less what is `taken_off` the document, unless that is null.
// `allowed` and `taken_off` have a place for every document of all segments. Writes the best `limit`; returns how many
// there are to write. The best `ordered` of them come first, the best first, the lower number of equals; the others
// follow in no order. `n_found` tells how many documents had a score. Threads share segments. Throws
// std::invalid_argument if a list or a document lies outside what there is.
std::int64_t gather(const CentroidRows& table, const std::uint32_t* probed, std::int64_t n, const Segments&,
                    const bool* allowed, const float* taken_off, std::int64_t limit, std::int64_t ordered, int threads,
                    std::int64_t* documents, float* scores, std::int64_t* n_found);

}  // namespace colmodern
