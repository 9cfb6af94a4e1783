// The rotations of rotary position embedding (Su et al. 2021), made when first asked for.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace colmodern::encoder {

// Of each position the cosines, and the sines, of position * frequency; a row a position, padded to whole vectors.
struct Rotations {
  std::int64_t n_positions = 0;
  std::vector<float> cosines, sines;
};

class Rotary {
 public:
  Rotary(std::vector<float> frequencies, std::int64_t padded) : frequencies_(std::move(frequencies)), padded_(padded) {}

  // Holds at least so many positions.
  std::shared_ptr<const Rotations> at_least(std::int64_t n) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (table_ == nullptr || table_->n_positions < n) table_ = made(n, table_.get());
    return table_;
  }

 private:
  std::shared_ptr<const Rotations> made(std::int64_t wanted, const Rotations* before) const {
    std::int64_t n = 64;
    while (n < wanted) n *= 2;
    auto table = std::make_shared<Rotations>();
    table->n_positions = n;
    table->cosines.assign(static_cast<std::size_t>(n * padded_), 1.0F);
    table->sines.assign(static_cast<std::size_t>(n * padded_), 0.0F);
    const std::int64_t known = before == nullptr ? 0 : before->n_positions;
    if (before != nullptr) {
      std::copy(before->cosines.begin(), before->cosines.end(), table->cosines.begin());
      std::copy(before->sines.begin(), before->sines.end(), table->sines.begin());
    }
    for (std::int64_t p = known; p < n; ++p) {
      for (std::size_t j = 0; j < frequencies_.size(); ++j) {
        // The angle is rounded to float32, as the models were trained; see RotaryTable in arithmetic.py.
        const double angle = static_cast<float>(p) * frequencies_[j];
        const std::size_t at = static_cast<std::size_t>(p * padded_) + j;
        table->cosines[at] = static_cast<float>(std::cos(angle));
        table->sines[at] = static_cast<float>(std::sin(angle));
      }
    }
    return table;
  }

  std::vector<float> frequencies_;
  std::int64_t padded_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Rotations> table_;
};

}  // namespace colmodern::encoder
