// Attention: one text for float32 and bfloat16 (`Op`) and every instruction set, compiled by the file that includes it.
//
// Queries lie in the lanes, as many as `Op` has vectors for; keys and dimensions are the rows of the tiles. So maxima
// and sums of the softmax never cross lanes, and keys are read as they come. The softmax streams over blocks of keys
// with a running maximum (Milakov and Gimelshein 2018), in powers of two: the weights of the queries hold the factor
// log2(e).

namespace colmodern::encoder {
namespace {

constexpr std::int64_t kKeys = 64;  // of a block; even
constexpr int kTile = 4;            // rows of a tile
constexpr std::int64_t kMostDims = 512;
constexpr float kUnseen = -0x1p100F;  // a score that no real one is below; times any step it is exact
constexpr float kLeastPeak = 1e-8F;   // of a row

struct AttentionScratch {
  AttentionScratch(void* memory, std::int64_t dim, std::int64_t lanes)
      : scores(static_cast<float*>(memory)),
        sums(scores + kKeys * lanes),
        queries(reinterpret_cast<std::uint32_t*>(sums + dim * lanes)) {}

  float* scores;           // (kKeys, lanes); then probabilities, as units
  float* sums;             // (dim, lanes)
  std::uint32_t* queries;  // (units, lanes)
};

// Rows of 32 bits as columns; rows past the last repeat it.
COLMODERN_INLINE void transpose_rows(const std::uint32_t* from, std::int64_t stride, std::int64_t n, std::int64_t width,
                                     std::uint32_t* to, std::int64_t to_stride) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      if (i + kLanes <= n) {
        transpose(from + i * stride + j, stride, to + j * to_stride + i, to_stride);
        continue;
      }
      std::uint32_t rows[kLanes * kLanes];
      for (std::int64_t r = 0; r < kLanes; ++r) {
        const std::int64_t row = i + r < n ? i + r : n - 1;
        std::memcpy(rows + r * kLanes, from + row * stride + j, kLanes * sizeof(std::uint32_t));
      }
      transpose(rows, kLanes, to + j * to_stride + i, to_stride);
    }
  }
}

struct KeyBlock {
  std::int64_t begin;  // of the keys of the block
  std::int64_t n;
  bool is_cut;  // whether some query does not see some key
};

COLMODERN_INLINE KeyBlock key_block(const AttentionBlock& block, std::int64_t begin, std::int64_t most) {
  KeyBlock keys{begin, block.n_keys - begin < most ? block.n_keys - begin : most, false};
  const std::int64_t first = block.first + begin;
  const std::int64_t last_query = block.position + block.n_queries - 1;
  keys.is_cut =
      block.radius >= 0 && (last_query - first > block.radius || first + keys.n - 1 - block.position > block.radius);
  return keys;
}

// The scores of a key where the queries of the lanes see it.
COLMODERN_INLINE Floats if_seen(const AttentionBlock& block, std::int64_t key, int vector, Floats scores,
                                float otherwise = kUnseen) {
  static constexpr float kNumbers[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const std::int64_t ahead = block.position + vector * kLanes - (block.first + key);
  const Floats distance = load(kNumbers) + fill(static_cast<float>(ahead));
  return if_at_most(absolute(distance), fill(static_cast<float>(block.radius)), scores, fill(otherwise));
}

// Scores of a block of keys; `peaks` become the greatest of them and what they were.
template <class Op, int Vectors>
COLMODERN_INLINE void score_keys(const AttentionBlock& block, const KeyBlock& keys, const AttentionScratch& scratch,
                                 Floats (&peaks)[Vectors]) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  for (std::int64_t k = 0; k < keys.n; k += kTile) {
    const std::uint32_t* rows[kTile];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
      const std::int64_t key = k + r < keys.n ? k + r : keys.n - 1;
      rows[r] = block.keys + (keys.begin + key) * block.units;
    }
    Floats sums[kTile][Vectors];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sums[r][v] = Op::zero();
    }
    const std::uint32_t* queries = scratch.queries;
    for (std::int64_t u = 0; u < block.units; ++u, queries += kWidth) {
      typename Op::Weights values[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) values[v] = Op::weights(queries + v * kLanes);
#pragma GCC unroll 4
      for (int r = 0; r < kTile; ++r) {
        const typename Op::Spread key = Op::spread(rows[r][u]);
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) Op::add(sums[r][v], values[v], key);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        if (keys.is_cut) {
          const std::int64_t key = k + r < keys.n ? k + r : keys.n - 1;
          sums[r][v] = if_seen(block, keys.begin + key, v, sums[r][v]);
        }
        peaks[v] = maximum(peaks[v], sums[r][v]);
        store(scratch.scores + (k + r) * kWidth + v * kLanes, sums[r][v]);
      }
    }
  }
}

