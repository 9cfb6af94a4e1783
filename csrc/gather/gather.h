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
// best probed centroid is than the last probed one. `allowed` has a place for every document of all segments. Writes
// the best `limit`, the best first, the lower number of equals; returns how many there are to write. `n_found` tells
// how many documents had a score. Threads share segments.
// Throws std::invalid_argument if a list or a document lies outside what there is.
std::int64_t gather(const CentroidRows& table, const std::uint32_t* probed, std::int64_t n, const Segments&,
                    const bool* allowed, std::int64_t limit, int threads, std::int64_t* documents, float* scores,
                    std::int64_t* n_found);

}  // namespace colmodern
