// Work split over threads so that the result does not depend on how many there are.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

namespace colmodern {

// Calls body(state, begin, end) for consecutive pieces of [0, n), each by exactly one thread, with a state that
// the thread has made for all of its pieces. Neither may throw. If the system refuses a thread, the ones there are
// do the work.
template <class Make, class Body>
void parallel_for_with(std::int64_t n, std::int64_t piece, int threads, const Make& make, const Body& body) {
  const std::int64_t pieces = (n + piece - 1) / piece;
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    std::int64_t i = next++;
    if (i >= pieces) return;
    for (auto state = make(); i < pieces; i = next++) body(state, i * piece, std::min(n, (i + 1) * piece));
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

// The same for a body that needs no state: body(begin, end).
template <class Body>
void parallel_for(std::int64_t n, std::int64_t piece, int threads, const Body& body) {
  parallel_for_with(
      n, piece, threads, [] { return 0; }, [&](int, std::int64_t begin, std::int64_t end) { body(begin, end); });
}

}  // namespace colmodern
