// Attention in bytes: one text for every instruction set, compiled by the file that includes it after attention.h.
//
// As attention.h has it, with whole numbers for the products. Queries, keys and values are rows in steps of a 127th of
// their greatest value. The step of a value is part of its weight: w = 2^score * step, which is kept in 255ths of the
// greatest w of the block of keys, so that a weight that is great elsewhere makes none of this block vanish. What
// weights add up to is not rounded. After SageAttention (Zhang et al. 2024), which does so for the scores.

#include "encoder/byte_weights.h"

namespace colmodern::encoder {
namespace {

constexpr float kMostOctaves = 40.0F;  // of a weight above the greatest of the first keys
constexpr float kLeastOctaves = -100.0F;
constexpr float kFiner = 0x1p13F;  // words aimed anew; half a word becomes no more than fits

template <class Op>
struct ByteScratch {
  ByteScratch(void* memory, std::int64_t dim, std::int64_t lanes)
      : scores(static_cast<std::uint32_t*>(memory)),
        sums(reinterpret_cast<float*>(scores + kByteKeys / 2 * lanes)),
        queries(reinterpret_cast<std::uint32_t*>(sums + dim * lanes)),
        starts(queries + round_up(dim / Op::kStep, kLanes) * lanes),
        steps(reinterpret_cast<float*>(starts + lanes)),
        aims(steps + lanes),
        shares(reinterpret_cast<std::uint32_t*>(aims + lanes)) {}

  std::uint32_t* scores;   // (kByteKeys / 2, lanes) pairs of words; then weights, as units
  float* sums;             // (dim, lanes)
  std::uint32_t* queries;  // (units to whole vectors, lanes)
  std::uint32_t* starts;   // (lanes,): -128 times the sum of a query, since keys are stored plus 128
  float* steps;            // (lanes,): of the queries, times 64
  float* aims;             // (lanes,): logarithms that words begin at
  std::uint32_t* shares;   // (kByteKeys,): of the values of a block
};

template <class Op, int Vectors>
COLMODERN_INLINE void take_queries(const AttentionBlock& block, const ByteScratch<Op>& scratch) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  transpose_rows(block.queries, block.units, block.n_queries, block.units, scratch.queries, kWidth);
  const typename Op::Spread offset = Op::spread(0x80808080U);
  for (int v = 0; v < Vectors; ++v) {
    typename Op::Sum sum = Op::zero();
    for (std::int64_t u = 0; u < block.units; ++u) {
      Op::add(sum, Op::weights(scratch.queries + u * kWidth + v * kLanes), offset);
    }
    Op::store_sum(scratch.starts + v * kLanes, Op::negative(sum));
  }
  for (std::int64_t i = 0; i < kWidth; ++i) {
    scratch.steps[i] = kPerOctave * block.query_steps[i < block.n_queries ? i : block.n_queries - 1];
    scratch.aims[i] = 0.0F;
  }
}

// The words of a block of keys, and the greatest of them.
template <class Op, int Vectors, bool IsCut>
COLMODERN_INLINE void score_bytes(const AttentionBlock& block, const ByteKeys& keys, const ByteScratch<Op>& scratch,
                                  Units (&greatest)[Vectors]) {
  constexpr std::int64_t kWidth = Vectors * kLanes;
  for (std::int64_t k = 0; k < keys.n; k += kTile) {
    const std::uint32_t* rows[kTile];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
      rows[r] = block.keys + (keys.begin + (k + r < keys.n ? k + r : keys.n - 1)) * block.units;
    }
    typename Op::Sum sums[kTile][Vectors];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sums[r][v] = Op::load_sum(scratch.starts + v * kLanes);
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
    for (int v = 0; v < Vectors; ++v) {
      const typename Op::Sum products[kTile] = {sums[0][v], sums[1][v], sums[2][v], sums[3][v]};
      score_unit<Op, IsCut>(block, keys, k, v, products, scratch.steps + v * kLanes, scratch.aims + v * kLanes,
                            scratch.scores + v * kLanes, kWidth, greatest[v]);
    }
  }
}