// Scores to powers of two below the peaks, as units of `step` keys in place; adds them up.
template <class Op, int Vectors>
COLMODERN_INLINE void weigh_keys(std::int64_t n, float* scores, const Floats (&peaks)[Vectors],
                                 Floats (&totals)[Vectors]) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  for (std::int64_t k = 0; k < n; k += Op::kStep) {
    auto* units = reinterpret_cast<std::uint32_t*>(scores) + k / Op::kStep * kWidth;
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      const Floats weight = exp2_of<Op::kDegree>(load(scores + k * kWidth + v * kLanes) - peaks[v]);
      if constexpr (Op::kStep == 1) {
        totals[v] = totals[v] + weight;
        store_units(units + v * kLanes, units_of(weight));
      } else {
        Floats next = fill(0.0F);
        if (k + 1 < n) next = exp2_of<Op::kDegree>(load(scores + (k + 1) * kWidth + v * kLanes) - peaks[v]);
        totals[v] = totals[v] + (weight + next);
        store_units(units + v * kLanes, Op::pair(weight, next));
      }
    }
  }
}

// Adds the weighted values of a block of keys to the sums, which shrink first.
template <class Op, int Vectors>
COLMODERN_INLINE void mix_values(const AttentionBlock& block, const KeyBlock& keys, const AttentionScratch& scratch,
                                 const Floats (&shrink)[Vectors]) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  const std::int64_t slots = (keys.n + Op::kStep - 1) / Op::kStep;
  const std::uint32_t* first = block.values + keys.begin / Op::kStep * block.dim;
  for (std::int64_t d = 0; d < block.dim; d += kTile) {
    float* at = scratch.sums + d * kWidth;
    Floats sums[kTile][Vectors];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        sums[r][v] = keys.begin == 0 ? fill(0.0F) : load(at + r * kWidth + v * kLanes) * shrink[v];
      }
    }
    const auto* weights = reinterpret_cast<const std::uint32_t*>(scratch.scores);
    const std::uint32_t* values = first + d;
    for (std::int64_t slot = 0; slot < slots; ++slot, weights += kWidth, values += block.dim) {
      typename Op::Weights lanes[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) lanes[v] = Op::weights(weights + v * kLanes);
#pragma GCC unroll 4
      for (int r = 0; r < kTile; ++r) {
        const typename Op::Spread value = Op::spread(values[r]);
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) Op::add(sums[r][v], lanes[v], value);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) store(at + r * kWidth + v * kLanes, sums[r][v]);
    }
  }
}

// Sums divided by the totals, as rows.
template <int Vectors>
COLMODERN_INLINE void write_rows(const AttentionBlock& block, const float* sums, const Floats (&totals)[Vectors]) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v) {
    const Floats share = fill(1.0F) / totals[v];
    const std::int64_t n = block.n_queries - v * kLanes < kLanes ? block.n_queries - v * kLanes : kLanes;
    for (std::int64_t d = 0; d < block.dim; d += kLanes) {
      float columns[kLanes * kLanes];
      float rows[kLanes * kLanes];
      for (std::int64_t i = 0; i < kLanes; ++i) {
        store(columns + i * kLanes, load(sums + (d + i) * kWidth + v * kLanes) * share);
      }
      transpose(reinterpret_cast<const std::uint32_t*>(columns), kLanes, reinterpret_cast<std::uint32_t*>(rows),
                kLanes);
      for (std::int64_t i = 0; i < n; ++i) {
        store(block.out + (v * kLanes + i) * block.stride + d, load(rows + i * kLanes));
      }
    }
  }
}

template <class Op, int Vectors>
COLMODERN_INLINE void attend_with(const AttentionBlock& block, const AttentionScratch& scratch) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  transpose_rows(block.queries, block.units, block.n_queries, block.units, scratch.queries, kWidth);
  Floats peaks[Vectors];
  Floats totals[Vectors];
  for (int v = 0; v < Vectors; ++v) {
    peaks[v] = fill(kUnseen);
    totals[v] = fill(0.0F);
  }
  for (std::int64_t begin = 0; begin < block.n_keys; begin += kKeys) {
    const KeyBlock keys = key_block(block, begin, kKeys);
    Floats before[Vectors];
    Floats shrink[Vectors];
    for (int v = 0; v < Vectors; ++v) before[v] = peaks[v];
    score_keys<Op, Vectors>(block, keys, scratch, peaks);
    for (int v = 0; v < Vectors; ++v) {
      shrink[v] = exp2_of<Op::kDegree>(before[v] - peaks[v]);
      totals[v] = totals[v] * shrink[v];
    }
    weigh_keys<Op, Vectors>(keys.n, scratch.scores, peaks, totals);
    mix_values<Op, Vectors>(block, keys, scratch, shrink);
  }
  write_rows<Vectors>(block, scratch.sums, totals);
}

