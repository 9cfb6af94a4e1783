#include "assign/assign.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "aligned.h"
#include "parallel.h"

namespace colmodern {
namespace {

constexpr std::int64_t kTileRows = 8;
constexpr std::int32_t kWorst = std::numeric_limits<std::int32_t>::min();

std::size_t size(std::int64_t n) noexcept { return static_cast<std::size_t>(n); }

}  // namespace

BlockSearch::BlockSearch(const Kernels& kernels, const Cells& cells, std::int64_t most_rows)
    : kernels_(kernels),
      cells_(cells),
      probes_(std::min(cells.n_probes, cells.count)),
      cell_scores_(size(kTileRows * cells.representatives.strips * kLanes)),
      scratch_(size(cells.representatives.strips * kLanes + kLanes)),
      chosen_(size(most_rows * probes_)),
      ends_(size(cells.count + 1)),
      listed_(size(most_rows * probes_)),
      best_(size(most_rows * kLanes)),
      strips_(size(most_rows * kLanes)) {}

void BlockSearch::choose(const std::uint8_t* rows, std::int64_t n) noexcept {
  const std::int64_t padded = cells_.representatives.strips * kLanes;
  for (std::int64_t row = 0; row < n; row += kTileRows) {
    const std::int64_t end = std::min(n, row + kTileRows);
    kernels_.row_scores(cells_.representatives, rows, row, end, cell_scores_.data());
    for (std::int64_t i = row; i < end; ++i) {
      kernels_.greatest(cell_scores_.data() + (i - row) * padded, padded, probes_, chosen_.data() + i * probes_,
                        scratch_.data());
    }
  }
}

// Afterwards the rows of a cell lie from the end of the cell before it to its own.
void BlockSearch::group(std::int64_t n) noexcept {
  std::fill_n(ends_.data(), cells_.count + 1, 0);
  for (std::int64_t i = 0; i < n * probes_; ++i) ++ends_[size(chosen_[size(i)] + 1)];
  for (std::int64_t cell = 1; cell < cells_.count; ++cell) ends_[size(cell)] += ends_[size(cell - 1)];
  for (std::int64_t row = 0; row < n; ++row) {
    for (std::int64_t p = row * probes_; p < (row + 1) * probes_; ++p) {
      listed_[size(ends_[size(chosen_[size(p)])]++)] = static_cast<std::int32_t>(row);
    }
  }
}

void BlockSearch::run(const std::uint8_t* rows, std::int64_t n, std::uint32_t* nearest, std::int32_t* scores) noexcept {
  if (probes_ == cells_.count) {
    for (std::int64_t i = 0; i < n * probes_; ++i) chosen_[size(i)] = static_cast<std::int32_t>(i % probes_);
  } else {
    choose(rows, n);
  }
  group(n);
  std::fill_n(best_.data(), n * kLanes, kWorst);
  std::int64_t begin = 0;
  for (std::int64_t cell = 0; cell < cells_.count; ++cell) {
    const std::int64_t end = ends_[size(cell)];
    if (begin < end) {
      kernels_.raise_nearest(cells_.members, cells_.offsets[cell], cells_.offsets[cell + 1], rows,
                             listed_.data() + begin, end - begin, best_.data(), strips_.data());
    }
    begin = end;
  }
  for (std::int64_t row = 0; row < n; ++row) {
    const std::int32_t* best = best_.data() + row * kLanes;
    const std::int32_t* strips = strips_.data() + row * kLanes;
    const std::int32_t greatest = *std::max_element(best, best + kLanes);
    std::int64_t place = std::numeric_limits<std::int64_t>::max();
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      if (best[lane] == greatest) place = std::min(place, strips[lane] * kLanes + lane);
    }
    nearest[row] = cells_.ids[place];
    if (scores != nullptr) scores[row] = greatest;
  }
}

void nearest_in_cells(const Kernels& kernels, const Cells& cells, const std::uint8_t* rows, std::int64_t n, int threads,
                      std::uint32_t* nearest, std::int32_t* scores) {
  parallel_for_with(
      n, BlockSearch::kRows, threads, [&] { return BlockSearch(kernels, cells, std::min(n, BlockSearch::kRows)); },
      [&](BlockSearch& search, std::int64_t begin, std::int64_t end) {
        search.run(rows + begin * cells.members.dim, end - begin, nearest + begin,
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
