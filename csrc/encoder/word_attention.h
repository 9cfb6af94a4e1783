// Attention in words with AVX2, where linear layers are in bytes: one file includes it, after attention.h.
//
// As attention.h has it, with whole numbers of 16 bits for the products: an instruction multiplies sixteen words and
// adds them in pairs, where one for floats multiplies eight. Two neighbours of a query or key are a unit, and so are
// two keys of a value's dimension. Queries and keys are rows in as many steps as their products leave room for. The
// step of a value is part of its weight, which is kept in 4,095ths of the greatest of the block of keys.

namespace colmodern::encoder {
namespace {

constexpr std::int64_t kWordKeys = 128;  // of a block; its products of weights and values stay below 2^31
constexpr float kWeightSteps = 4095.0F;
constexpr float kValueSteps = 4095.0F;

struct WordScratch {
  WordScratch(void* memory, std::int64_t dim)
      : scores(static_cast<float*>(memory)),
        sums(scores + kWordKeys * kLanes),
        queries(reinterpret_cast<std::uint32_t*>(sums + dim * kLanes)),
        shares(reinterpret_cast<float*>(queries + round_up(dim / 2, kLanes) * kLanes)) {}

  float* scores;           // (kWordKeys, lanes); then weights, as units
  float* sums;             // (dim, lanes)
  std::uint32_t* queries;  // (units to whole vectors, lanes)
  float* shares;           // (kWordKeys,): what a weight is multiplied with
};

// As many steps as leave the product of two rows below 2^31.
COLMODERN_INLINE float row_steps(std::int64_t dim) {
  return std::floor(std::min(std::sqrt(2147483000.0F / static_cast<float>(dim)), 32767.0F));
}

// Products of two pairs of words each, added up. As an intrinsic GCC 12 keeps each sum in two registers by turns
// (vnni.h).
COLMODERN_INLINE void add_words(__m256i& sum, __m256i lanes, __m256i value) {
  const __m256i products = _mm256_madd_epi16(lanes, value);
  asm("vpaddd %1, %0, %0" : "+x"(sum) : "x"(products));
}
COLMODERN_INLINE void add_words(Units& sum, Units lanes, Units value) {
  add_words(sum.a, lanes.a, value.a);
  add_words(sum.b, lanes.b, value.b);
}
COLMODERN_INLINE Floats whole_floats(Units x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }

// The nearest words of two vectors, the first in the low half.
COLMODERN_INLINE __m256i paired(__m256 low, __m256 high) {
  return _mm256_blend_epi16(_mm256_cvtps_epi32(low), _mm256_slli_epi32(_mm256_cvtps_epi32(high), 16), 0xaa);
}
COLMODERN_INLINE Units paired(Floats low, Floats high) { return {paired(low.a, high.a), paired(low.b, high.b)}; }

// The nearest words of a vector, two a unit.
COLMODERN_INLINE void store_words(std::uint32_t* to, Floats x) {
  const __m256i words = _mm256_packs_epi32(_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(words, 0xd8));
}

// 2^x, x at most 0; what is below 2^-30 is 2^-30. As exp2_of<3>, but the power is added to the bits of a float.
COLMODERN_INLINE __m256 power_below_one(__m256 x) {
  const __m256 rounder = _mm256_set1_ps(0x1.8p23F);
  const __m256 inside = _mm256_max_ps(x, _mm256_set1_ps(-30.0F));
  const __m256 shifted = _mm256_add_ps(inside, rounder);
  const __m256 f = _mm256_sub_ps(inside, _mm256_sub_ps(shifted, rounder));
  __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(5.517166853e-02F), f, _mm256_set1_ps(2.426111251e-01F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(6.932609677e-01F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(9.999280572e-01F));
  const __m256i power = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), power));
}
COLMODERN_INLINE Floats power_below_one(Floats x) { return {power_below_one(x.a), power_below_one(x.b)}; }

