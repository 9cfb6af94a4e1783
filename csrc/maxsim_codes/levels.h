// The table a residual code is looked up in.
#pragma once

#include <cstdint>

#include "runs.h"

namespace colmodern {

// Levels are stored as level + 64: unsigned, and so small that the sum of two products with an 8-bit query,
// 2 * 127 * 127, fits in 16 signed bits. That is what AVX2's multiply-add of bytes needs to be exact.
constexpr int kLevelOffset = 64;

// Sixteen bytes for a byte shuffle.
struct LevelTable {
  alignas(16) std::uint8_t bytes[kLevels];

  explicit LevelTable(const std::int8_t* levels) noexcept {
    for (int i = 0; i < kLevels; ++i) bytes[i] = static_cast<std::uint8_t>(levels[i] + kLevelOffset);
  }
};

}  // namespace colmodern
