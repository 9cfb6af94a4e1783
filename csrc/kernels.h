// The kernels of one instruction set, and the values they work on.
//
// Every kernel is noexcept and total: the callers in <kernel>/<kernel>.cpp have checked shapes, ranges
// and centroid ids. All instruction sets give the same bits, because
//  - integers are exact and never saturate (levels are 7 bits, see maxsim_codes/README.md);
//  - a float product is accumulated over the dimensions in their order, by fused multiply-add, starting
//    from the same value, with one query token (or centroid) in a lane;
//  - a maximum is `x > best ? x : best`: a NaN never wins and the earlier of two equals stays.
#pragma once

#include <cstdint>

#include "cpu.h"

namespace colmodern {

// Query tokens, or centroids, are laid out in strips of sixteen lanes; the last strip is padded with zeros.
constexpr std::int64_t kLanes = 16;
// The largest dimension: an integer product stays below 2^24, so that a float holds it exactly.
constexpr std::int64_t kMaxDim = 2048;

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

// Float vectors to take products with: [strip][dim][16], not necessarily aligned.
struct PackedVectors {
  std::int64_t count;
  std::int64_t dim;
  const float* values;
  const float* start;  // (count padded): where the accumulation of each product starts
};

// An 8-bit query, as it came and packed: [strip][group][16][4], a group being four dimensions that are
// unpacked together.
struct PackedQuery {
  std::int64_t count;
  std::int64_t dim;
  const std::int8_t* values;  // (count, dim)
  const std::int8_t* packed;
  std::int64_t groups_a_plane;
  const std::int32_t* start;  // (count padded): -offset * sum of the token's values
  const float* scales;        // (count padded)
};

// What each query token thinks of each centroid, in whole steps: a row a centroid, 64-byte aligned, a lane a
// query token, the last lanes padded with the lowest number.
struct CentroidRows {
  const std::int16_t* rows;  // (n_centroids, stride)
  std::int64_t n_centroids;
  std::int64_t count;
  std::int64_t stride;  // count, rounded up to kRowLanes
  const float* steps;   // (stride)

