// The private face of the encoder to Python. Shapes have been checked in Python; ids, lengths and rows are checked
// here.
#include "bindings_encoder.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "encoder/checksum.h"
#include "encoder/model.h"

namespace nb = nanobind;

namespace {

using namespace colmodern;
using encoder::Stored;

using Values = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Vectors = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Bytes = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using BytesView = nb::ndarray<nb::numpy, const std::uint8_t, nb::ndim<1>>;

// The structs of Python: arrays with names. Each array is float32, float16 (as it is) or bfloat16 (as uint16).

struct NormArrays {
  Values weight;
  std::optional<Values> bias;
};

struct LinearArrays {
  Values weight;
  std::optional<Values> bias;
};

struct LayerArrays {
  bool is_global;
  std::optional<NormArrays> attention_norm;
  LinearArrays qkv;
  LinearArrays attention_out;
  NormArrays mlp_norm;
  LinearArrays mlp_in;
  LinearArrays mlp_out;
};

struct DenseArrays {
  std::int64_t inputs;
  std::int64_t outputs;
  LinearArrays linear;
  int activation;
  bool residual;
  std::optional<Values> residual_weight;
};

encoder::Tensor tensor_of(const Values& array) {
  if (array.dtype() == nb::dtype<float>()) return {Stored::float32, array.data()};
  if (array.dtype() == nb::dtype<std::uint16_t>()) return {Stored::bfloat16, array.data()};
  if (array.dtype().bits == 16) return {Stored::float16, array.data()};
  throw std::invalid_argument("a tensor must be float32, float16, or bfloat16 as uint16");
}

encoder::Tensor tensor_of(const std::optional<Values>& array) { return array ? tensor_of(*array) : encoder::Tensor{}; }

encoder::NormSource source_of(const NormArrays& norm) { return {tensor_of(norm.weight), tensor_of(norm.bias)}; }

encoder::LayerSource source_of(const LayerArrays& layer) {
  encoder::LayerSource source{
      .is_global = layer.is_global,
      .attention_norm = std::nullopt,
      .qkv = tensor_of(layer.qkv.weight),
      .qkv_bias = tensor_of(layer.qkv.bias),
      .attention_out = tensor_of(layer.attention_out.weight),
      .attention_out_bias = tensor_of(layer.attention_out.bias),
      .mlp_norm = source_of(layer.mlp_norm),
      .mlp_in = tensor_of(layer.mlp_in.weight),
      .mlp_in_bias = tensor_of(layer.mlp_in.bias),
      .mlp_out = tensor_of(layer.mlp_out.weight),
      .mlp_out_bias = tensor_of(layer.mlp_out.bias),
  };
  if (layer.attention_norm) source.attention_norm = source_of(*layer.attention_norm);
  return source;
}

encoder::DenseSource source_of(const DenseArrays& dense) {
  return {
      .inputs = dense.inputs,
      .outputs = dense.outputs,
      .weight = tensor_of(dense.linear.weight),
      .bias = tensor_of(dense.linear.bias),
      .activation = static_cast<encoder::Activation>(dense.activation),
      .residual = dense.residual,
      .residual_weight = tensor_of(dense.residual_weight),
  };
}

class EncoderModel {
 public:
  EncoderModel(int isa, int precision, const encoder::Shape& shape, Values embeddings, const NormArrays& embedding_norm,
               const NormArrays& final_norm, std::vector<float> global_frequencies,
               std::vector<float> local_frequencies, std::optional<Bytes> packed)
      : embeddings_(std::move(embeddings)),
        packed_(std::move(packed)),
        model_(static_cast<Isa>(isa), static_cast<encoder::Precision>(precision), shape, tensor_of(embeddings_),
               source_of(embedding_norm), source_of(final_norm), std::move(global_frequencies),
               std::move(local_frequencies), memory_of(packed_)) {}

