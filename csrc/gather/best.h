// The best of what comes by and by.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace colmodern {

// The n best of what comes in the order of its ids, so an equal score that comes later loses.
template <class Score, class Id>
class Best {
 public:
  using Entry = std::pair<Score, Id>;

  explicit Best(std::int64_t n) : n_(static_cast<std::size_t>(n)) { found_.reserve(2 * n_); }

  // What is not greater need not be added once n were.
  Score threshold() const noexcept { return threshold_; }

  void add(Score score, Id id) {
    if (n_ == 0) return;
    found_.emplace_back(score, id);
    if (found_.size() == 2 * n_) keep();
  }

  const std::vector<Entry>& sorted() { return first_sorted(static_cast<std::int64_t>(n_)); }

  // The n best, of which the first so many are the best of these, in order; the others are in none.
  const std::vector<Entry>& first_sorted(std::int64_t ordered) {
    keep();
    const std::int64_t size = static_cast<std::int64_t>(found_.size());
    const auto end = found_.begin() + std::min(ordered, size);
    if (end != found_.end()) std::nth_element(found_.begin(), end, found_.end(), before);
    std::sort(found_.begin(), end, before);
    return found_;
  }

 private:
  static bool before(const Entry& a, const Entry& b) noexcept {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  }

  void keep() {
    if (found_.size() < n_ || n_ == 0) return;
    const auto last = found_.begin() + static_cast<std::ptrdiff_t>(n_) - 1;
    std::nth_element(found_.begin(), last, found_.end(), before);
    threshold_ = last->first;
    found_.resize(n_);
  }

  std::size_t n_;
  std::vector<Entry> found_;
  Score threshold_ = std::numeric_limits<Score>::lowest();
};

}  // namespace colmodern
