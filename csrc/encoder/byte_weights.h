// From products of bytes to weights in bytes, sixteen queries in the lanes: one text for every instruction set,
// included by byte_attention.h.
//
// The logarithm of a weight is a word: 16 bits, in 64ths of an octave. Its power of two is read from a table, so all of
// it is whole numbers, 32 in a register. Four keys are a unit; the words of its first and third lie in one vector,
// those of the second and fourth in the next.

namespace colmodern::encoder {
namespace {

constexpr std::int64_t kUnit = 4;
constexpr std::int64_t kByteKeys = 128;  // of a block
constexpr float kPerOctave = 64.0F;
constexpr float kRounder = 0x1.8p23F;  // added to a small float, it leaves the nearest whole number in the low bits
constexpr float kLowest = kRounder - 32768.0F;   // the word of a key that is not seen
constexpr float kHighest = kRounder + 32704.0F;  // a whole octave
constexpr std::uint32_t kLowestWords = 0x80008000U;
constexpr float kMostWord = 28000.0F;  // of a product; the rest is for the logarithm of a value's step
constexpr float kLeastScale = 0x1p-40F;
constexpr float kMostShare = 16383.0F;  // four weights times it are less than 2^31

// 2^(-i / 64), 255 * 128 being one: weights are bytes and seven bits more until they are rounded.
struct Powers {
  constexpr Powers() {
    double power = 255.0 * 128.0;
    for (std::uint16_t& word : words) {
      word = static_cast<std::uint16_t>(power + 0.5);
      power *= 0.98922801319397548;
    }
  }
  alignas(64) std::uint16_t words[64]{};
};

// A block of keys in words of `scale` times 64ths of an octave.
struct ByteKeys : KeyBlock {
  float scale;
};

COLMODERN_INLINE float greatest_step(const float* steps, std::int64_t n) {
  const std::int64_t whole = n / kLanes * kLanes;
  Floats greatest = fill(0.0F);
  for (std::int64_t i = 0; i < whole; i += kLanes) greatest = maximum(greatest, load(steps + i));
  float found = greatest_of(greatest);
  for (std::int64_t i = whole; i < n; ++i) found = std::max(found, steps[i]);
  return found;
}

// What no product of one of the queries and a key exceeds, in steps of the key and 64ths of an octave.
COLMODERN_INLINE float reach_of(const AttentionBlock& block) {
  const std::int64_t n_bytes = 4 * block.units;
  float longest = 0.0F;
  for (std::int64_t i = 0; i < block.n_queries; ++i) {
    const auto* query = reinterpret_cast<const std::int8_t*>(block.queries + i * block.units);
    std::int32_t squares = 0;
    for (std::int64_t j = 0; j < n_bytes; ++j) squares += query[j] * query[j];
    longest = std::max(longest, block.query_steps[i] * block.query_steps[i] * static_cast<float>(squares));
  }
  return kPerOctave * std::sqrt(longest * static_cast<float>(n_bytes)) * 127.0F;
}

// The keys from `begin` on. Blocks that are not whole, or of which a product may not fit a word, count as cut.
COLMODERN_INLINE ByteKeys byte_keys(const AttentionBlock& block, std::int64_t begin, float reach) {
  ByteKeys keys{key_block(block, begin, kByteKeys), 1.0F};
  const float farthest = reach * greatest_step(block.key_steps + begin, keys.n);
  while (keys.scale > kLeastScale && !(farthest * keys.scale < kMostWord)) keys.scale *= 0.5F;
  keys.is_cut |= keys.scale < 1.0F || keys.n % kUnit != 0;
  return keys;
}

// Inverse steps of the values of a block of keys: of a unit two pairs of words and what they count, then nothing.
COLMODERN_INLINE void take_shares(const float* shares, std::int64_t n, std::uint32_t* out) {
  for (std::int64_t k = 0; k < n; k += kLanes) {
    store_units(out + k, unit_shares(shares + k, n - k, kMostShare, 1.0F / (kMostShare * 128.0F)));
  }
}

// The words of the unit at key k from its products with the queries of vector v, and the greatest so far. Keys behind
// the last have the word of one that is not seen.
template <class Op, bool IsCut>
COLMODERN_INLINE void score_unit(const AttentionBlock& block, const ByteKeys& keys, std::int64_t k, int v,
                                 const typename Op::Sum (&products)[kUnit], const float* steps, const float* aims,
                                 std::uint32_t* out, std::int64_t width, Units& greatest) {
  Units words[kUnit];
#pragma GCC unroll 4
  for (int r = 0; r < kUnit; ++r) {
    const std::int64_t key = keys.begin + k + r;
    Floats score =
        multiply_add(Op::floats(products[r]) * fill(block.key_steps[key]), load(steps), fill(block.value_logs[key]));
    if constexpr (IsCut) {
      score = multiply_add(score - fill(kRounder) - load(aims), fill(keys.scale), fill(kRounder));
      score = minimum(maximum(score, fill(kLowest)), fill(kHighest));
      if (block.radius >= 0) score = if_seen(block, key, v, score, kLowest);
      if (k + r >= keys.n) score = fill(kLowest);
    }
    words[r] = units_of(score);
  }
  const Units even = paired_words(words[0], words[2]);
  const Units odd = paired_words(words[1], words[3]);
  greatest = greatest_words(greatest_words(greatest, even), odd);
  store_units(out + k / 2 * width, even);
  store_units(out + (k / 2 + 1) * width, odd);
}

// The whole octave at or above the greatest of both words of each lane, twice.
COLMODERN_INLINE Units whole_octaves(Units greatest, float scale) {
  const float parts = kPerOctave * scale;
  const int rest = parts > 1.0F ? static_cast<int>(parts) - 1 : 0;
  return octave_above(greatest_words(greatest, turned_words(greatest)), rest);
}

// Words, each twice, as logarithms in 64ths of an octave above `aims`; `unseen` for those of keys that are not seen.
COLMODERN_INLINE Floats logarithms_of(Units words, float scale, Floats aims, float unseen) {
  const Floats whole = high_words(words);
  return if_at_most(whole, fill(-32768.0F), fill(unseen), multiply_add(whole, fill(1.0F / scale), aims));
}

// Weights in 255ths of `peaks`, four keys a unit, in place; adds up what they are without the steps of values.
template <int Vectors>
COLMODERN_INLINE void weigh_units(std::int64_t n, std::uint32_t* words, const std::uint32_t* shares,
                                  const Units (&peaks)[Vectors], Floats (&totals)[Vectors]) {
  static constexpr Powers kPowers{};
  constexpr std::int64_t kWidth = Vectors * kLanes;
  const PowerTable table = power_table(kPowers.words);
  std::uint32_t* units = words;
  for (std::int64_t k = 0; k < n; k += kUnit, words += 2 * kWidth, units += kWidth, shares += kUnit) {
    const Units first = fill_units(shares[0]);
    const Units second = fill_units(shares[1]);
    float scale;
    std::memcpy(&scale, shares + 2, sizeof scale);
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      const Units even = table.weights(words_below(peaks[v], load_units(words + v * kLanes)));
      const Units odd = table.weights(words_below(peaks[v], load_units(words + kWidth + v * kLanes)));
      totals[v] = multiply_add(word_products(even, first, odd, second), fill(scale), totals[v]);
      store_units(units + v * kLanes, rounded_bytes(even, odd));
    }
  }
}

}  // namespace
}  // namespace colmodern::encoder
