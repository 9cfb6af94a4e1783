// Attention with AMX, in bytes or in bfloat16 (`Op`). Included once, by a file that has included tiles.h and
// byte_attention.h.
//
// Numbers are those of byte_attention.h, and of bytes in its order. Tile products leave scores as (keys, lanes), with
// queries in the lanes; weights are turned before they meet the values, and what they mix is (lanes, dim).

namespace colmodern::encoder {
namespace {

template <class Op>
struct TileScratch {
  static constexpr std::int64_t kSlots = Op::kKeys / Op::kStep;
  static constexpr std::int64_t kProducts = 2 * kTileRows * 2 * kTileUnits;

  TileScratch(void* memory, std::int64_t dim, std::int64_t lanes)
      : rows(memory, dim, lanes),
        weights(rows.shares + kByteKeys),
        products(weights + lanes * kSlots),
        grow(reinterpret_cast<float*>(products + 2 * kProducts)) {}

  static_assert(Op::kKeys <= kByteKeys / 2 || Op::kStep == kUnit, "what is scored fits the words of bytes");

  static std::int64_t bytes(std::int64_t dim) noexcept {
    return byte_attention_bytes<typename Op::Lanes>(dim) +
           (Op::Lanes::kVectors * kLanes * (kSlots + 1) + 2 * kProducts) * 4;
  }

  ByteScratch<typename Op::Lanes> rows;  // its sums as (lanes, dim)
  std::uint32_t* weights;                // (lanes, kSlots)
  std::uint32_t* products;               // (2, 32 lanes, 32 dimensions) or (2, 16 keys, lanes), by turns
  float* grow;                           // (lanes,): of what is added
};

template <class Op, int Vectors, int V = 0>
COLMODERN_INLINE void start_lanes(const std::uint32_t* starts) {
  if constexpr (V < Vectors) {
    Op::template start_lanes<V>(starts + V * kLanes);
    start_lanes<Op, Vectors, V + 1>(starts);
  }
}

template <class Op, int Vectors, int V = 0>
COLMODERN_INLINE void add_lanes(const std::uint32_t* queries) {
  if constexpr (V < Vectors) {
    load_tile<5>(queries + V * kLanes, Vectors * kLanes);
    Op::template add<V, 4, 5>();
    add_lanes<Op, Vectors, V + 1>(queries);
  }
}

template <class Op, int Vectors, int V = 0>
COLMODERN_INLINE void store_lanes(std::uint32_t* products) {
  if constexpr (V < Vectors) {
    store_tile<V>(products + V * kLanes, Vectors * kLanes);
    store_lanes<Op, Vectors, V + 1>(products);
  }
}

// Products of sixteen keys with all queries.
template <class Op, int Vectors>
COLMODERN_INLINE void multiply_keys(const AttentionBlock& block, const typename Op::Keys& keys, std::int64_t k,
                                    const TileScratch<Op>& scratch, std::uint32_t* products) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  start_lanes<Op, Vectors>(scratch.rows.starts);
  for (std::int64_t u = 0; u < block.units; u += kTileUnits) {
    load_tile<4>(block.keys + (keys.begin + k) * block.units + u, block.units);
    add_lanes<Op, Vectors>(scratch.rows.queries + u * kWidth);
  }
  store_lanes<Op, Vectors>(products);
}

// Logarithms of the weights of a block of keys, and the greatest of them. Each tile of products is scored while the
// next one is made.
template <class Op, int Vectors>
COLMODERN_INLINE void score_keys_in_tiles(const AttentionBlock& block, const typename Op::Keys& keys,
                                          const TileScratch<Op>& scratch, typename Op::Peaks (&peaks)[Vectors]) {
  std::uint32_t* products = scratch.products;
  std::uint32_t* next = products + scratch.kProducts;
  multiply_keys<Op, Vectors>(block, keys, 0, scratch, products);
  for (std::int64_t first = 0; first < keys.n; first += kTileRows) {
    if (first + kTileRows < keys.n) multiply_keys<Op, Vectors>(block, keys, first + kTileRows, scratch, next);
    for (std::int64_t k = first; k < first + kTileRows && k < keys.n; k += kUnit) {
      const std::uint32_t* rows = products + (k - first) * Vectors * kLanes;
      if (keys.is_cut) {
        Op::template score<Vectors, true>(block, keys, k, rows, scratch.rows, peaks);
      } else {
        Op::template score<Vectors, false>(block, keys, k, rows, scratch.rows, peaks);
      }
    }
    std::swap(products, next);
  }
}

// Units of weights from (slots, lanes) to (lanes, slots), with zeros behind the last.
template <class Op, int Vectors>
COLMODERN_INLINE void turn_weights(std::int64_t slots, const TileScratch<Op>& scratch) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  std::uint32_t* units = scratch.rows.scores;
  std::fill(units + slots * kWidth, units + round_up(slots, kTileUnits) * kWidth, 0U);
  for (std::int64_t slot = 0; slot < slots; slot += kTileUnits) {
    for (std::int64_t lane = 0; lane < kWidth; lane += kLanes) {
      transpose(units + slot * kWidth + lane, kWidth, scratch.weights + lane * scratch.kSlots + slot, scratch.kSlots);
    }
  }
}

