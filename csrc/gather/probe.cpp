#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "gather/best.h"
#include "gather/gather.h"

namespace colmodern {
namespace {

constexpr std::int16_t kLowest = std::numeric_limits<std::int16_t>::min();
constexpr std::int64_t kGroupsAProbe = 8;

// For each lane a number that at least n rows exceed, n >= 1; the lowest there is, if none is known. Rows are in
// groups: n groups have maxima that reach the n-th greatest maximum. With eight groups for each of the n that number is
// only a little below the n-th greatest of all rows.
std::vector<std::int16_t> floors_of(const CentroidRows& table, std::int64_t n) {
  std::vector<std::int16_t> floors(static_cast<std::size_t>(table.stride), kLowest);
  const std::int64_t size = table.n_centroids / std::max<std::int64_t>(1, kGroupsAProbe * n);
  if (size < 2) return floors;
  const std::int64_t count = (table.n_centroids + size - 1) / size;
  std::vector<std::int16_t> maxima(static_cast<std::size_t>(count * table.stride), kLowest);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t end = std::min(table.n_centroids, (i + 1) * size);
    for (std::int64_t lane = 0; lane < table.stride; lane += kRowLanes) {
      std::int16_t* greatest = maxima.data() + i * table.stride + lane;
      for (std::int64_t id = i * size; id < end; ++id) {
        const std::int16_t* row = table.rows + id * table.stride + lane;
        for (int j = 0; j < kRowLanes; ++j) greatest[j] = std::max(greatest[j], row[j]);
      }
    }
  }
  std::vector<std::int16_t> of_lane(static_cast<std::size_t>(count));
  for (std::int64_t lane = 0; lane < table.count; ++lane) {
    for (std::int64_t i = 0; i < count; ++i) {
      of_lane[static_cast<std::size_t>(i)] = maxima[static_cast<std::size_t>(i * table.stride + lane)];
    }
    const auto nth = of_lane.begin() + n - 1;
    std::nth_element(of_lane.begin(), nth, of_lane.end(), std::greater<>());
    floors[static_cast<std::size_t>(lane)] = static_cast<std::int16_t>(std::max<int>(*nth - 1, kLowest));
  }
  return floors;
}

bool any_above(const std::int16_t* row, const std::int16_t* floors, std::int64_t stride) noexcept {
  for (std::int64_t lane = 0; lane < stride; lane += kRowLanes) {
    std::int16_t above = 0;
    for (std::int64_t j = lane; j < lane + kRowLanes; ++j) {
      above = static_cast<std::int16_t>(above | -(row[j] > floors[j]));
    }
    if (above != 0) return true;
  }
  return false;
}

}  // namespace

void probe(const CentroidRows& table, std::int64_t n, std::uint32_t* probed) {
  if (n == 0) return;
  std::vector<Best<std::int16_t, std::uint32_t>> best;
  for (std::int64_t query = 0; query < table.count; ++query) best.emplace_back(n);
  std::vector<std::int16_t> floors = floors_of(table, n);
  std::fill(floors.begin() + table.count, floors.end(), std::numeric_limits<std::int16_t>::max());
  for (std::int64_t id = 0; id < table.n_centroids; ++id) {
    const std::int16_t* row = table.row(static_cast<std::uint32_t>(id));
    if (id >= n && !any_above(row, floors.data(), table.stride)) continue;
    for (std::int64_t query = 0; query < table.count; ++query) {
      const auto i = static_cast<std::size_t>(query);
      // Where nothing is known, the first n are taken whatever they are.
      if (row[query] <= floors[i] && (id >= n || floors[i] > kLowest)) continue;
      best[i].add(row[query], static_cast<std::uint32_t>(id));
      floors[i] = std::max(floors[i], best[i].threshold());
    }
  }
  for (auto& one : best) {
    for (const auto& [score, id] : one.sorted()) *probed++ = id;
  }
}

}  // namespace colmodern