// Where words do not count 64ths of an octave: aims at the greatest ones, from which finer words are to be counted
// next. Otherwise false.
template <class Op, int Vectors>
COLMODERN_INLINE bool must_aim(ByteKeys& keys, Units (&greatest)[Vectors], const ByteScratch<Op>& scratch) {
  if (keys.scale == 1.0F) return false;
  for (int v = 0; v < Vectors; ++v) {
    const Units whole = whole_octaves(greatest[v], keys.scale);
    float* aims = scratch.aims + v * kLanes;
    store(aims, logarithms_of(whole, keys.scale, load(aims), 0.0F));
    greatest[v] = fill_units(kLowestWords);
  }
  keys.scale = std::min(1.0F, keys.scale * kFiner);
  return true;
}

// Weights of a block of keys from their words: the greatest, as a logarithm, and what they add up to.
template <class Op, int Vectors>
COLMODERN_INLINE void weigh_bytes(const AttentionBlock& block, const ByteKeys& keys, const ByteScratch<Op>& scratch,
                                  const Units (&words)[Vectors], Floats (&peaks)[Vectors], Floats (&added)[Vectors]) {
  Units greatest[Vectors];
  for (int v = 0; v < Vectors; ++v) {
    float* aims = scratch.aims + v * kLanes;
    greatest[v] = whole_octaves(words[v], 1.0F);
    peaks[v] = logarithms_of(greatest[v], 1.0F, load(aims), kPerOctave * kUnseen) * fill(1.0F / kPerOctave);
    added[v] = fill(0.0F);
    store(aims, fill(0.0F));
  }
  take_shares(block.value_shares + keys.begin, keys.n, scratch.shares);
  weigh_units<Vectors>(keys.n, scratch.scores, scratch.shares, greatest, added);
}

// Adds the weighted values of a block of keys, which grow by whole octaves, to the sums.
template <class Op, int Vectors>
COLMODERN_INLINE void mix_bytes(const AttentionBlock& block, const ByteKeys& keys, const ByteScratch<Op>& scratch,
                                const Floats (&octaves)[Vectors]) {
  typename Op::Growth growth[Vectors];
  for (int v = 0; v < Vectors; ++v) growth[v] = Op::growth(octaves[v]);
  constexpr std::int64_t kWidth = Vectors * kLanes;
  const std::int64_t slots = (keys.n + Op::kStep - 1) / Op::kStep;
  const std::uint32_t* first = block.values + keys.begin / Op::kStep * block.dim;
  typename Op::Sum starts[Vectors];
  for (int v = 0; v < Vectors; ++v) starts[v] = Op::start_mix(scratch.scores + v * kLanes, kWidth, slots);
  for (std::int64_t d = 0; d < block.dim; d += kTile) {
    typename Op::Sum sums[kTile][Vectors];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) sums[r][v] = starts[v];
    }
    const std::uint32_t* weights = scratch.scores;
    const std::uint32_t* values = first + d;
    for (std::int64_t slot = 0; slot < slots; ++slot, weights += kWidth, values += block.dim) {
      typename Op::Positives lanes[Vectors];
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) lanes[v] = Op::positives(weights + v * kLanes);
#pragma GCC unroll 4
      for (int r = 0; r < kTile; ++r) {
        const typename Op::SignedSpread value = Op::spread_signed(values[r]);
#pragma GCC unroll 4
        for (int v = 0; v < Vectors; ++v) Op::add_signed(sums[r][v], lanes[v], value);
      }
    }
    float* at = scratch.sums + d * kWidth;
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        float* to = at + r * kWidth + v * kLanes;
        store(to, load(to) + Op::grown(sums[r][v], growth[v]));
      }
    }
  }
}

// By how many octaves the weights of a block exceed the unit of the sums so far, in which their total is added up.
template <int Vectors>
COLMODERN_INLINE void join_block(const Floats (&here)[Vectors], const Floats (&added)[Vectors],
                                 const Floats (&peaks)[Vectors], Floats (&totals)[Vectors],
                                 Floats (&octaves)[Vectors]) {
  for (int v = 0; v < Vectors; ++v) {
    octaves[v] = maximum(here[v] - peaks[v], fill(kLeastOctaves));
    totals[v] = multiply_add(added[v], exp2_of<5>(octaves[v]), totals[v]);
  }
}