  void add_layer(const LayerArrays& layer, int threads) {
    const encoder::LayerSource source = source_of(layer);
    const nb::gil_scoped_release release;
    model_.add_layer(source, threads);
  }

  void add_dense(const DenseArrays& dense, int threads) {
    const encoder::DenseSource source = source_of(dense);
    const nb::gil_scoped_release release;
    model_.add_dense(source, threads);
  }

  void add_normalisation() { model_.add_normalisation(); }
  std::int64_t dim() const { return model_.dim(); }
  std::int64_t packed_left() const { return model_.memory().left(); }

  // The packed weights, which are read where they are.
  static std::vector<BytesView> packed(nb::handle_t<EncoderModel> self) {
    std::vector<BytesView> views;
    for (const auto& piece : nb::cast<const EncoderModel&>(self).model_.memory().pieces()) {
      views.emplace_back(piece.data, std::initializer_list<std::size_t>{static_cast<std::size_t>(piece.size)}, self);
    }
    return views;
  }

  void forward(Numbers ids, Numbers lengths, Numbers seen, Numbers kept, int threads, Vectors out) const {
    if (lengths.shape(0) != seen.shape(0) || kept.shape(0) != out.shape(0) ||
        static_cast<std::int64_t>(out.shape(1)) != model_.dim()) {
      throw std::invalid_argument("arrays of a pack do not fit each other");
    }
    const encoder::Pack pack{
        .ids = ids.data(),
        .n_tokens = static_cast<std::int64_t>(ids.shape(0)),
        .lengths = lengths.data(),
        .seen = seen.data(),
        .n_sequences = static_cast<std::int64_t>(lengths.shape(0)),
        .kept = kept.data(),
        .n_kept = static_cast<std::int64_t>(kept.shape(0)),
    };
    const nb::gil_scoped_release release;
    model_.forward(pack, threads, out.data());
  }

 private:
  static encoder::PackedMemory memory_of(const std::optional<Bytes>& packed) {
    if (!packed) return {};
    if (reinterpret_cast<std::uintptr_t>(packed->data()) % 64 != 0) {
      throw std::invalid_argument("packed weights must lie on a boundary of 64 bytes");
    }
    return {reinterpret_cast<const char*>(packed->data()), static_cast<std::int64_t>(packed->size())};
  }

  Values embeddings_;            // which the model reads where they are
  std::optional<Bytes> packed_;  // likewise
  encoder::Model model_;
};

// Every field has a name: nothing is told by its position.
void bind_structs(nb::module_& m) {
  using namespace nb::literals;
  nb::class_<encoder::Shape>(m, "EncoderShape")
      .def(
          "__init__",
          [](encoder::Shape* self, std::int64_t vocabulary, std::int64_t hidden, std::int64_t inner, std::int64_t heads,
             std::int64_t radius,
             float norm_eps) { new (self) encoder::Shape{vocabulary, hidden, inner, heads, radius, norm_eps}; },
          nb::kw_only(), "vocabulary"_a, "hidden"_a, "inner"_a, "heads"_a, "radius"_a, "norm_eps"_a);
  nb::class_<NormArrays>(m, "NormArrays")
      .def(
          "__init__",
          [](NormArrays* self, Values weight, std::optional<Values> bias) {
            new (self) NormArrays{std::move(weight), std::move(bias)};
          },
          nb::kw_only(), "weight"_a.noconvert(), "bias"_a.noconvert().none());
  nb::class_<LinearArrays>(m, "LinearArrays")
      .def(
          "__init__",
          [](LinearArrays* self, Values weight, std::optional<Values> bias) {
            new (self) LinearArrays{std::move(weight), std::move(bias)};
          },
          nb::kw_only(), "weight"_a.noconvert(), "bias"_a.noconvert().none());
  nb::class_<LayerArrays>(m, "LayerArrays")
      .def(
          "__init__",
          [](LayerArrays* self, bool is_global, std::optional<NormArrays> attention_norm, LinearArrays qkv,
             LinearArrays attention_out, NormArrays mlp_norm, LinearArrays mlp_in, LinearArrays mlp_out) {
            new (self)
                LayerArrays{is_global,           std::move(attention_norm), std::move(qkv),    std::move(attention_out),
                            std::move(mlp_norm), std::move(mlp_in),         std::move(mlp_out)};
          },
          nb::kw_only(), "is_global"_a, "attention_norm"_a.none(), "qkv"_a, "attention_out"_a, "mlp_norm"_a, "mlp_in"_a,
          "mlp_out"_a);
  nb::class_<DenseArrays>(m, "DenseArrays")
      .def(
          "__init__",
          [](DenseArrays* self, std::int64_t inputs, std::int64_t outputs, LinearArrays linear, int activation,
             bool residual, std::optional<Values> residual_weight) {
            new (self)
                DenseArrays{inputs, outputs, std::move(linear), activation, residual, std::move(residual_weight)};
          },
          nb::kw_only(), "inputs"_a, "outputs"_a, "linear"_a, "activation"_a, "residual"_a,
          "residual_weight"_a.noconvert().none());
}

}  // namespace

