// The forward pass with AMX: bytes and bfloat16 in tiles. All else stays with AVX-512.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "tiles.h"

#define COLMODERN_TARGET                                                                                 \
  __attribute__((                                                                                        \
      target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c,amx-tile,amx-int8," \
             "amx-bf16")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx512.h"

#include "encoder/conversion.h"
#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/brain_op.h"
#include "encoder/byte_attention.h"
#include "encoder/byte_op.h"
#include "encoder/tile_attention.h"
#include "encoder/tile_linear.h"

namespace colmodern::encoder {
namespace {

struct ByteTiles {
  static constexpr int kStep = 4;
  static constexpr std::int64_t kPanel = ByteOp::kVectors * kLanes;
  static constexpr std::int64_t kKeys = kByteKeys;
  using Lanes = ByteOp;
  using Keys = ByteKeys;
  using Peaks = Units;

  template <int Tile>
  COLMODERN_INLINE static void start_lanes(const std::uint32_t* starts) {
    load_tile<Tile>(starts, 0);
  }
  template <int Sum, int A, int B>
  COLMODERN_INLINE static void add() {
    add_byte_products<Sum, A, B>();
  }
  COLMODERN_INLINE static Floats floats(Units sum) { return ByteOp::floats(sum); }
  COLMODERN_INLINE static Floats finish(const PackedLinear& linear, std::int64_t column, Units sum, const float* scales,
                                        std::int64_t row) {
    return ByteOp::finish(linear, column, sum, scales, static_cast<int>(row));
  }
  COLMODERN_INLINE static float reach(const AttentionBlock& block) { return reach_of(block); }
  COLMODERN_INLINE static ByteKeys keys(const AttentionBlock& block, std::int64_t begin, float reach) {
    return byte_keys(block, begin, reach);
  }
  COLMODERN_INLINE static Units lowest() { return fill_units(kLowestWords); }
  template <int Vectors>
  COLMODERN_INLINE static bool must_aim(ByteKeys& keys, Units (&greatest)[Vectors],
                                        const ByteScratch<ByteOp>& scratch) {
    return encoder::must_aim<ByteOp, Vectors>(keys, greatest, scratch);
  }
  template <int Vectors, bool IsCut>
  COLMODERN_INLINE static void score(const AttentionBlock& block, const ByteKeys& keys, std::int64_t k,
                                     const std::uint32_t* rows, const ByteScratch<ByteOp>& scratch,
                                     Units (&greatest)[Vectors]) {
    constexpr std::int64_t kWidth = Vectors * kLanes;
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v, rows += kLanes) {
      const Units products[kUnit] = {load_units(rows), load_units(rows + kWidth), load_units(rows + 2 * kWidth),
                                     load_units(rows + 3 * kWidth)};
      score_unit<ByteOp, IsCut>(block, keys, k, v, products, scratch.steps + v * kLanes, scratch.aims + v * kLanes,
                                scratch.scores + v * kLanes, kWidth, greatest[v]);
    }
  }
  template <int Vectors>
  COLMODERN_INLINE static void take(const AttentionBlock& block, const ByteScratch<ByteOp>& scratch) {
    take_queries<ByteOp, Vectors>(block, scratch);
  }
  template <int Vectors>
  COLMODERN_INLINE static void weigh(const AttentionBlock& block, const ByteKeys& keys,
                                     const ByteScratch<ByteOp>& scratch, const Units (&words)[Vectors],
                                     Floats (&peaks)[Vectors], Floats (&totals)[Vectors]) {
    weigh_bytes<ByteOp, Vectors>(block, keys, scratch, words, peaks, totals);
  }
  static const LinearKernels& without_tiles() { return kBytes_avx512vnni; }
};

struct BrainTiles {
  static constexpr int kStep = 2;
  static constexpr std::int64_t kPanel = BrainOp::kVectors * kLanes;
  static constexpr std::int64_t kKeys = encoder::kKeys;
  using Lanes = BrainOp;
  using Keys = KeyBlock;
  using Peaks = Floats;

  template <int Tile>
  COLMODERN_INLINE static void start_lanes(const std::uint32_t*) {
    zero_tile<Tile>();
  }
  template <int Sum, int A, int B>
  COLMODERN_INLINE static void add() {
    add_brain_products<Sum, A, B>();
  }
  COLMODERN_INLINE static Floats floats(Units sum) { return floats_of(sum); }
  COLMODERN_INLINE static Floats finish(const PackedLinear&, std::int64_t, Units sum, const float*, std::int64_t) {
    return floats_of(sum);
  }
  COLMODERN_INLINE static float reach(const AttentionBlock&) { return 0.0F; }
  COLMODERN_INLINE static KeyBlock keys(const AttentionBlock& block, std::int64_t begin, float) {
    return key_block(block, begin, kKeys);
  }
  COLMODERN_INLINE static Floats lowest() { return fill(kUnseen); }
  template <int Vectors>
  COLMODERN_INLINE static bool must_aim(KeyBlock&, Floats (&)[Vectors], const ByteScratch<BrainOp>&) {
    return false;
  }
  template <int Vectors, bool IsCut>
  COLMODERN_INLINE static void score(const AttentionBlock& block, const KeyBlock& keys, std::int64_t k,
                                     const std::uint32_t* rows, const ByteScratch<BrainOp>& scratch,
                                     Floats (&peaks)[Vectors]) {
    constexpr std::int64_t kWidth = Vectors * kLanes;
    auto* at = reinterpret_cast<float*>(scratch.scores) + k * kWidth;
    for (const std::int64_t end = std::min(k + kUnit, keys.n); k < end; ++k, at += kWidth, rows += kWidth) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) {
        Floats score = floats_of(load_units(rows + v * kLanes));
        if constexpr (IsCut) score = if_seen(block, keys.begin + k, v, score);
        peaks[v] = maximum(peaks[v], score);
        store(at + v * kLanes, score);
      }
    }
  }
  template <int Vectors>
  COLMODERN_INLINE static void take(const AttentionBlock& block, const ByteScratch<BrainOp>& scratch) {
    transpose_rows(block.queries, block.units, block.n_queries, block.units, scratch.queries, Vectors * kLanes);
  }
  template <int Vectors>
  COLMODERN_INLINE static void weigh(const AttentionBlock&, const KeyBlock& keys, const ByteScratch<BrainOp>& scratch,
                                     const Floats (&scored)[Vectors], Floats (&peaks)[Vectors],
                                     Floats (&totals)[Vectors]) {
    for (int v = 0; v < Vectors; ++v) {
      peaks[v] = scored[v];
      totals[v] = fill(0.0F);
    }
    weigh_keys<BrainOp, Vectors>(keys.n, reinterpret_cast<float*>(scratch.scores), scored, totals);
  }
  static const LinearKernels& without_tiles() { return kBrain_avx512bf16; }
};

}  // namespace

const LinearKernels kBytes_amx{ByteOp::kStep, ByteTiles::kPanel, convert_to_bytes, multiply_in_tiles<ByteTiles>, spread,
                               false};
const LinearKernels kBrain_amx{
    BrainOp::kStep, BrainTiles::kPanel, convert_to_brain, multiply_in_tiles<BrainTiles>, nullptr, false};
const AttentionKernels kByteAttention_amx{ByteOp::kStep,
                                          ByteOp::kVectors * kLanes,
                                          ByteTiles::kKeys,
                                          place_turned_as_bytes<false>,
                                          place_turned_as_bytes<true>,
                                          place_values_as_bytes,
                                          attend_with_tiles<ByteTiles>,
                                          tile_attention_bytes<ByteTiles>};
const AttentionKernels kBrainAttention_amx{BrainOp::kStep,
                                           BrainOp::kVectors * kLanes,
                                           BrainTiles::kKeys,
                                           place_turned<BrainOp>,
                                           place_turned<BrainOp>,
                                           place_values<BrainOp>,
                                           attend_with_tiles<BrainTiles>,
                                           tile_attention_bytes<BrainTiles>};

}  // namespace colmodern::encoder

#endif