// The weighted values of a block of keys: two tiles of dimensions, of one or two tiles of lanes.
template <class Op, int LaneTiles>
COLMODERN_INLINE void mix_tiles(const std::uint32_t* values, std::int64_t dim, const std::uint32_t* weights,
                                std::int64_t slots, std::uint32_t* products) {
  constexpr std::int64_t kSlots = TileScratch<Op>::kSlots;
  constexpr std::int64_t kWidth = 2 * kTileUnits;
  zero_tile<0>();
  zero_tile<1>();
  zero_tile<2>();
  zero_tile<3>();
  for (std::int64_t slot = 0; slot < slots; slot += kTileUnits, values += kTileRows * dim, weights += kTileUnits) {
    load_tile<6>(values, dim);
    load_tile<4>(weights, kSlots);
    Op::template add<0, 4, 6>();
    load_tile<7>(values + kTileUnits, dim);
    Op::template add<1, 4, 7>();
    if constexpr (LaneTiles == 2) {
      load_tile<5>(weights + kTileRows * kSlots, kSlots);
      Op::template add<2, 5, 6>();
      Op::template add<3, 5, 7>();
    }
  }
  store_tile<0>(products, kWidth);
  store_tile<1>(products + kTileUnits, kWidth);
  if constexpr (LaneTiles == 2) {
    store_tile<2>(products + kTileRows * kWidth, kWidth);
    store_tile<3>(products + kTileRows * kWidth + kTileUnits, kWidth);
  }
}

struct MixedBlock {
  std::int64_t lane;
  std::int64_t n_lanes;
  std::int64_t d;
};

// Adds what was mixed, times `grow`, to the sums.
template <class Op>
COLMODERN_INLINE void add_mixed(const MixedBlock& mixed, const std::uint32_t* products, std::int64_t dim,
                                const TileScratch<Op>& scratch) {
  constexpr std::int64_t kWidth = 2 * kTileUnits;
  float* sums = scratch.rows.sums + mixed.lane * dim + mixed.d;
  for (std::int64_t i = 0; i < mixed.n_lanes; ++i, products += kWidth, sums += dim) {
    const Floats grow = fill(scratch.grow[mixed.lane + i]);
#pragma GCC unroll 2
    for (std::int64_t v = 0; v < kWidth; v += kLanes) {
      store(sums + v, multiply_add(Op::floats(load_units(products + v)), grow, load(sums + v)));
    }
  }
}

// Each block is added while the next one is mixed.
template <class Op, int Vectors>
COLMODERN_INLINE void mix_in_tiles(const AttentionBlock& block, const typename Op::Keys& keys, std::int64_t slots,
                                   const TileScratch<Op>& scratch) {
  constexpr int kLaneTiles = Vectors == 1 ? 1 : 2;
  const std::uint32_t* values = block.values + keys.begin / Op::kStep * block.dim;
  std::uint32_t* products = scratch.products;
  std::uint32_t* last_products = products + scratch.kProducts;
  MixedBlock last{};
  for (std::int64_t d = 0; d < block.dim; d += 2 * kTileUnits) {
    for (std::int64_t lane = 0; lane < Vectors * kLanes; lane += kLaneTiles * kTileRows) {
      mix_tiles<Op, kLaneTiles>(values + d, block.dim, scratch.weights + lane * scratch.kSlots, slots, products);
      add_mixed<Op>(last, last_products, block.dim, scratch);
      last = {lane, kLaneTiles * kTileRows, d};
      std::swap(products, last_products);
    }
  }
  add_mixed<Op>(last, last_products, block.dim, scratch);
}

