// Small models of any weights and shapes that Python lets through, and packs of any ids and lengths.
#include <algorithm>
#include <cstdint>
#include <list>
#include <stdexcept>
#include <vector>

#include "encoder/model.h"
#include "input.h"

using namespace colmodern;
using namespace colmodern::encoder;

namespace {

// Tensors that end with their allocations.
class Tensors {
 public:
  explicit Tensors(fuzz::Input& input) : input_(input) {}

  Tensor of(std::int64_t n) {
    const auto kind = static_cast<Stored>(input_.from(0, 2));
    const std::int64_t bytes = kind == Stored::float32 ? 4 : 2;
    std::vector<std::uint8_t> values(static_cast<std::size_t>(n * bytes));
    const std::vector<std::uint8_t> pattern = input_.some<std::uint8_t>(12);  // repeated: a model has many numbers
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = pattern[i % pattern.size()];
    kept_.push_back(std::move(values));
    return {kind, kept_.back().data()};
  }
  Tensor or_none(std::int64_t n) { return input_.coin() ? of(n) : Tensor{}; }
  NormSource norm(std::int64_t n) { return {of(n), or_none(n)}; }

 private:
  fuzz::Input& input_;
  std::list<std::vector<std::uint8_t>> kept_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Isa isa = input.isa();
  auto precision = static_cast<Precision>(input.from(0, 2));
  if (!can_run(isa, precision)) precision = Precision::fp32;
  const std::int64_t heads = input.from(1, 3), head_dim = 2 * input.from(1, 40), inner = input.from(1, 70);
  const float any = input.any<float>(), eps = any >= 0.0F && any <= 1.0F ? any : 1e-5F;
  const std::int64_t radius = std::clamp<std::int64_t>(input.mostly<std::int64_t>(1, 1, 80)[0], 1, 1 << 30);
  const Shape shape{input.from(1, 30), heads * head_dim, inner, heads, radius, eps};
  Tensors tensors(input);
  const std::int64_t hidden = shape.hidden;
  const std::vector<float> frequencies(static_cast<std::size_t>(head_dim / 2), input.any<float>());
  Model model(isa, precision, shape, tensors.of(shape.vocabulary * hidden), tensors.norm(hidden), tensors.norm(hidden),
              frequencies, frequencies);
  for (std::int64_t i = input.from(0, 2); i > 0; --i) {
    LayerSource layer{input.coin(), std::nullopt, {}, {}, {}, {}, tensors.norm(hidden), {}, {}, {}, {}};
    if (input.coin()) layer.attention_norm = tensors.norm(hidden);
    layer.qkv = tensors.of(3 * hidden * hidden);
    layer.qkv_bias = tensors.or_none(3 * hidden);
    layer.attention_out = tensors.of(hidden * hidden);
    layer.attention_out_bias = tensors.or_none(hidden);
    layer.mlp_in = tensors.of(2 * inner * hidden);
    layer.mlp_in_bias = tensors.or_none(2 * inner);
    layer.mlp_out = tensors.of(hidden * inner);
    layer.mlp_out_bias = tensors.or_none(hidden);
    model.add_layer(layer, 1);
  }
  std::int64_t width = hidden;
  for (std::int64_t i = input.from(0, 2); i > 0; --i) {
    const std::int64_t outputs = input.from(1, 50);
    DenseSource dense{width,
                      outputs,
                      tensors.of(width * outputs),
                      tensors.or_none(outputs),
                      static_cast<Activation>(input.from(0, 5)),
                      input.coin(),
                      {}};
    if (dense.residual && outputs != width) dense.residual_weight = tensors.of(width * outputs);
    model.add_dense(dense, 1);
    width = outputs;
  }
  if (input.coin()) model.add_normalisation();

  const std::int64_t n_sequences = input.from(0, 4);
  const auto lengths = input.mostly<std::int64_t>(n_sequences, 1, 150);
  std::vector<std::int64_t> seen = lengths;
  std::int64_t n_tokens = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (input.any<std::uint8_t>() < 32) seen[i] = input.any<std::int64_t>();
    n_tokens += lengths[i] > 0 && lengths[i] <= 150 ? lengths[i] : 3;
  }
  const auto ids = input.mostly<std::int64_t>(n_tokens, 0, shape.vocabulary - 1);
  std::vector<std::int64_t> kept;
  for (std::int64_t row = 0; row < n_tokens; row += input.from(1, 9)) kept.push_back(row);
  if (!kept.empty() && input.any<std::uint8_t>() < 32) kept.back() = input.any<std::int64_t>();
  std::vector<float> out(kept.size() * static_cast<std::size_t>(model.dim()));
  try {
    model.forward({ids.data(), n_tokens, lengths.data(), seen.data(), n_sequences, kept.data(),
                   static_cast<std::int64_t>(kept.size())},
                  1, out.data());
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
