// How a row of residual bytes is divided into runs, and what level each dimension has.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace colmodern {

static_assert(std::endian::native == std::endian::little, "a run is a little-endian whole number");

// Sixteen levels are told apart by four bits: a dimension's own and, above them, those of the next dimensions.
constexpr int kLevelBits = 4;
constexpr int kLevels = 1 << kLevelBits;
constexpr int kMaxRunBytes = 8;

// The longest of 8, 4 or 2 bytes that divides a row, whose length is even.
constexpr int run_bytes_of(std::int64_t row_bytes) noexcept {
  return row_bytes % 8 == 0 ? 8 : row_bytes % 4 == 0 ? 4 : 2;
}

// From a table of sixteen, what each dimension of a row has.
template <class Level>
inline __attribute__((always_inline)) void look_up(const std::uint8_t* residual, std::int64_t row_bytes, int bits,
                                                   const Level* table, Level* levels) noexcept {
  const int run_bytes = run_bytes_of(row_bytes);
  for (std::int64_t first = 0; first < row_bytes; first += run_bytes) {
    std::uint64_t run = 0;
    std::memcpy(&run, residual + first, static_cast<std::size_t>(run_bytes));
    for (int i = 0; i < run_bytes * 8; i += bits) *levels++ = table[run >> i & (kLevels - 1)];
  }
}

}  // namespace colmodern
