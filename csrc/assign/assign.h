// Which centroid is nearest to a row? Two-level search in whole numbers.
//
// Rows and centroids share one grid: a row is value + 64 with values of 7 bits, a centroid 8 bits on a grid twice as
// fine. The score of a row and a centroid is their product minus half the centroid's squared length, an integer that
// `start` completes: start = -64 * sum(centroid) - |centroid|^2 / 4. Every instruction set computes the same.
#pragma once

#include <cstdint>

#include "aligned.h"
#include "kernels.h"

namespace colmodern {

// Centroids in cells. A cell is represented by the mean of its members.
struct Cells {
  std::int64_t count;
  std::int64_t n_probes;        // how many cells each row looks into
  PackedRows representatives;   // not read where there is one cell only
  PackedRows members;           // each cell begins with a new strip
  const std::int64_t* offsets;  // (count + 1): where cells begin, in strips
  const std::uint32_t* ids;     // (16 * strips): the number of each member
};

// nearest: (n,); the member with the greatest score in the best cells, the first of equals
// scores: (n,), or null; its score
void nearest_in_cells(const Kernels&, const Cells&, const std::uint8_t* rows, std::int64_t n, int threads,
                      std::uint32_t* nearest, std::int32_t* scores);

// The same for blocks of rows, with memory that is kept between them.
class BlockSearch {
 public:
  // Blocks have at most kRows rows: many for each cell, and all of them in the second-level cache.
  static constexpr std::int64_t kRows = 2048;

  BlockSearch(const Kernels& kernels, const Cells& cells, std::int64_t most_rows = kRows);
  void run(const std::uint8_t* rows, std::int64_t n, std::uint32_t* nearest, std::int32_t* scores) noexcept;

 private:
  void choose(const std::uint8_t* rows, std::int64_t n) noexcept;
  void group(std::int64_t n) noexcept;

  const Kernels& kernels_;
  const Cells& cells_;
  std::int64_t probes_;
  AlignedArray<std::int32_t> cell_scores_;
  AlignedArray<std::int32_t> scratch_;
  AlignedArray<std::int32_t> chosen_;  // (n, probes)
  AlignedArray<std::int64_t> ends_;    // of each cell in `listed_`
  AlignedArray<std::int32_t> listed_;  // the rows that look into each cell, in order
  AlignedArray<std::int32_t> best_;    // (n, 16)
  AlignedArray<std::int32_t> strips_;
};

// sums: (n_clusters, dim), counts: (n_clusters,); of the values of the rows of each cluster. Both begin with zeros.
// Throws std::invalid_argument if a row names no cluster.
void sum_clusters(const std::uint8_t* rows, const std::uint32_t* clusters, std::int64_t n, std::int64_t dim,
                  std::int64_t n_clusters, int threads, std::int32_t* sums, std::int32_t* counts);

}  // namespace colmodern
