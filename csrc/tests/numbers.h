// Random numbers for tests, the same on every machine.
#pragma once

#include <cstdint>

namespace colmodern {

// Steele, Lea and Flood's SplitMix64, as numbers around zero.
class Numbers {
 public:
  float next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return static_cast<float>(static_cast<std::int32_t>((z ^ (z >> 31)) >> 32)) * 0x1p-31F;
  }

 private:
  std::uint64_t state_ = 7;
};

}  // namespace colmodern