// Whether sums must shrink before a block is added: with the first one, and where it is so far above that a float
// could overflow. Their unit becomes that of the block, and `shrink` what they are multiplied with.
template <int Vectors>
COLMODERN_INLINE bool must_shrink(const Floats (&here)[Vectors], Floats (&peaks)[Vectors], Floats (&totals)[Vectors],
                                  Floats (&shrink)[Vectors]) {
  bool is_near = true;
  for (int v = 0; v < Vectors && is_near; ++v) is_near = all_at_most(here[v] - peaks[v], fill(kMostOctaves));
  if (is_near) return false;
  for (int v = 0; v < Vectors; ++v) {
    const Floats peak = maximum(peaks[v], here[v]);
    shrink[v] = exp2_of<5>(peaks[v] - peak);
    totals[v] = totals[v] * shrink[v];
    peaks[v] = peak;
  }
  return true;
}

template <int Vectors>
COLMODERN_INLINE void shrink_sums(float* sums, std::int64_t dim, const Floats (&shrink)[Vectors]) {
  for (std::int64_t d = 0; d < dim; ++d) {
    for (int v = 0; v < Vectors; ++v, sums += kLanes) store(sums, load(sums) * shrink[v]);
  }
}

template <class Op, int Vectors>
COLMODERN_INLINE void attend_in_bytes(const AttentionBlock& block, const ByteScratch<Op>& scratch) {
  take_queries<Op, Vectors>(block, scratch);
  const float reach = reach_of(block);
  std::fill_n(scratch.sums, block.dim * Vectors * kLanes, 0.0F);
  Floats peaks[Vectors];
  Floats totals[Vectors];
  for (int v = 0; v < Vectors; ++v) {
    peaks[v] = fill(kUnseen);
    totals[v] = fill(0.0F);
  }
  for (std::int64_t begin = 0; begin < block.n_keys; begin += kByteKeys) {
    ByteKeys keys = byte_keys(block, begin, reach);
    Units words[Vectors];
    Floats here[Vectors];
    Floats added[Vectors];
    Floats shrink[Vectors];
    Floats octaves[Vectors];
    for (int v = 0; v < Vectors; ++v) words[v] = fill_units(kLowestWords);
    if (!keys.is_cut) {
      score_bytes<Op, Vectors, false>(block, keys, scratch, words);
    } else {
      do {
        score_bytes<Op, Vectors, true>(block, keys, scratch, words);
      } while (must_aim<Op, Vectors>(keys, words, scratch));
    }
    weigh_bytes<Op, Vectors>(block, keys, scratch, words, here, added);
    if (must_shrink<Vectors>(here, peaks, totals, shrink)) shrink_sums<Vectors>(scratch.sums, block.dim, shrink);
    join_block<Vectors>(here, added, peaks, totals, octaves);
    mix_bytes<Op, Vectors>(block, keys, scratch, octaves);
  }
  write_rows<Vectors>(block, scratch.sums, totals);
}

template <class Op>
COLMODERN_TARGET void attend_bytes(const AttentionBlock& block, void* memory) noexcept {
  const std::int64_t vectors = (block.n_queries + kLanes - 1) / kLanes;
  const ByteScratch<Op> scratch(memory, block.dim, vectors * kLanes);
  if constexpr (Op::kVectors == 1) {
    attend_in_bytes<Op, 1>(block, scratch);
  } else {
    switch (vectors) {
      case 1: attend_in_bytes<Op, 1>(block, scratch); break;
      case 2: attend_in_bytes<Op, 2>(block, scratch); break;
      case 3: attend_in_bytes<Op, 3>(block, scratch); break;
      default: attend_in_bytes<Op, 4>(block, scratch); break;
    }
  }
}

template <class Op>
std::int64_t byte_attention_bytes(std::int64_t dim) noexcept {
  return ((kByteKeys / 2 + dim + round_up(dim / Op::kStep, kLanes) + 3) * Op::kVectors * kLanes + kByteKeys) * 4;
}

