// Linear layers with AMX. Included once, by a file that has included tiles.h and the lanes.
//
// 32 rows times 32 columns are four tiles of sums. A row of units is the A of a tile product, and packed weights are
// its B as they lie. Rows past the last are multiplied too, whatever they hold, and not written.

namespace colmodern::encoder {
namespace {

template <class Op, int RowTiles>
COLMODERN_INLINE void multiply_tiles(const PackedLinear& linear, const std::uint32_t* weights,
                                     const std::uint32_t* rows, std::int64_t stride, std::uint32_t* sums) {
  constexpr std::int64_t kWidth = 2 * kTileUnits;
  zero_tile<0>();
  zero_tile<1>();
  if constexpr (RowTiles == 2) {
    zero_tile<2>();
    zero_tile<3>();
  }
  for (std::int64_t u = 0; u < linear.units; u += kTileUnits, weights += kTileRows * Op::kPanel) {
    load_tile<6>(weights, Op::kPanel);
    load_tile<4>(rows + u, stride);
    Op::template add<0, 4, 6>();
    load_tile<7>(weights + kTileUnits, Op::kPanel);
    Op::template add<1, 4, 7>();
    if constexpr (RowTiles == 2) {
      load_tile<5>(rows + kTileRows * stride + u, stride);
      Op::template add<2, 5, 6>();
      Op::template add<3, 5, 7>();
    }
  }
  store_tile<0>(sums, kWidth);
  store_tile<1>(sums + kTileUnits, kWidth);
  if constexpr (RowTiles == 2) {
    store_tile<2>(sums + kTileRows * kWidth, kWidth);
    store_tile<3>(sums + kTileRows * kWidth + kTileUnits, kWidth);
  }
}

// A block of sums, and where they go.
struct TileBlock {
  std::int64_t column;
  std::int64_t row;
  std::int64_t n_rows;
  float* out;
};

template <class Op>
COLMODERN_INLINE void finish_block(const PackedLinear& linear, const TileBlock& block, const std::uint32_t* sums,
                                   const float* scales, std::int64_t out_stride, bool add) {
  float* to = block.out;
  for (std::int64_t r = 0; r < block.n_rows; ++r, sums += 2 * kTileUnits, to += out_stride) {
#pragma GCC unroll 2
    for (std::int64_t v = 0; v < 2 * kTileUnits; v += kLanes) {
      Floats value = Op::finish(linear, block.column + v, load_units(sums + v), scales, block.row + r);
      if (linear.bias != nullptr) value = value + load(linear.bias + block.column + v);
      store(to + v, add ? load(to + v) + value : value);
    }
  }
}

template <class Op>
COLMODERN_TARGET void multiply_in_tiles(const PackedLinear& linear, const Operand& operand, std::int64_t n,
                                        std::int64_t first_panel, std::int64_t last_panel, float* out,
                                        std::int64_t out_stride, bool add) noexcept {
  if (linear.units % kTileUnits != 0) {
    Op::without_tiles().multiply(linear, operand, n, first_panel, last_panel, out, out_stride, add);
    return;
  }
  constexpr std::int64_t kRows = 2 * kTileRows;
  constexpr std::int64_t kColumns = 2 * kTileUnits;
  // A block is finished after the next one's products, which the machine begins meanwhile.
  alignas(64) std::uint32_t sums[2][kRows * kColumns];
  TileBlock last{};
  int turn = 0;
  const TileScope scope;
  for (std::int64_t column = first_panel * Op::kPanel; column < last_panel * Op::kPanel; column += kColumns) {
    const std::int64_t panel = column / Op::kPanel;
    const std::uint32_t* weights = linear.weights + panel * linear.units * Op::kPanel + column % Op::kPanel;
    for (std::int64_t i = 0; i < n; i += kRows, turn = 1 - turn) {
      const std::uint32_t* rows = operand.units + i * operand.stride;
      const TileBlock block{column, i, n - i < kRows ? n - i : kRows,
                            out + column - first_panel * Op::kPanel + i * out_stride};
      if (block.n_rows > kTileRows) {
        multiply_tiles<Op, 2>(linear, weights, rows, operand.stride, sums[turn]);
      } else {
        multiply_tiles<Op, 1>(linear, weights, rows, operand.stride, sums[turn]);
      }
      finish_block<Op>(linear, last, sums[1 - turn], operand.scales, out_stride, add);
      last = block;
    }
  }
  finish_block<Op>(linear, last, sums[1 - turn], operand.scales, out_stride, add);
}

}  // namespace
}  // namespace colmodern::encoder
