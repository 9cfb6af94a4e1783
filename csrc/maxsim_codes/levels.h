// The table a residual code is looked up in.
#pragma once

#include <cstdint>

namespace colmodern {

// Levels are stored as level + 64: unsigned, and so small that the sum of two products with an 8-bit query,
// 2 * 127 * 127, fits in 16 signed bits. That is what AVX2's multiply-add of bytes needs to be exact.
constexpr int kLevelOffset = 64;

// Sixteen bytes for a byte shuffle; the levels are repeated where there are fewer.
struct LevelTable {
  alignas(16) std::uint8_t bytes[16];

  LevelTable(const std::int8_t* levels, int bits) noexcept {
    const int count = 1 << bits;
    for (int i = 0; i < 16; ++i) bytes[i] = static_cast<std::uint8_t>(levels[i % count] + kLevelOffset);
  }
};

}  // namespace colmodern