  const std::int16_t* row(std::uint32_t id) const noexcept { return rows + static_cast<std::int64_t>(id) * stride; }
};
constexpr std::int64_t kRowLanes = 32;

// Centroid ids of 16 or 32 bits.
struct CentroidIds {
  const void* data;
  bool wide;
  std::uint32_t operator[](std::int64_t i) const noexcept {
    return wide ? static_cast<const std::uint32_t*>(data)[i] : static_cast<const std::uint16_t*>(data)[i];
  }
};

// The columns of a table of coded tokens.
struct CodeColumns {
  CentroidIds ids;
  const std::uint8_t* residuals;  // (n, row_bytes)
  std::int64_t row_bytes;
  int bits;                    // 1, 2 or 4
  const std::uint8_t* levels;  // (16,): level + 64
  const std::uint16_t* gains;  // float16
  const std::uint16_t* norms;  // float16
};

// Tokens of a block are looked at by groups.
constexpr std::int64_t kGroupTokens = 16;

// Centroids of 8 bits to compare rows with: [strip][dim / 4][16][4]. What pads the last strip starts so low that it
// never is the greatest.
struct PackedRows {
  std::int64_t strips;
  std::int64_t dim;
  const std::int8_t* values;
  const std::int32_t* starts;  // (16 * strips)
};

// A row of 7 bits: value + 64, so that its bytes are unsigned and two products with 8 bits fit in 16.
constexpr int kRowOffset = 64;
constexpr int kMaxRow = 63;

// What codes of a context mean: four bits a dimension.
struct ContextLevels {
  const std::int8_t* values;  // (16,), ascending
  float step;
};

// What codes of a residual mean, and the centroids that residuals are taken against.
struct Codebook {
  const std::int8_t* centroids;  // (n_centroids, dim)
  const float* centroid_steps;   // (n_centroids,)
  const std::int8_t* levels;     // (16,), ascending if there are 4 bits
  float level_step;
  int bits;
  ContextLevels contexts;
};

// `best` holds count-padded floats, 64-byte aligned; a dense kernel overwrites it, `code_maxima` raises it. Rows and
// tokens are [begin, end).
struct Kernels {
  // scores[(row - begin) * count + i] = product of row with packed vector i
  void (*dense_scores)(const PackedVectors&, const float* rows, std::int64_t begin, std::int64_t end,
                       float* scores) noexcept;
  // best[i] = greatest product of packed vector i with a row
  void (*dense_maxima)(const PackedVectors&, const float* rows, std::int64_t begin, std::int64_t end,
                       float* best) noexcept;
  // nearest[row - begin] = the packed vector with the greatest product, the lowest of equals
  void (*dense_nearest)(const PackedVectors&, const float* rows, std::int64_t begin, std::int64_t end,
                        std::uint32_t* nearest) noexcept;
  // rows[i * stride + lane] = product of centroid i with a query token, times steps[i] and the token's scale, rounded
  void (*centroid_products)(const PackedQuery&, const std::int8_t* centroids, const float* steps, std::int64_t begin,
                            std::int64_t end, std::int16_t* rows, std::int64_t stride) noexcept;
  // Adds `weight` of the rows of ids begin..end, in their order, to sums: (stride) numbers, 64-byte aligned. To every
  // row the context is added first.
  void (*centroid_sums)(const CentroidRows&, const std::int16_t* context, const CentroidIds&, std::int64_t begin,
                        std::int64_t end, float* sums) noexcept;
  // The greatest rows, the context added, of each group of kGroupTokens tokens of begin..end: (groups, stride) numbers,
  // 64-byte aligned. They raise `greatest`: (n_greatest, stride), each lane's greatest numbers in falling order.
  void (*group_maxima)(const CentroidRows&, const std::int16_t* context, const CentroidIds&, std::int64_t begin,
                       std::int64_t end, std::int16_t* maxima, std::int64_t n_greatest,
                       std::int16_t* greatest) noexcept;
  // The tokens of begin..end, of which a row, the context added, reaches its floor in any lane: their places, counted
  // from `begin`, and those rows, (n, stride). maxima: of their groups. Returns how many there are.
  std::int64_t (*rows_from)(const CentroidRows&, const std::int16_t* context, const CentroidIds&, std::int64_t begin,
                            std::int64_t end, const std::int16_t* maxima, const std::int16_t* floors,
                            std::int32_t* places, std::int16_t* rows) noexcept;
  // Raises best[i] to the greatest norm * (step * (row + context) + gain * product)
  void (*code_maxima)(const PackedQuery&, const CentroidRows&, const std::int16_t* context, const CodeColumns&,
                      std::int64_t begin, std::int64_t end, float* best) noexcept;
  // scores[(row - begin) * 16 * strips + i] = score of row with packed centroid i (assign/assign.h)
  void (*row_scores)(const PackedRows&, const std::uint8_t* rows, std::int64_t begin, std::int64_t end,
                     std::int32_t* scores) noexcept;
  // For each of n listed rows and each lane, best and strips hold the greatest score so far and the strip it is in;
  // strips [first, last) raise them, the first of equals stays.
  void (*raise_nearest)(const PackedRows&, std::int64_t first, std::int64_t last, const std::uint8_t* rows,
                        const std::int32_t* listed, std::int64_t n, std::int32_t* best, std::int32_t* strips) noexcept;
  // places: the k greatest of n scores, the first of equals, in no order; n is a multiple of 16. Scores are
  // overwritten, scratch is (n + 16,)
  void (*greatest)(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places,
                   std::int32_t* scratch) noexcept;
  // Vectors [begin, end) divided by their lengths
  void (*unit_rows)(const void* vectors, bool half, std::int64_t dim, std::int64_t begin, std::int64_t end,
                    float* units, float* lengths) noexcept;
  // n values as bytes of a row; n is a multiple of 16
  void (*round_rows)(const float* values, std::int64_t n, float step, std::uint8_t* rows) noexcept;
  // The mean of what the centroids of n rotated unit vectors leave of them: its code, (dim / 2) bytes and a gain, and
  // what the code stands for, (dim,)
  void (*code_context)(const Codebook&, std::int64_t dim, const float* rows, const std::uint32_t* ids, std::int64_t n,
                       std::uint8_t* residual, std::uint16_t* gain, float* context) noexcept;
  // Codes of n rotated unit vectors with these lengths and centroids, in this context
  void (*code_rows)(const Codebook&, std::int64_t dim, const float* context, const float* rows, const float* lengths,
                    const std::uint32_t* ids, std::int64_t n, std::uint8_t* residuals, std::uint16_t* gains,
                    std::uint16_t* norms, float* errors) noexcept;
};

const Kernels& kernels_for(Isa isa);

#define COLMODERN_DECLARE_KERNELS(isa)                                                                                \
  void dense_scores_##isa(const PackedVectors&, const float*, std::int64_t, std::int64_t, float*) noexcept;           \
  void dense_maxima_##isa(const PackedVectors&, const float*, std::int64_t, std::int64_t, float*) noexcept;           \
  void dense_nearest_##isa(const PackedVectors&, const float*, std::int64_t, std::int64_t, std::uint32_t*) noexcept;  \
  void centroid_products_##isa(const PackedQuery&, const std::int8_t*, const float*, std::int64_t, std::int64_t,      \
                               std::int16_t*, std::int64_t) noexcept;                                                 \
  void centroid_sums_##isa(const CentroidRows&, const std::int16_t*, const CentroidIds&, std::int64_t, std::int64_t,  \
                           float*) noexcept;                                                                          \
  void group_maxima_##isa(const CentroidRows&, const std::int16_t*, const CentroidIds&, std::int64_t, std::int64_t,   \
                          std::int16_t*, std::int64_t, std::int16_t*) noexcept;                                       \
  std::int64_t rows_from_##isa(const CentroidRows&, const std::int16_t*, const CentroidIds&, std::int64_t,            \
                               std::int64_t, const std::int16_t*, const std::int16_t*, std::int32_t*,                 \
                               std::int16_t*) noexcept;                                                               \
  void code_maxima_##isa(const PackedQuery&, const CentroidRows&, const std::int16_t*, const CodeColumns&,            \
                         std::int64_t, std::int64_t, float*) noexcept;                                                \
  void row_scores_##isa(const PackedRows&, const std::uint8_t*, std::int64_t, std::int64_t, std::int32_t*) noexcept;  \
  void raise_nearest_##isa(const PackedRows&, std::int64_t, std::int64_t, const std::uint8_t*, const std::int32_t*,   \
                           std::int64_t, std::int32_t*, std::int32_t*) noexcept;                                      \
  void greatest_##isa(std::int32_t*, std::int64_t, std::int64_t, std::int32_t*, std::int32_t*) noexcept;              \
  void unit_rows_##isa(const void*, bool, std::int64_t, std::int64_t, std::int64_t, float*, float*) noexcept;         \
  void round_rows_##isa(const float*, std::int64_t, float, std::uint8_t*) noexcept;                                   \
  void code_context_##isa(const Codebook&, std::int64_t, const float*, const std::uint32_t*, std::int64_t,            \
                          std::uint8_t*, std::uint16_t*, float*) noexcept;                                            \
  void code_rows_##isa(const Codebook&, std::int64_t, const float*, const float*, const float*, const std::uint32_t*, \
                       std::int64_t, std::uint8_t*, std::uint16_t*, std::uint16_t*, float*) noexcept;

COLMODERN_DECLARE_KERNELS(scalar)
#if COLMODERN_X86
COLMODERN_DECLARE_KERNELS(avx2)
COLMODERN_DECLARE_KERNELS(avxvnni)  // those that multiply bytes
COLMODERN_DECLARE_KERNELS(avx512vnni)
void code_maxima_amx(const PackedQuery&, const CentroidRows&, const std::int16_t*, const CodeColumns&, std::int64_t,
                     std::int64_t, float*) noexcept;
#endif
#if COLMODERN_ARM
COLMODERN_DECLARE_KERNELS(neon)
#endif
#undef COLMODERN_DECLARE_KERNELS

}  // namespace colmodern
