#include "encoder/model.h"

#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace colmodern::encoder {
namespace {

LinearSource source_of(const Tensor& weight, const Tensor& bias, std::int64_t inputs, std::int64_t outputs) {
  return {weight, bias, inputs, in_order(outputs), in_order(inputs)};
}

// Gate and value columns of a gated MLP by turns, a panel of each.
std::vector<std::int32_t> gated_order(std::int64_t inner, std::int64_t panel) {
  std::vector<std::int32_t> columns;
  for (std::int64_t first = 0; first < inner; first += panel) {
    for (const std::int64_t part : {std::int64_t{0}, inner}) {
      for (std::int64_t i = first; i < first + panel; ++i) {
        columns.push_back(i < inner ? static_cast<std::int32_t>(part + i) : -1);
      }
    }
  }
  return columns;
}

// The place of each value among padded ones: where `padded[place] == value`.
std::vector<std::int32_t> places_of(const std::vector<std::int32_t>& padded, std::int64_t n) {
  std::vector<std::int32_t> places(static_cast<std::size_t>(n));
  for (std::size_t place = 0; place < padded.size(); ++place) {
    if (padded[place] >= 0) places[static_cast<std::size_t>(padded[place])] = static_cast<std::int32_t>(place);
  }
  return places;
}

}  // namespace

Model::Model(Isa isa, Precision precision, const Shape& shape, const Tensor& embeddings,
             const NormSource& embedding_norm, const NormSource& final_norm, std::vector<float> global_frequencies,
             std::vector<float> local_frequencies, PackedMemory memory)
    : tables_(tables_for(isa)),
      linear_(precision == Precision::int8   ? tables_.bytes
              : precision == Precision::bf16 ? tables_.brain
                                             : tables_.single),
      projection_(precision == Precision::fp32 || tables_.brain == nullptr ? tables_.single : tables_.brain),
      attention_(precision == Precision::int8   ? tables_.byte_attention
                 : precision == Precision::bf16 ? tables_.brain_attention
                                                : tables_.single_attention),
      gate_(precision == Precision::fp32 ? tables_.rows->gated_gelu : tables_.rows->rough_gated_gelu),
      shape_(shape),
      half_(round_up(shape.head_dim() / 2, kLanes)),
      stride_(0),
      dim_(shape.hidden),
      embeddings_(embeddings),
      memory_(std::move(memory)),
      embedding_norm_(norm_of(embedding_norm)),
      final_norm_(norm_of(final_norm)),
      global_rotary_(std::move(global_frequencies), half_),
      local_rotary_(std::move(local_frequencies), half_) {
  if (!can_run(isa, precision)) throw std::invalid_argument("this machine cannot run the encoder in this precision");
  stride_ = round_up(shape.hidden, linear_->panel);
}

Model::OwnedNorm Model::norm_of(const NormSource& source) const {
  const auto padded = static_cast<std::size_t>(round_up(shape_.hidden, kLanes));
  OwnedNorm norm{shape_.hidden, shape_.norm_eps, AlignedArray<float>(padded), AlignedArray<float>(padded),
                 source.bias.data != nullptr};
  tables_.rows->widen(source.weight.kind, source.weight.data, shape_.hidden, norm.weight.data());
  if (norm.has_bias) tables_.rows->widen(source.bias.kind, source.bias.data, shape_.hidden, norm.bias.data());
  return norm;
}

// Outputs of so many parts of Wqkv: each head as two halves, each padded to whole vectors.
std::vector<std::int32_t> Model::head_order(int parts) const {
  const std::int64_t half = shape_.head_dim() / 2;
  std::vector<std::int32_t> order;
  for (std::int64_t i = 0; i < parts * shape_.heads * 2; ++i) {
    for (std::int64_t j = 0; j < half_; ++j) order.push_back(j < half ? static_cast<std::int32_t>(i * half + j) : -1);
  }
  return order;
}

void Model::add_layer(const LayerSource& source, int threads) {
  const std::int64_t hidden = shape_.hidden;
  LinearSource qkv{source.qkv, source.qkv_bias, hidden, head_order(3), in_order(hidden)};
  qkv.scaled = shape_.heads * 2 * half_;
  // The softmax takes powers of two.
  qkv.factor = 1.44269504F / std::sqrt(static_cast<float>(shape_.head_dim()));
  // Whole groups: panels that hold whole heads.
  qkv.columns.resize(
      static_cast<std::size_t>(round_up(3 * shape_.heads * 2 * half_, std::lcm(linear_->panel, 2 * half_))), -1);
  LinearSource out = source_of(source.attention_out, source.attention_out_bias, hidden, hidden);
  out.places = places_of(head_order(1), hidden);
  LinearSource in{source.mlp_in, source.mlp_in_bias, hidden, gated_order(shape_.inner, linear_->panel),
                  in_order(hidden)};
  std::optional<OwnedNorm> attention_norm;
  if (source.attention_norm) {  // without one, queries, keys and values come from the residual stream as it is
    attention_norm.emplace(norm_of(*source.attention_norm));
  }
  const auto linear = [&](const LinearSource& packed) { return Linear(tables_, *linear_, packed, threads, memory_); };
  layers_.push_back(Layer{source.is_global, std::move(attention_norm), linear(qkv), linear(out),
                          norm_of(source.mlp_norm), linear(in),
                          linear(source_of(source.mlp_out, source.mlp_out_bias, shape_.inner, hidden))});
}

void Model::add_dense(const DenseSource& source, int threads) {
  if (source.inputs != dim_) throw std::invalid_argument("a projection takes what the one before it gives");
  Step step{Linear(tables_, *projection_, source_of(source.weight, source.bias, source.inputs, source.outputs), threads,
                   memory_),
            std::nullopt, source.activation, source.residual, source.outputs};
  if (source.residual_weight.data != nullptr) {
    step.residual_linear.emplace(
        tables_, *projection_, source_of(source.residual_weight, {}, source.inputs, source.outputs), threads, memory_);
  }
  steps_.push_back(std::move(step));
  dim_ = source.outputs;
}

void Model::add_normalisation() {
  steps_.push_back(Step{std::nullopt, std::nullopt, Activation::identity, false, dim_});
}

}  // namespace colmodern::encoder
