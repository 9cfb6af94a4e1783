// The private face of the encoder to Python. Shapes have been checked in Python; ids, lengths and rows are checked
// here.
#include "bindings_encoder.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "encoder/model.h"

namespace nb = nanobind;

namespace {

using namespace colmodern;
using encoder::Stored;

using Values = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Vectors = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// Arrays in their order, each float32, float16 (as it is) or bfloat16 (as uint16); None is no tensor.
encoder::Tensor tensor_of(nb::handle values) {
  if (values.is_none()) return {};
  const auto array = nb::cast<Values>(values);
  if (array.dtype() == nb::dtype<float>()) return {Stored::float32, array.data()};
  if (array.dtype() == nb::dtype<std::uint16_t>()) return {Stored::bfloat16, array.data()};
  if (array.dtype().bits == 16) return {Stored::float16, array.data()};
  throw std::invalid_argument("a tensor must be float32, float16, or bfloat16 as uint16");
}

encoder::NormSource norm_of(nb::handle weight, nb::handle bias) { return {tensor_of(weight), tensor_of(bias)}; }

class NativeModel {
 public:
  NativeModel(int isa, int precision, std::vector<std::int64_t> sizes, float norm_eps, nb::list tensors,
              std::vector<float> global_frequencies, std::vector<float> local_frequencies)
      : embeddings_(tensors[0]),
        model_(static_cast<Isa>(isa), static_cast<encoder::Precision>(precision),
               encoder::Shape{sizes.at(0), sizes.at(1), sizes.at(2), sizes.at(3), sizes.at(4), norm_eps},
               tensor_of(tensors[0]), norm_of(tensors[1], tensors[2]), norm_of(tensors[3], tensors[4]),
               std::move(global_frequencies), std::move(local_frequencies)) {}

  void add_layer(bool is_global, nb::list t, int threads) {
    encoder::LayerSource source{is_global,       std::nullopt,     tensor_of(t[2]),     tensor_of(t[3]),
                                tensor_of(t[4]), tensor_of(t[5]),  norm_of(t[6], t[7]), tensor_of(t[8]),
                                tensor_of(t[9]), tensor_of(t[10]), tensor_of(t[11])};
    if (!t[0].is_none()) source.attention_norm = norm_of(t[0], t[1]);
    const nb::gil_scoped_release release;
    model_.add_layer(source, threads);
  }

  void add_dense(std::int64_t inputs, std::int64_t outputs, int activation, bool residual, nb::list t, int threads) {
    const encoder::DenseSource source{
        inputs,   outputs,        tensor_of(t[0]), tensor_of(t[1]), static_cast<encoder::Activation>(activation),
        residual, tensor_of(t[2])};
    const nb::gil_scoped_release release;
    model_.add_dense(source, threads);
  }

  void add_normalisation() { model_.add_normalisation(); }
  std::int64_t dim() const { return model_.dim(); }

  void forward(Numbers ids, Numbers lengths, Numbers seen, Numbers kept, int threads, Vectors out) const {
    if (lengths.shape(0) != seen.shape(0) || kept.shape(0) != out.shape(0) ||
        static_cast<std::int64_t>(out.shape(1)) != model_.dim()) {
      throw std::invalid_argument("arrays of a pack do not fit each other");
    }
    const encoder::Pack pack{ids.data(),
                             static_cast<std::int64_t>(ids.shape(0)),
                             lengths.data(),
                             seen.data(),
                             static_cast<std::int64_t>(lengths.shape(0)),
                             kept.data(),
                             static_cast<std::int64_t>(kept.shape(0))};
    const nb::gil_scoped_release release;
    model_.forward(pack, threads, out.data());
  }

 private:
  nb::object embeddings_;  // which the model reads where they are
  encoder::Model model_;
};

}  // namespace

void bind_encoder(nb::module_& m) {
  using namespace nb::literals;
  m.def(
      "can_encode",
      [](int isa, int precision) {
        return encoder::can_run(static_cast<Isa>(isa), static_cast<encoder::Precision>(precision));
      },
      "isa"_a, "precision"_a);
  nb::class_<NativeModel>(m, "Model")
      .def(nb::init<int, int, std::vector<std::int64_t>, float, nb::list, std::vector<float>, std::vector<float>>(),
           "isa"_a, "precision"_a, "sizes"_a, "norm_eps"_a, "tensors"_a, "global_frequencies"_a, "local_frequencies"_a)
      .def("add_layer", &NativeModel::add_layer, "is_global"_a, "tensors"_a, "threads"_a)
      .def("add_dense", &NativeModel::add_dense, "inputs"_a, "outputs"_a, "activation"_a, "residual"_a, "tensors"_a,
           "threads"_a)
      .def("add_normalisation", &NativeModel::add_normalisation)
      .def_prop_ro("dim", &NativeModel::dim)
      .def("forward", &NativeModel::forward, "ids"_a.noconvert(), "lengths"_a.noconvert(), "seen"_a.noconvert(),
           "kept"_a.noconvert(), "threads"_a, "out"_a.noconvert());
}
