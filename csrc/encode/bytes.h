// Sixteen lanes from bytes or halves, and to bytes, for registers of so many lanes: GCC 12 takes lanes one by one where
// a register does not hold all of them.
#pragma once

#include <cstdint>
#include <cstring>

#include "lanes.h"

namespace colmodern {

using FourBytes = std::int8_t __attribute__((vector_size(16)));  // a byte in each of four lanes
using FourInts = std::int32_t __attribute__((vector_size(16)));
using FourFloats = float __attribute__((vector_size(16)));
using EightShorts = std::uint16_t __attribute__((vector_size(16)));

template <int First>
COLMODERN_LANES void spread_bytes(const Bytes& bytes, Floats& lanes) noexcept {
  const FourBytes spread =
      __builtin_shufflevector(bytes, bytes, First, First, First, First, First + 1, First + 1, First + 1, First + 1,
                              First + 2, First + 2, First + 2, First + 2, First + 3, First + 3, First + 3, First + 3);
  const FourFloats four = __builtin_convertvector(reinterpret_cast<FourInts>(spread) >> 24, FourFloats);
  std::memcpy(reinterpret_cast<char*>(&lanes) + First * sizeof(float), &four, sizeof four);
}

// Whole numbers with a sign as floats.
template <int Lanes>
COLMODERN_LANES void load_bytes(Floats& lanes, const std::int8_t* from) noexcept {
  Bytes bytes;
  load(bytes, from);
  if constexpr (Lanes == 8) {
    spread_bytes<0>(bytes, lanes);
    spread_bytes<4>(bytes, lanes);
    spread_bytes<8>(bytes, lanes);
    spread_bytes<12>(bytes, lanes);
  } else {
    lanes = __builtin_convertvector(bytes, Floats);
  }
}

// Shorts without a sign as whole numbers.
template <int Lanes>
COLMODERN_LANES void load_shorts(Ints& lanes, const std::uint16_t* from) noexcept {
  if constexpr (Lanes == 8) {
    for (int i = 0; i < 2; ++i) {
      EightShorts shorts;
      load(shorts, from + i * 8);
      const EightShorts low = __builtin_shufflevector(shorts, EightShorts{}, 0, 8, 1, 8, 2, 8, 3, 8);
      const EightShorts high = __builtin_shufflevector(shorts, EightShorts{}, 4, 8, 5, 8, 6, 8, 7, 8);
      std::memcpy(reinterpret_cast<char*>(&lanes) + 32 * i, &low, sizeof low);
      std::memcpy(reinterpret_cast<char*>(&lanes) + 32 * i + 16, &high, sizeof high);
    }
  } else {
    Shorts shorts;
    load(shorts, from);
    lanes = __builtin_convertvector(shorts, Ints);
  }
}

// The lowest byte of each number.
template <int Lanes>
COLMODERN_LANES void store_bytes(const Ints& lanes, void* to) noexcept {
  Bytes bytes;
  if constexpr (Lanes == 8) {
    Bytes fours[4];
    std::memcpy(fours, &lanes, sizeof fours);
    const Bytes first =
        __builtin_shufflevector(fours[0], fours[1], 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0);
    const Bytes second =
        __builtin_shufflevector(fours[2], fours[3], 0, 4, 8, 12, 16, 20, 24, 28, 0, 0, 0, 0, 0, 0, 0, 0);
    bytes = __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  } else {
    bytes = __builtin_convertvector(lanes, Bytes);
  }
  std::memcpy(to, &bytes, sizeof bytes);
}

}  // namespace colmodern
