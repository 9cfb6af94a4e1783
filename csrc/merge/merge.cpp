#include "merge/merge.h"

#include <cstddef>
#include <limits>
#include <vector>

namespace colmodern {
namespace {

// The clusters that are left, each under the number of its first member, and for each the nearest one behind it.
class Clusters {
 public:
  Clusters(const float* products, std::int64_t n)
      : n_(static_cast<std::size_t>(n)), distances_(n_ * n_), sizes_(n_, 1.0), into_(n_), nearest_(n_, n_) {
    for (std::size_t i = 0; i < n_ * n_; ++i) distances_[i] = 1.0 - static_cast<double>(products[i]);
    for (std::size_t i = 0; i < n_; ++i) {
      into_[i] = i;
      left_.push_back(i);
    }
    for (std::size_t place = 0; place < n_; ++place) find_nearest(place);
  }

  std::size_t count() const noexcept { return left_.size(); }

  void merge_two() {
    const std::size_t first_place = closest();
    const std::size_t first = left_[first_place];
    const std::size_t second = nearest_[first];
    update(first, second);
    into_[second] = first;
    sizes_[first] += sizes_[second];
    std::erase(left_, second);
    for (std::size_t place = 0; place < left_.size() && left_[place] < second; ++place) {
      const std::size_t i = left_[place];
      if (i == first || nearest_[i] == first || nearest_[i] == second) {
        find_nearest(place);
      } else if (i < first &&
                 (at(i, first) < to_nearest(i) || (at(i, first) == to_nearest(i) && first < nearest_[i]))) {
        nearest_[i] = first;
      }
    }
  }

  void label(std::uint32_t* labels) const noexcept {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < n_; ++i) labels[i] = into_[i] == i ? next++ : labels[into_[i]];
  }

 private:
  // Distances lie above the diagonal.
  double& at(std::size_t i, std::size_t j) noexcept { return distances_[i < j ? i * n_ + j : j * n_ + i]; }

  double to_nearest(std::size_t i) noexcept {
    return nearest_[i] < n_ ? at(i, nearest_[i]) : std::numeric_limits<double>::infinity();
  }

  void find_nearest(std::size_t place) {
    const std::size_t i = left_[place];
    const double* row = distances_.data() + i * n_;
    double least = std::numeric_limits<double>::infinity();
    nearest_[i] = n_;
    for (std::size_t other = place + 1; other < left_.size(); ++other) {
      if (row[left_[other]] < least) {
        nearest_[i] = left_[other];
        least = row[left_[other]];
      }
    }
  }

  std::size_t closest() {
    std::size_t found = 0;
    for (std::size_t place = 1; place < left_.size(); ++place) {
      if (to_nearest(left_[place]) < to_nearest(left_[found])) found = place;
    }
    return found;
  }

  void update(std::size_t first, std::size_t second) {
    const double between = at(first, second);
    for (const std::size_t k : left_) {
      if (k == first || k == second) continue;
      const double joined = (sizes_[first] + sizes_[k]) * at(first, k) + (sizes_[second] + sizes_[k]) * at(second, k);
      at(first, k) = (joined - sizes_[k] * between) / (sizes_[first] + sizes_[second] + sizes_[k]);
    }
  }

  std::size_t n_;
  std::vector<double> distances_;
  std::vector<double> sizes_;
  std::vector<std::size_t> into_;
  std::vector<std::size_t> nearest_;
  std::vector<std::size_t> left_;  // ascending
};

}  // namespace

void merge_closest(const float* products, std::int64_t n, std::int64_t n_clusters, std::uint32_t* labels) {
  Clusters clusters(products, n);
  while (clusters.count() > static_cast<std::size_t>(n_clusters)) clusters.merge_two();
  clusters.label(labels);
}

}  // namespace colmodern