void bind_encoder(nb::module_& m) {
  using namespace nb::literals;
  m.def(
      "can_encode",
      [](int isa, int precision) {
        return encoder::can_run(static_cast<Isa>(isa), static_cast<encoder::Precision>(precision));
      },
      "isa"_a, "precision"_a);
  m.def(
      "multiply_in_bytes",
      [](int isa, Rows weight, Rows rows, Vectors out) {
        if (weight.shape(1) != rows.shape(1) || out.shape(0) != rows.shape(0) || out.shape(1) != weight.shape(0)) {
          throw std::invalid_argument("arrays of a product do not fit each other");
        }
        encoder::multiply_in_bytes(static_cast<Isa>(isa), {Stored::float32, weight.data()},
                                   static_cast<std::int64_t>(weight.shape(0)),
                                   static_cast<std::int64_t>(weight.shape(1)), rows.data(),
                                   static_cast<std::int64_t>(rows.shape(0)), out.data());
      },
      nb::kw_only(), "isa"_a, "weight"_a.noconvert(), "rows"_a.noconvert(), "out"_a.noconvert());
  m.def(
      "checksum",
      [](Bytes bytes, int threads) {
        if (bytes.size() % 64 != 0) throw std::invalid_argument("a checksum is of whole lines of 64 bytes");
        const nb::gil_scoped_release release;
        return encoder::checksum(bytes.data(), static_cast<std::int64_t>(bytes.size()), threads);
      },
      "bytes"_a.noconvert(), nb::kw_only(), "threads"_a);
  bind_structs(m);
  nb::class_<EncoderModel>(m, "EncoderModel")
      .def(nb::init<int, int, const encoder::Shape&, Values, const NormArrays&, const NormArrays&, std::vector<float>,
                    std::vector<float>, std::optional<Bytes>>(),
           nb::kw_only(), "isa"_a, "precision"_a, "shape"_a, "embeddings"_a.noconvert(), "embedding_norm"_a,
           "final_norm"_a, "global_frequencies"_a, "local_frequencies"_a, "packed"_a.noconvert().none() = nb::none())
      .def("add_layer", &EncoderModel::add_layer, "layer"_a, nb::kw_only(), "threads"_a)
      .def("add_dense", &EncoderModel::add_dense, "dense"_a, nb::kw_only(), "threads"_a)
      .def("add_normalisation", &EncoderModel::add_normalisation)
      .def_prop_ro("dim", &EncoderModel::dim)
      .def_prop_ro("packed", &EncoderModel::packed)
      .def_prop_ro("packed_left", &EncoderModel::packed_left)
      .def("forward", &EncoderModel::forward, nb::kw_only(), "ids"_a.noconvert(), "lengths"_a.noconvert(),
           "seen"_a.noconvert(), "kept"_a.noconvert(), "threads"_a, "out"_a.noconvert());
}
