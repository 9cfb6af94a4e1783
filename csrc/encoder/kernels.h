// What the forward pass is made of: a few loops a precision and an instruction set, and the values they work on.
//
// A row is one token. All widths are padded with zeros to whole vectors of sixteen lanes. A number of a product is a
// 32-bit unit: one float32, two bfloat16 or four bytes, so that one text of loops serves every precision.
// Kernels are noexcept and total: the caller has checked ids and sizes.
#pragma once

#include <cstdint>

#include "cpu.h"

namespace colmodern::encoder {

constexpr std::int64_t kLanes = 16;
// Rows that go through linear layers together: a few of their activations fit a level-2 cache. A multiple of the six
// rows of a tile.
constexpr std::int64_t kChunk = 96;

// Where products are added in 16 bits: of eight inputs, those of a sum are the first two of each four, or the last two.
// What weights of one sign of two such neighbours add up to is at most 128 steps, 127 before they are rounded, since
// 255 times that is a word; and what all four add up to, without their signs, at most 255 and 253.
constexpr std::int64_t kWordSpan = 8;
constexpr float kPairSteps = 127.0F;
constexpr float kWordSteps = 253.0F;

constexpr std::int64_t round_up(std::int64_t n, std::int64_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

enum class Stored : int { float32 = 0, float16 = 1, bfloat16 = 2 };

struct Norm {
  std::int64_t width;
  float eps;
  const float* weight;  // (width padded)
  const float* bias;    // (width padded), or null
};

// The weights of a linear layer as [panel][unit][column of the panel].
struct PackedLinear {
  std::int64_t units;
  const std::uint32_t* weights;
  const float* scales;  // bytes only: of columns
  const float* sums;    // bytes only: of the weights of a column
  const float* bias;    // or null
  // Sums in 16 bits only, of each panel: where the sums of its columns start, 128 times their weights; and for each two
  // units and column the starts of two words, -128 times the weights that they meet
  const std::uint32_t* starts;
};

// Rows to multiply: units side by side, and of bytes the step of each row and its least value, which is the byte 0.
struct Operand {
  std::uint32_t* units;
  std::int64_t stride;
  float* scales;
};

// Linear layers in one precision.
struct LinearKernels {
  int step;            // inputs of a unit
  std::int64_t panel;  // columns of a panel
  // n rows of floats to units; the floats may change
  void (*convert)(float* rows, std::int64_t stride, std::int64_t n, std::int64_t width, const Operand&) noexcept;
  // out[row][column] = (add: out[row][column] +) product of row and column, for the columns of some panels
  void (*multiply)(const PackedLinear&, const Operand&, std::int64_t n, std::int64_t first_panel,
                   std::int64_t last_panel, float* out, std::int64_t stride, bool add) noexcept;
  // Bytes only: what a row, and so the weights of an output, goes through before it is rounded: four times an
  // orthogonal transform, in place
  void (*spread)(float* row, std::int64_t width) noexcept;
  // Bytes only: whether products are added in 16 bits first, for which weights have fewer steps
  bool in_words;
};

// Some queries of a sequence and one head, and the keys that they look at. Keys and values begin at the key `first`.
struct AttentionBlock {
  std::int64_t units;            // of a query or key
  std::int64_t dim;              // of a value, padded
  const std::uint32_t* queries;  // (n_queries, units)
  std::int64_t n_queries;        // at most `queries`
  std::int64_t position;         // of the first query
  const std::uint32_t* keys;     // (n_keys, units)
  const std::uint32_t* values;   // (n_keys / step, dim): a unit holds one dimension of `step` keys
  std::int64_t first;            // position of the first key, a multiple of `step`
  std::int64_t n_keys;
  std::int64_t radius;  // how far a query sees; negative: everywhere
  float* out;           // row i, out[i * stride + d]
  std::int64_t stride;
  // Bytes and words only, one for each query and key; of a value its logarithm as
  // byte_weights.h has it, and the inverse; of words the step itself in the place of that.
  const float* query_steps;
  const float* key_steps;
  const float* value_logs;
  const float* value_shares;
};

// Where queries and keys are turned, and all are put in order for attention.
struct HeadRows {
  const float* rows;  // (any, stride): the dim values of a head
  std::int64_t stride;
  const std::int64_t* numbers;  // (n,): which of the rows
  std::int64_t n;
  std::int64_t dim;
  const std::int64_t* positions;  // (n + 1,): in its sequence; 0 behind the last row of one
  const float* cosines;           // (positions, dim / 2)
  const float* sines;
  const float* row(std::int64_t i) const noexcept { return rows + numbers[i] * stride; }
};

// Attention in one precision.
struct AttentionKernels {
  int step;
  std::int64_t queries;  // of a block, at most: one a lane
  std::int64_t behind;   // keys, and units of values, that are read behind the last, whatever they hold
  // Rows turned by their positions, as (n, dim / step) units; of bytes also their steps
  void (*place_queries)(const HeadRows&, std::uint32_t* out, float* steps) noexcept;
  void (*place_keys)(const HeadRows&, std::uint32_t* out, float* steps) noexcept;
  // Rows as values: row i has the place places[i], which is `step` times its unit row and its part of the unit
  void (*place_values)(const HeadRows&, const std::int64_t* places, std::uint32_t* out, float* logs,
                       float* shares) noexcept;
  // Softmax of the products with the keys, applied to the values
  void (*attend)(const AttentionBlock&, void* scratch) noexcept;
  std::int64_t (*scratch_bytes)(std::int64_t dim) noexcept;
};

// What is done in float32 whatever the precision.
struct RowKernels {
  void (*widen)(Stored, const void* from, std::int64_t n, float* to) noexcept;
  void (*norm)(const Norm&, const float* rows, std::int64_t stride, std::int64_t n, float* out,
               std::int64_t out_stride) noexcept;
  // out[i] = gelu(rows[i][j]) * rows[i][width + j] for j < width
  void (*gated_gelu)(const float* rows, std::int64_t stride, std::int64_t n, std::int64_t width, float* out,
                     std::int64_t out_stride) noexcept;
  // The same where the products that follow are of fewer bits than a float has
  void (*rough_gated_gelu)(const float* rows, std::int64_t stride, std::int64_t n, std::int64_t width, float* out,
                           std::int64_t out_stride) noexcept;
  void (*gelu)(float* values, std::int64_t n) noexcept;
  void (*normalise)(float* rows, std::int64_t stride, std::int64_t n, std::int64_t width) noexcept;
};

struct Tables {
  const RowKernels* rows;
  const LinearKernels* single;
  const LinearKernels* brain;  // null where there are no products of bfloat16
  const LinearKernels* bytes;
  const AttentionKernels* single_attention;
  const AttentionKernels* brain_attention;  // null likewise
  const AttentionKernels* byte_attention;   // of words where bytes would be no faster
};

bool has_brain_products() noexcept;
Tables tables_for(Isa isa);

#define COLMODERN_DECLARE_TABLES(isa)                   \
  extern const RowKernels kRows_##isa;                  \
  extern const LinearKernels kSingle_##isa;             \
  extern const LinearKernels kBytes_##isa;              \
  extern const AttentionKernels kSingleAttention_##isa; \
  extern const AttentionKernels kByteAttention_##isa;
COLMODERN_DECLARE_TABLES(scalar)
#if COLMODERN_X86
COLMODERN_DECLARE_TABLES(avx2)
COLMODERN_DECLARE_TABLES(avx512vnni)
extern const LinearKernels kBytes_avxvnni;
extern const AttentionKernels kByteAttention_avxvnni;
extern const LinearKernels kBrain_avx512bf16;
extern const AttentionKernels kBrainAttention_avx512bf16;
extern const LinearKernels kBytes_amx;
extern const LinearKernels kBrain_amx;
extern const AttentionKernels kByteAttention_amx;
extern const AttentionKernels kBrainAttention_amx;
#endif
#if COLMODERN_ARM
COLMODERN_DECLARE_TABLES(neon)
#if COLMODERN_I8MM
extern const LinearKernels kBytes_i8mm;
#endif
#endif
#undef COLMODERN_DECLARE_TABLES

}  // namespace colmodern::encoder