// Keys are stored plus 128, queries are not.
template <bool IsKey>
COLMODERN_TARGET void place_turned_as_bytes(const HeadRows& heads, std::uint32_t* out, float* steps) noexcept {
  const std::int64_t units = heads.dim / 4;
  const Floats zero = fill(128.0F);
  float turned[kMostDims];
  for (std::int64_t i = 0; i < heads.n; ++i, out += units) {
    turn_row(heads, i, turned);
    const float peak = peak_of(turned, heads.dim);
    auto* bytes = reinterpret_cast<std::uint8_t*>(out);
    const Floats scale = fill(127.0F / peak);
    std::int64_t d = 0;
    for (; d + 4 * kLanes <= heads.dim; d += 4 * kLanes) {
      store_bytes(bytes + d, multiply_add(load(turned + d), scale, zero),
                  multiply_add(load(turned + d + kLanes), scale, zero),
                  multiply_add(load(turned + d + 2 * kLanes), scale, zero),
                  multiply_add(load(turned + d + 3 * kLanes), scale, zero));
    }
    for (; d < heads.dim; d += kLanes) store_bytes(bytes + d, multiply_add(load(turned + d), scale, zero));
    if constexpr (!IsKey) std::transform(out, out + units, out, [](std::uint32_t u) { return u ^ 0x80808080U; });
    steps[i] = peak / 127.0F;
  }
}

// Rounded logarithms and inverses of the steps of rows.
COLMODERN_INLINE void take_steps(const float (&peaks)[kChunk], std::int64_t n, float* logs, float* shares) {
  float found[2][kChunk];
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const Floats steps = load(peaks + i) * fill(1.0F / 127.0F);
    store(found[0] + i, multiply_add(log2_of(steps), fill(kPerOctave), fill(kRounder)));
    store(found[1] + i, fill(1.0F) / steps);
  }
  std::copy_n(found[0], n, logs);
  std::copy_n(found[1], n, shares);
}

// Four rows whose values share their units.
COLMODERN_INLINE void place_whole_units(const HeadRows& heads, std::int64_t first, std::uint32_t* out, float* peaks) {
  const float* rows[4];
  Floats scales[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r) {
    rows[r] = heads.row(first + r);
    peaks[first + r] = peak_of(rows[r], heads.dim);
    scales[r] = fill(127.0F / peaks[first + r]);
  }
  for (std::int64_t d = 0; d < heads.dim; d += kLanes) {
    store_units(out + d, four_signed_bytes(load(rows[0] + d) * scales[0], load(rows[1] + d) * scales[1],
                                           load(rows[2] + d) * scales[2], load(rows[3] + d) * scales[3]));
  }
}

COLMODERN_TARGET void place_values_as_bytes(const HeadRows& heads, const std::int64_t* places, std::uint32_t* out,
                                            float* logs, float* shares) noexcept {
  std::uint8_t bytes[kMostDims];
  float peaks[kChunk];
  std::fill_n(peaks, kChunk, kLeastPeak);
  for (std::int64_t i = 0; i < heads.n; ++i) {
    const float* row = heads.row(i);
    if (places[i] % 4 == 0 && i + 3 < heads.n && places[i + 3] == places[i] + 3) {
      place_whole_units(heads, i, out + places[i] / 4 * heads.dim, peaks);
      i += 3;
      continue;
    }
    peaks[i] = peak_of(row, heads.dim);
    const Floats scale = fill(127.0F / peaks[i]);
    for (std::int64_t d = 0; d < heads.dim; d += kLanes)
      store_bytes(bytes + d, multiply_add(load(row + d), scale, fill(128.0F)));
    auto* at = reinterpret_cast<std::uint8_t*>(out + places[i] / 4 * heads.dim) + places[i] % 4;
    for (std::int64_t d = 0; d < heads.dim; ++d) at[4 * d] = static_cast<std::uint8_t>(bytes[d] ^ 0x80U);
  }
  take_steps(peaks, heads.n, logs, shares);
}

template <class Op>
constexpr AttentionKernels byte_attention_of() {
  return {Op::kStep,
          Op::kVectors * kLanes,
          0,
          place_turned_as_bytes<false>,
          place_turned_as_bytes<true>,
          place_values_as_bytes,
          attend_bytes<Op>,
          byte_attention_bytes<Op>};
}

}  // namespace
}  // namespace colmodern::encoder
