// Which vectors are so alike that one can stand for them?
#pragma once

#include <cstdint>

namespace colmodern {

// Merges the closest two of `n` unit vectors, or of what was merged before, until `n_clusters` are left (Ward 1963,
// with the update of Lance and Williams 1967): of equally close pairs the one with the lowest numbers.
// products: (n, n), every vector with every vector, finite. labels: (n,): clusters by their first member, from 0.
void merge_closest(const float* products, std::int64_t n, std::int64_t n_clusters, std::uint32_t* labels);

}  // namespace colmodern
