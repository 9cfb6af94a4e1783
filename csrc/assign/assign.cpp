#include "assign/assign.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "aligned.h"
#include "parallel.h"

namespace colmodern {
namespace {

// Rows that are grouped by cell at a time: many for each cell, and all in the second-level cache.
constexpr std::int64_t kBlock = 4096;
constexpr std::int64_t kTileRows = 8;
constexpr std::int32_t kWorst = std::numeric_limits<std::int32_t>::min();

// The rows of a block that look into each cell, in order.
class Visits {
 public:
  Visits(const Kernels& kernels, const Cells& cells, const std::uint8_t* rows, std::int64_t n)
      : begins_(static_cast<std::size_t>(cells.count + 1)) {
    const std::int64_t probes = std::min(cells.n_probes, cells.count);
    chosen_.resize(static_cast<std::size_t>(n * probes));
    if (probes == cells.count) {
      for (std::int64_t i = 0; i < n * probes; ++i) chosen_[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i % probes);
    } else {
      choose(kernels, cells, rows, n, probes);
    }
    group(n, probes);
  }

  const std::int32_t* begin(std::int64_t cell) const noexcept { return rows_.data() + begins_[static_cast<std::size_t>(cell)]; }
  std::int64_t count(std::int64_t cell) const noexcept {
    return begins_[static_cast<std::size_t>(cell) + 1] - begins_[static_cast<std::size_t>(cell)];
  }

 private:
  void choose(const Kernels& kernels, const Cells& cells, const std::uint8_t* rows, std::int64_t n,
              std::int64_t probes) {
    const std::int64_t padded = cells.representatives.strips * kLanes;
    AlignedArray<std::int32_t> scores(static_cast<std::size_t>(kTileRows * padded));
    for (std::int64_t row = 0; row < n; row += kTileRows) {
      const std::int64_t end = std::min(n, row + kTileRows);
      kernels.row_scores(cells.representatives, rows, row, end, scores.data());
      for (std::int64_t i = row; i < end; ++i) {
        kernels.greatest(scores.data() + (i - row) * padded, padded, probes, chosen_.data() + i * probes);
      }
    }
  }

  void group(std::int64_t n, std::int64_t probes) {
    for (const std::int32_t cell : chosen_) ++begins_[static_cast<std::size_t>(cell) + 1];
    for (std::size_t cell = 1; cell < begins_.size(); ++cell) begins_[cell] += begins_[cell - 1];
    std::vector<std::int64_t> next(begins_.begin(), begins_.end() - 1);
    rows_.resize(chosen_.size());
    for (std::int64_t row = 0; row < n; ++row) {
      for (std::int64_t p = 0; p < probes; ++p) {
        const auto cell = static_cast<std::size_t>(chosen_[static_cast<std::size_t>(row * probes + p)]);
        rows_[static_cast<std::size_t>(next[cell]++)] = static_cast<std::int32_t>(row);
      }
    }
  }

  std::vector<std::int64_t> begins_;
  std::vector<std::int32_t> chosen_;  // (n, probes)
  std::vector<std::int32_t> rows_;
};

}  // namespace

void nearest_of_block(const Kernels& kernels, const Cells& cells, const std::uint8_t* rows, std::int64_t n,
                      std::uint32_t* nearest, std::int32_t* scores) {
  const Visits visits(kernels, cells, rows, n);
  AlignedArray<std::int32_t> best(static_cast<std::size_t>(n * kLanes));
  AlignedArray<std::int32_t> strips(static_cast<std::size_t>(n * kLanes));
  std::fill_n(best.data(), n * kLanes, kWorst);
  for (std::int64_t cell = 0; cell < cells.count; ++cell) {
    if (visits.count(cell) == 0) continue;
    kernels.raise_nearest(cells.members, cells.offsets[cell], cells.offsets[cell + 1], rows, visits.begin(cell),
                          visits.count(cell), best.data(), strips.data());
  }
  for (std::int64_t row = 0; row < n; ++row) {
    std::int32_t greatest = kWorst;
    std::int64_t place = 0;
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const auto at = static_cast<std::size_t>(row * kLanes + lane);
      const std::int64_t candidate = strips[at] * kLanes + lane;
      if (best[at] > greatest || (best[at] == greatest && candidate < place)) {
        greatest = best[at];
        place = candidate;
      }
    }
    nearest[row] = cells.ids[place];
    if (scores != nullptr) scores[row] = greatest;
  }
}

void nearest_in_cells(const Kernels& kernels, const Cells& cells, const std::uint8_t* rows, std::int64_t n,
                      int threads, std::uint32_t* nearest, std::int32_t* scores) {
  parallel_for(n, kBlock, threads, [&](std::int64_t begin, std::int64_t end) {
    nearest_of_block(kernels, cells, rows + begin * cells.members.dim, end - begin, nearest + begin,
                     scores == nullptr ? nullptr : scores + begin);
  });
}

void sum_clusters(const std::uint8_t* rows, const std::uint32_t* clusters, std::int64_t n, std::int64_t dim,
                  std::int64_t n_clusters, int threads, std::int32_t* sums, std::int32_t* counts) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (clusters[i] >= n_clusters) {
      throw std::invalid_argument("clusters[" + std::to_string(i) + "] is " + std::to_string(clusters[i]) +
                                  ", expected below " + std::to_string(n_clusters));
    }
    ++counts[clusters[i]];
  }
  // Each thread adds the rows of its own clusters, so no two write to the same sum.
  constexpr std::int64_t kPieces = 16;
  const std::int64_t piece = std::max<std::int64_t>(1, (n_clusters + kPieces - 1) / kPieces);
  parallel_for(n_clusters, piece, threads, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t cluster = clusters[i];
      if (cluster < begin || cluster >= end) continue;
      const std::uint8_t* row = rows + i * dim;
      std::int32_t* sum = sums + cluster * dim;
      for (std::int64_t d = 0; d < dim; ++d) sum[d] += row[d] - kRowOffset;
    }
  });
}

}  // namespace colmodern
