// The eight tile registers of AMX, each sixteen rows of 64 bytes, and products of what they hold.
//
// Written as instructions: GCC 12's intrinsics do not say that they read memory, so stores could move behind them.
#pragma once

#ifdef COLMODERN_EMULATED_TILES
#include "tests/emulated_tiles.h"
#else

#include <cstdint>

#define COLMODERN_TILE_INLINE __attribute__((target("amx-tile,amx-int8,amx-bf16"), always_inline)) inline

namespace colmodern {

constexpr std::int64_t kTileRows = 16;
constexpr std::int64_t kTileUnits = 16;  // of 32 bits, in a row

// Tiles are usable on this thread until it ends.
class TileScope {
 public:
  COLMODERN_TILE_INLINE TileScope() {
    static constexpr Shapes kShapes{};
    asm volatile("ldtilecfg %0" ::"m"(kShapes) : "memory");
  }
  COLMODERN_TILE_INLINE ~TileScope() { asm volatile("tilerelease" ::: "memory"); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;

 private:
  struct alignas(64) Shapes {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  };
};

template <int Tile>
COLMODERN_TILE_INLINE void zero_tile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(Tile));
}

// Row i from `from` plus i * stride units.
template <int Tile>
COLMODERN_TILE_INLINE void load_tile(const void* from, std::int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride * 4), "i"(Tile) : "memory");
}

template <int Tile>
COLMODERN_TILE_INLINE void store_tile(void* to, std::int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride * 4), "i"(Tile) : "memory");
}

// sum[i][j] += the products of row i of A, unsigned bytes, and unit j of every row of B, signed ones.
template <int Sum, int A, int B>
COLMODERN_TILE_INLINE void add_byte_products() {
  asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sum), "i"(A), "i"(B));
}

// The same of bfloat16 in pairs, summed in float32.
template <int Sum, int A, int B>
COLMODERN_TILE_INLINE void add_brain_products() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sum), "i"(A), "i"(B));
}

}  // namespace colmodern

#endif