template <int Vectors, class Op>
COLMODERN_INLINE void shrink_rows(const Floats (&shrink)[Vectors], std::int64_t dim, const TileScratch<Op>& scratch) {
  for (int v = 0; v < Vectors; ++v) store(scratch.grow + v * kLanes, shrink[v]);
  for (std::int64_t lane = 0; lane < Vectors * kLanes; ++lane) {
    float* row = scratch.rows.sums + lane * dim;
    for (std::int64_t d = 0; d < dim; d += kLanes) store(row + d, load(row + d) * fill(scratch.grow[lane]));
  }
}

template <class Op, int Vectors>
COLMODERN_INLINE void attend_in_tiles(const AttentionBlock& block, const TileScratch<Op>& scratch) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  Op::template take<Vectors>(block, scratch.rows);
  std::fill(scratch.rows.queries + block.units * kWidth,
            scratch.rows.queries + round_up(block.units, kTileUnits) * kWidth, 0U);
  std::fill_n(scratch.rows.sums, block.dim * kWidth, 0.0F);
  const float reach = Op::reach(block);
  Floats peaks[Vectors];
  Floats totals[Vectors];
  for (int v = 0; v < Vectors; ++v) {
    peaks[v] = fill(kUnseen);
    totals[v] = fill(0.0F);
  }
  for (std::int64_t begin = 0; begin < block.n_keys; begin += Op::kKeys) {
    typename Op::Keys keys = Op::keys(block, begin, reach);
    const std::int64_t slots = (keys.n + Op::kStep - 1) / Op::kStep;
    typename Op::Peaks scored[Vectors];
    Floats here[Vectors];
    Floats added[Vectors];
    Floats shrink[Vectors];
    Floats octaves[Vectors];
    for (int v = 0; v < Vectors; ++v) scored[v] = Op::lowest();
    do {
      score_keys_in_tiles<Op, Vectors>(block, keys, scratch, scored);
    } while (Op::template must_aim<Vectors>(keys, scored, scratch.rows));
    Op::template weigh<Vectors>(block, keys, scratch.rows, scored, here, added);
    turn_weights<Op, Vectors>(slots, scratch);
    if (must_shrink<Vectors>(here, peaks, totals, shrink)) shrink_rows<Vectors>(shrink, block.dim, scratch);
    join_block<Vectors>(here, added, peaks, totals, octaves);
    for (int v = 0; v < Vectors; ++v) store(scratch.grow + v * kLanes, exp2_of<5>(octaves[v]));
    mix_in_tiles<Op, Vectors>(block, keys, slots, scratch);
  }
  for (int v = 0; v < Vectors; ++v) store(scratch.grow + v * kLanes, fill(1.0F) / totals[v]);
  for (std::int64_t i = 0; i < block.n_queries; ++i) {
    for (std::int64_t d = 0; d < block.dim; d += kLanes) {
      store(block.out + i * block.stride + d, load(scratch.rows.sums + i * block.dim + d) * fill(scratch.grow[i]));
    }
  }
}

template <class Op>
COLMODERN_TARGET void attend_with_tiles(const AttentionBlock& block, void* memory) noexcept {
  const TileScope scope;
  // Lanes without a query have some number or other, and no row that is written.
  if (block.n_queries <= kLanes) {
    attend_in_tiles<Op, 1>(block, TileScratch<Op>(memory, block.dim, kLanes));
  } else if (block.n_queries <= 2 * kLanes) {
    attend_in_tiles<Op, 2>(block, TileScratch<Op>(memory, block.dim, 2 * kLanes));
  } else {
    attend_in_tiles<Op, 4>(block, TileScratch<Op>(memory, block.dim, 4 * kLanes));
  }
}

template <class Op>
std::int64_t tile_attention_bytes(std::int64_t dim) noexcept {
  return TileScratch<Op>::bytes(dim);
}

}  // namespace
}  // namespace colmodern::encoder
