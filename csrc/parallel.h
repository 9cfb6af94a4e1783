// Work split over threads so that the result does not depend on how many there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace colmodern {

// Calls body(begin, end) for consecutive pieces of [0, n), each by exactly one thread. The body must not
// throw. If the system refuses a thread, the ones there are do the work.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t piece, int threads, const Body& body) {
  const std::int64_t pieces = (n + piece - 1) / piece;
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    for (std::int64_t i = next++; i < pieces; i = next++) {
      body(i * piece, std::min(n, (i + 1) * piece));
    }
  };
  std::vector<std::thread> helpers;
  const std::int64_t wanted = std::min<std::int64_t>(threads, pieces) - 1;
  try {
    if (wanted > 0) helpers.reserve(static_cast<std::size_t>(wanted));
    for (std::int64_t i = 0; i < wanted; ++i) helpers.emplace_back(work);
  } catch (const std::system_error&) {
    // Fewer helpers; `work` below takes what they would have taken.
  }
  work();
  for (auto& helper : helpers) helper.join();
}

}  // namespace colmodern
