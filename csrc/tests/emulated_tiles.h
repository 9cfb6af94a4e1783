// The tiles of AMX in plain C++, in place of tiles.h where COLMODERN_EMULATED_TILES is defined: for machines that have
// none, and for the sanitizers, which do not see what a tile loads.
#pragma once

#include <cstdint>
#include <cstring>

namespace colmodern {

constexpr std::int64_t kTileRows = 16;
constexpr std::int64_t kTileUnits = 16;  // of 32 bits, in a row

using Tile = std::uint32_t[kTileRows][kTileUnits];
inline thread_local Tile tiles[8];

class TileScope {
 public:
  TileScope() { std::memset(tiles, 0, sizeof tiles); }
  ~TileScope() { std::memset(tiles, 0xff, sizeof tiles); }  // no numbers
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

template <int Number>
void zero_tile() {
  std::memset(tiles[Number], 0, sizeof(Tile));
}

// Row i from `from` plus i * stride units.
template <int Number>
void load_tile(const void* from, std::int64_t stride) {
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    std::memcpy(tiles[Number][i], static_cast<const char*>(from) + i * stride * 4, sizeof tiles[Number][i]);
  }
}

template <int Number>
void store_tile(void* to, std::int64_t stride) {
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    std::memcpy(static_cast<char*>(to) + i * stride * 4, tiles[Number][i], sizeof tiles[Number][i]);
  }
}

// Products are what takes long, and the sanitizers have seen the loads.
#define COLMODERN_UNCHECKED __attribute__((no_sanitize("address", "undefined")))

// sum[i][j] += the products of row i of A, unsigned bytes, and unit j of every row of B, signed ones.
template <int Sum, int A, int B>
COLMODERN_UNCHECKED void add_byte_products() {
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    for (std::int64_t j = 0; j < kTileUnits; ++j) {
      auto sum = static_cast<std::int32_t>(tiles[Sum][i][j]);
      for (std::int64_t k = 0; k < kTileUnits; ++k) {
        for (int byte = 0; byte < 4; ++byte) {
          const auto a = static_cast<std::uint8_t>(tiles[A][i][k] >> 8 * byte);
          const auto b = static_cast<std::int8_t>(tiles[B][k][j] >> 8 * byte);
          sum += a * b;
        }
      }
      tiles[Sum][i][j] = static_cast<std::uint32_t>(sum);
    }
  }
}

// The same of bfloat16 in pairs, summed in float32.
template <int Sum, int A, int B>
COLMODERN_UNCHECKED void add_brain_products() {
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    for (std::int64_t j = 0; j < kTileUnits; ++j) {
      auto sum = __builtin_bit_cast(float, tiles[Sum][i][j]);
      for (std::int64_t k = 0; k < kTileUnits; ++k) {
        const std::uint32_t a = tiles[A][i][k];
        const std::uint32_t b = tiles[B][k][j];
        const auto low = __builtin_bit_cast(float, a << 16) * __builtin_bit_cast(float, b << 16);
        sum += low + __builtin_bit_cast(float, a & 0xffff0000U) * __builtin_bit_cast(float, b & 0xffff0000U);
      }
      tiles[Sum][i][j] = __builtin_bit_cast(std::uint32_t, sum);
    }
  }
}

}  // namespace colmodern
