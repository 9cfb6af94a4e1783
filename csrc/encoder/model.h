// A ModernBERT and its projection: packed weights, and the pass of many sequences through them.
//
// colmodern/encoder/forward/modernbert.py says what is computed. Each layer is two rounds of jobs over the pack: rows
// by chunks (norm, queries, keys and values; and what follows attention), then attention by blocks of queries. A job
// writes what no other one does and takes everything in a fixed order, so the number of threads changes no bit.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "encoder/kernels.h"
#include "encoder/pack.h"
#include "encoder/packed_memory.h"
#include "encoder/rotary.h"
#include "encoder/workspace.h"

namespace colmodern::encoder {

enum class Precision : int { fp32 = 0, bf16 = 1, int8 = 2 };
enum class Activation : int { identity = 0, tanh = 1, relu = 2, gelu = 3, silu = 4, sigmoid = 5 };

bool can_run(Isa isa, Precision precision) noexcept;

struct Shape {
  std::int64_t vocabulary;
  std::int64_t hidden;
  std::int64_t inner;
  std::int64_t heads;
  std::int64_t radius;
  float norm_eps;
  std::int64_t head_dim() const noexcept { return hidden / heads; }
};

struct NormSource {
  Tensor weight;
  Tensor bias;  // or no data
};

struct LayerSource {
  bool is_global;
  std::optional<NormSource> attention_norm;
  Tensor qkv, qkv_bias;
  Tensor attention_out, attention_out_bias;
  NormSource mlp_norm;
  Tensor mlp_in, mlp_in_bias;
  Tensor mlp_out, mlp_out_bias;
};

struct DenseSource {
  std::int64_t inputs, outputs;
  Tensor weight, bias;
  Activation activation;
  bool residual;
  Tensor residual_weight;  // or no data
};

// A pack of sequences, checked by `Model::forward`.
struct Pack {
  const std::int64_t* ids;
  std::int64_t n_tokens;
  const std::int64_t* lengths;
  const std::int64_t* seen;
  std::int64_t n_sequences;
  const std::int64_t* kept;  // ascending rows whose vectors are wanted
  std::int64_t n_kept;
};

class Model {
 public:
  // Embeddings are read where they are, whenever the model runs. If the memory is filled, layers lie there as they were
  // packed before, and their weights are not read.
  Model(Isa isa, Precision precision, const Shape& shape, const Tensor& embeddings, const NormSource& embedding_norm,
        const NormSource& final_norm, std::vector<float> global_frequencies, std::vector<float> local_frequencies,
        PackedMemory memory = {});

  void add_layer(const LayerSource& source, int threads);
  void add_dense(const DenseSource& source, int threads);
  void add_normalisation();

  // The length of a vector that comes out.
  std::int64_t dim() const noexcept { return dim_; }
  // The weights of all layers.
  const PackedMemory& memory() const noexcept { return memory_; }

  // Writes the vectors of the kept rows, (n_kept, dim). Throws std::invalid_argument on a pack that is none.
  void forward(const Pack& pack, int threads, float* out) const;

 private:
  friend class Pass;

  struct OwnedNorm {
    std::int64_t width;
    float eps;
    AlignedArray<float> weight, bias;
    bool has_bias;
    Norm view() const noexcept { return {width, eps, weight.data(), has_bias ? bias.data() : nullptr}; }
  };
  struct Layer {
    bool is_global;
    std::optional<OwnedNorm> attention_norm;
    Linear qkv, attention_out;
    OwnedNorm mlp_norm;
    Linear mlp_in, mlp_out;
  };
  struct Step {  // of the projection: a linear layer, or a normalisation
    std::optional<Linear> linear;
    std::optional<Linear> residual_linear;
    Activation activation;
    bool residual;
    std::int64_t outputs;
  };

  OwnedNorm norm_of(const NormSource& source) const;
  std::vector<std::int32_t> head_order(int parts) const;

  Tables tables_;
  const LinearKernels* linear_;      // of the layers
  const LinearKernels* projection_;  // of the projection, which is never done in bytes
  const AttentionKernels* attention_;
  decltype(RowKernels::gated_gelu) gate_;
  Shape shape_;
  std::int64_t half_;    // of a head, padded
  std::int64_t stride_;  // of the residual stream
  std::int64_t dim_;
  Tensor embeddings_;
  PackedMemory memory_;
  OwnedNorm embedding_norm_, final_norm_;
  Rotary global_rotary_, local_rotary_;
  std::vector<Layer> layers_;
  std::vector<Step> steps_;
  mutable WorkspacePool workspaces_;
};

}  // namespace colmodern::encoder
