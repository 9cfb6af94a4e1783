#include <cstdint>
#include <limits>
#include <vector>

#include "centroids/centroids.h"
#include "lanes.h"

namespace colmodern {
namespace {

// Adds to the sums of kRowLanes lanes the greatest number of each in the rows of some tokens.
void add_greatest(const CentroidRows& table, const CentroidIds& ids, const Tokens& tokens, std::int64_t lane,
                  std::int64_t* sums) noexcept {
  constexpr std::int64_t kHalf = kRowLanes / 2;
  SignedShorts low = SignedShorts{} + std::numeric_limits<std::int16_t>::min();
  SignedShorts high = low;
  for (std::int64_t token = tokens.begin; token < tokens.end; ++token) {
    const std::int16_t* row = table.row(ids[token]) + lane;
    SignedShorts first;
    SignedShorts second;
    load(first, row);
    load(second, row + kHalf);
    low = first > low ? first : low;
    high = second > high ? second : high;
  }
  for (std::int64_t j = 0; j < kHalf; ++j) {
    sums[j] += low[j];
    sums[kHalf + j] += high[j];
  }
}

}  // namespace

void expected_maxima(const CentroidRows& table, const CentroidIds& ids, const Documents& documents, float* expected) {
  check(documents);
  IdCheck ids_are_known(table.n_centroids);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(table.stride));
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < documents.count; ++i) {
    const Tokens tokens = documents[i];
    if (tokens.begin == tokens.end || !ids_are_known.passes(ids, tokens.begin, tokens.end)) continue;
    for (std::int64_t lane = 0; lane < table.stride; lane += kRowLanes) {
      add_greatest(table, ids, tokens, lane, sums.data() + lane);
    }
    ++n;
  }
  ids_are_known.raise_if_failed();
  for (std::int64_t lane = 0; lane < table.count; ++lane) {
    const auto sum = static_cast<double>(sums[static_cast<std::size_t>(lane)]);
    expected[lane] = n == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(n) * table.steps[lane]);
  }
}

}  // namespace colmodern
