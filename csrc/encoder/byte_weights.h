// From products of bytes to weights in bytes, sixteen queries in the lanes: one text for every instruction set, included
// by byte_attention.h.
//
// A logarithm of a weight is a 16-bit number of 64ths of an octave, and its power of two is read from a table. So 32 of them share a
// register. Four keys are a unit: the words of keys 0 and 2 lie in one vector, those of 1 and 3 in the next.

namespace colmodern::encoder {
namespace {

constexpr std::int64_t kUnit = 4;
constexpr std::int64_t kByteKeys = 128;  // of a block
constexpr float kPerOctave = 64.0F;
constexpr float kRounder = 0x1.8p23F;              // added to a small float it leaves the nearest whole number in the low bits
constexpr float kLowest = kRounder - 32768.0F;     // the least word, of a key that is not seen
constexpr std::uint32_t kLowestWords = 0x80008000U;
constexpr float kHighest = kRounder + 32767.0F;
constexpr float kWordsPerByte = 128.0F;            // weights before they are rounded to bytes
constexpr float kMostShare = 16383.0F;             // four weights of 255 * 128 times it are less than 2^31

constexpr float kFarthest = 28000.0F / (4.0F * 127.0F * 127.0F);  // in steps of a query and a key, for each unit

// 2^(-i / 64) in 128ths of a byte.
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

template <int Vectors>
COLMODERN_INLINE float greatest_step(const float* steps) {
  Floats greatest = load(steps);
  for (int v = 1; v < Vectors; ++v) greatest = maximum(greatest, load(steps + v * kLanes));
  return greatest_of(greatest);
}

// Inverse steps of the values of a block of keys: of a unit {0 and 2, 1 and 3, their scale, -}, in 16383rds of its greatest.
COLMODERN_INLINE void take_shares(const float* shares, std::int64_t n, std::uint32_t* out) {
  for (std::int64_t k = 0; k < n; k += kLanes) store_units(out + k, unit_shares(shares + k, n - k, kMostShare, 1.0F / (kMostShare * kWordsPerByte)));
}

// The words of a unit of keys from its products with the queries of vector v, and the greatest of all words.
template <class Op, bool IsCut>
COLMODERN_INLINE void score_unit(const AttentionBlock& block, const KeyBlock& keys, std::int64_t k, int v,
                                 const typename Op::Sum (&products)[kUnit], const float* steps, std::uint32_t* out,
                                 std::int64_t width, Units& peaks) {
  Units words[kUnit];
#pragma GCC unroll 4
  for (int r = 0; r < kUnit; ++r) {
    const std::int64_t key = keys.begin + k + r;
    Floats score = multiply_add(Op::floats(products[r]) * fill(block.key_steps[key]), load(steps), fill(block.value_logs[key]));
#ifdef EXACT_LOG
    score = score + fill(kRounder);
#endif
    if constexpr (IsCut) {
      score = minimum(maximum(score, fill(kLowest)), fill(kHighest));
      if (block.radius >= 0) score = if_seen(block, key, v, score, kLowest);
      if (k + r >= keys.n) score = fill(kLowest);
    }
    words[r] = units_of(score);
  }
  const Units even = paired_words(words[0], words[2]);
  const Units odd = paired_words(words[1], words[3]);
  peaks = greatest_words(greatest_words(peaks, even), odd);
  store_units(out + k / 2 * width, even);
  store_units(out + (k / 2 + 1) * width, odd);
}

// The whole octave at or above the greatest of both words of each lane, twice.
COLMODERN_INLINE Units whole_octaves(Units peaks) { return octave_above(greatest_words(peaks, turned_words(peaks))); }

// A word twice as a logarithm; the least is that of no weight.
COLMODERN_INLINE Floats octaves_of(Units peaks) {
  const Floats whole = high_words(peaks);
  return if_at_most(whole, fill(-32768.0F), fill(kUnseen), whole * fill(1.0F / kPerOctave));
}

// Weights in 255ths of the greatest, four keys a unit, in place; adds up what they are without the steps of values.
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