// Scores of a block of keys in steps of the queries, and the greatest of them.
template <bool IsCut>
COLMODERN_INLINE Floats score_words(const AttentionBlock& block, const KeyBlock& keys, const WordScratch& scratch) {
  Floats greatest = fill(kUnseen);
  for (std::int64_t k = 0; k < keys.n; k += kTile) {
    std::int64_t numbers[kTile];
    const std::uint32_t* rows[kTile];
    Units sums[kTile];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
      numbers[r] = keys.begin + (k + r < keys.n ? k + r : keys.n - 1);
      rows[r] = block.keys + numbers[r] * block.units;
      sums[r] = fill_units(0);
    }
    const std::uint32_t* queries = scratch.queries;
    for (std::int64_t u = 0; u < block.units; ++u, queries += kLanes) {
      const Units lanes = load_units(queries);
#pragma GCC unroll 4
      for (int r = 0; r < kTile; ++r) add_words(sums[r], lanes, fill_units(rows[r][u]));
    }
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
      Floats score = whole_floats(sums[r]) * fill(block.key_steps[numbers[r]]);
      if constexpr (IsCut) score = if_seen(block, numbers[r], 0, score);
      greatest = maximum(greatest, score);
      store(scratch.scores + (k + r) * kLanes, score);
    }
  }
  return greatest;
}

// The steps of a block's values in those of the greatest, which is returned.
COLMODERN_INLINE float take_value_steps(const AttentionBlock& block, const KeyBlock& keys, float* shares) {
  const float* steps = block.value_shares + keys.begin;
  const float greatest = *std::max_element(steps, steps + keys.n);
  for (std::int64_t k = 0; k < keys.n; ++k) shares[k] = steps[k] * (kWeightSteps / greatest);
  return greatest;
}

// Scores to weights below the greatest, as units of two keys in place; returns what they add up to.
COLMODERN_INLINE Floats weigh_words(std::int64_t n, const WordScratch& scratch, Floats query_steps, Floats greatest) {
  const Floats below = fill(0.0F) - greatest;
  auto* units = reinterpret_cast<std::uint32_t*>(scratch.scores);
  Floats total = fill(0.0F);
  for (std::int64_t k = 0; k < n; k += 2, units += kLanes) {
    const Floats weight = power_below_one(multiply_add(load(scratch.scores + k * kLanes), query_steps, below));
    Floats next = fill(0.0F);
    Floats share = next;
    if (k + 1 < n) {
      next = power_below_one(multiply_add(load(scratch.scores + (k + 1) * kLanes), query_steps, below));
      share = fill(scratch.shares[k + 1]);
    }
    total = total + (weight + next);
    store_units(units, paired(weight * fill(scratch.shares[k]), next * share));
  }
  return total;
}

// Adds the weighted values of a block of keys, each worth `step`, to the sums, which shrink first.
COLMODERN_INLINE void mix_words(const AttentionBlock& block, const KeyBlock& keys, const WordScratch& scratch,
                                Floats shrink, Floats step) {
  const std::int64_t slots = (keys.n + 1) / 2;
  const std::uint32_t* first = block.values + keys.begin / 2 * block.dim;
  for (std::int64_t d = 0; d < block.dim; d += kTile) {
    Units sums[kTile];
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) sums[r] = fill_units(0);
    const auto* weights = reinterpret_cast<const std::uint32_t*>(scratch.scores);
    const std::uint32_t* values = first + d;
    for (std::int64_t slot = 0; slot < slots; ++slot, weights += kLanes, values += block.dim) {
      const Units lanes = load_units(weights);
#pragma GCC unroll 4
      for (int r = 0; r < kTile; ++r) add_words(sums[r], lanes, fill_units(values[r]));
    }
#pragma GCC unroll 4
    for (int r = 0; r < kTile; ++r) {
      float* to = scratch.sums + (d + r) * kLanes;
      store(to, multiply_add(load(to), shrink, whole_floats(sums[r]) * step));
    }
  }
}