template <class Op>
COLMODERN_TARGET void attend(const AttentionBlock& block, void* memory) noexcept {
  const std::int64_t vectors = (block.n_queries + kLanes - 1) / kLanes;
  const AttentionScratch scratch(memory, block.dim, vectors * kLanes);
  if constexpr (Op::kVectors == 1) {
    attend_with<Op, 1>(block, scratch);
  } else {
    switch (vectors) {
      case 1: attend_with<Op, 1>(block, scratch); break;
      case 2: attend_with<Op, 2>(block, scratch); break;
      case 3: attend_with<Op, 3>(block, scratch); break;
      default: attend_with<Op, 4>(block, scratch); break;
    }
  }
}

template <class Op>
std::int64_t attention_bytes(std::int64_t dim) noexcept {
  return (kKeys + 2 * dim) * Op::kVectors * kLanes * 4;
}

// Row i turned by its position.
COLMODERN_INLINE void turn_row(const HeadRows& heads, std::int64_t i, float* turned) {
  const std::int64_t half = heads.dim / 2;
  const float* row = heads.row(i);
  const float* cosines = heads.cosines + heads.positions[i] * half;
  const float* sines = heads.sines + heads.positions[i] * half;
  for (std::int64_t j = 0; j < half; j += kLanes) {
    const Floats a = load(row + j);
    const Floats b = load(row + half + j);
    const Floats c = load(cosines + j);
    const Floats s = load(sines + j);
    store(turned + j, multiply_add(a, c, fill(0.0F) - b * s));
    store(turned + half + j, multiply_add(b, c, a * s));
  }
}

// The greatest value of a row, and no less than what has a logarithm and an inverse.
COLMODERN_INLINE float peak_of(const float* row, std::int64_t dim) {
  Floats greatest = fill(kLeastPeak);
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    greatest = maximum(greatest, absolute(load(row + d)));
  }
  return greatest_of(greatest);
}

template <class Op>
COLMODERN_TARGET void place_turned(const HeadRows& heads, std::uint32_t* out, float*) noexcept {
  float turned[kMostDims];
  for (std::int64_t i = 0; i < heads.n; ++i, out += heads.dim / Op::kStep) {
    turn_row(heads, i, turned);
    Op::store_row(out, turned, heads.dim);
  }
}

template <class Op>
COLMODERN_TARGET void place_values(const HeadRows& heads, const std::int64_t* places, std::uint32_t* out, float*,
                                   float*) noexcept {
  for (std::int64_t i = 0; i < heads.n; ++i) {
    const float* row = heads.row(i);
    std::uint32_t* at = out + places[i] / Op::kStep * heads.dim;
    if constexpr (Op::kStep == 1) {
      std::memcpy(at, row, static_cast<std::size_t>(heads.dim) * sizeof(float));
    } else if (places[i] % 2 == 0 && (heads.positions[i + 1] == 0 || i + 1 < heads.n)) {
      // The second of the pair is the next row, or nothing behind the end of the sequence.
      const bool is_alone = heads.positions[i + 1] == 0;
      for (std::int64_t d = 0; d < heads.dim; d += kLanes) {
        const Floats next = is_alone ? fill(0.0F) : load(heads.row(i + 1) + d);
        store_units(at + d, Op::pair(load(row + d), next));
      }
      i += is_alone ? 0 : 1;
    } else {
      // The other one of the pair belongs to another chunk of rows.
      auto* parts = reinterpret_cast<std::uint16_t*>(at) + places[i] % 2;
      std::uint32_t units[kLanes];
      for (std::int64_t d = 0; d < heads.dim; d += kLanes) {
        store_units(units, Op::pair(load(row + d), fill(0.0F)));
        for (std::int64_t j = 0; j < kLanes; ++j) parts[2 * (d + j)] = static_cast<std::uint16_t>(units[j]);
      }
    }
  }
}

template <class Op>
constexpr AttentionKernels attention_of() {
  return {Op::kStep,        Op::kVectors * kLanes, 0,          place_turned<Op>,
          place_turned<Op>, place_values<Op>,      attend<Op>, attention_bytes<Op>};
}

}  // namespace
}  // namespace colmodern::encoder