COLMODERN_TARGET void attend_in_words(const AttentionBlock& block, void* memory) noexcept {
  const WordScratch scratch(memory, block.dim);
  transpose_rows(block.queries, block.units, block.n_queries, block.units, scratch.queries, kLanes);
  float steps[kLanes];
  for (std::int64_t i = 0; i < kLanes; ++i) steps[i] = block.query_steps[i < block.n_queries ? i : block.n_queries - 1];
  const Floats query_steps = load(steps);
  std::fill_n(scratch.sums, block.dim * kLanes, 0.0F);
  Floats peaks = fill(kUnseen);
  Floats totals[1] = {fill(0.0F)};
  for (std::int64_t begin = 0; begin < block.n_keys; begin += kWordKeys) {
    const KeyBlock keys = key_block(block, begin, kWordKeys);
    const Floats greatest =
        keys.is_cut ? score_words<true>(block, keys, scratch) : score_words<false>(block, keys, scratch);
    const Floats here = greatest * query_steps;
    const float value_step = take_value_steps(block, keys, scratch.shares);
    const Floats added = weigh_words(keys.n, scratch, query_steps, here);
    const Floats peak = maximum(peaks, here);
    const Floats shrink = exp2_of<5>(peaks - peak);
    const Floats growth = exp2_of<5>(here - peak);
    peaks = peak;
    totals[0] = multiply_add(added, growth, totals[0] * shrink);
    mix_words(block, keys, scratch, shrink, growth * fill(value_step / kWeightSteps));
  }
  write_rows<1>(block, scratch.sums, totals);
}

std::int64_t word_attention_bytes(std::int64_t dim) noexcept {
  return ((kWordKeys + dim + round_up(dim / 2, kLanes)) * kLanes + kWordKeys) * 4;
}

COLMODERN_TARGET void place_turned_as_words(const HeadRows& heads, std::uint32_t* out, float* steps) noexcept {
  const float most = row_steps(heads.dim);
  float turned[kMostDims];
  for (std::int64_t i = 0; i < heads.n; ++i, out += heads.dim / 2) {
    turn_row(heads, i, turned);
    const float peak = peak_of(turned, heads.dim);
    const Floats scale = fill(most / peak);
    for (std::int64_t d = 0; d < heads.dim; d += kLanes) store_words(out + d / 2, load(turned + d) * scale);
    steps[i] = peak / most;
  }
}

// Of values the last array has the steps.
COLMODERN_TARGET void place_values_as_words(const HeadRows& heads, const std::int64_t* places, std::uint32_t* out,
                                            float*, float* steps) noexcept {
  for (std::int64_t i = 0; i < heads.n; ++i) {
    const float peak = peak_of(heads.row(i), heads.dim);
    steps[i] = peak / kValueSteps;
    const Floats scale = fill(kValueSteps / peak);
    std::uint32_t* at = out + places[i] / 2 * heads.dim;
    if (places[i] % 2 == 0 && i + 1 < heads.n && places[i + 1] == places[i] + 1) {
      const float next_peak = peak_of(heads.row(i + 1), heads.dim);
      steps[i + 1] = next_peak / kValueSteps;
      const Floats next_scale = fill(kValueSteps / next_peak);
      for (std::int64_t d = 0; d < heads.dim; d += kLanes) {
        store_units(at + d, paired(load(heads.row(i) + d) * scale, load(heads.row(i + 1) + d) * next_scale));
      }
      ++i;
      continue;
    }
    // The other one of the pair belongs to another chunk of rows, or there is none.
    auto* parts = reinterpret_cast<std::uint16_t*>(at) + places[i] % 2;
    std::uint32_t units[kLanes];
    for (std::int64_t d = 0; d < heads.dim; d += kLanes) {
      store_units(units, paired(load(heads.row(i) + d) * scale, fill(0.0F)));
      for (std::int64_t j = 0; j < kLanes; ++j) parts[2 * (d + j)] = static_cast<std::uint16_t>(units[j]);
    }
  }
}

}  // namespace
}  // namespace colmodern::encoder
