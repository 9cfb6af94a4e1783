// Do the passes of the encoder stay inside their arrays, whatever the shape, and near the scalar one?
//
// Small random models in every precision and instruction set of this machine. Sums of floats are taken in each one's
// own order, so vectors are compared by their cosine. They are equal bit for bit for any number of threads, and in
// bytes up to the projection for tiles and AVX-512. The address sanitizer watches all of it.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <vector>

#include "cpu.h"
#include "encoder/model.h"
#include "tests/numbers.h"

namespace {

using namespace colmodern;
using namespace colmodern::encoder;

constexpr std::int64_t kVocabulary = 50;
constexpr std::int64_t kDim = 48;
constexpr double kLeastCosine[] = {0.99999, 0.99, 0.9};  // fp32, bf16, int8: of one vector

struct Form {
  std::int64_t hidden, inner, heads, radius;
  std::vector<std::int64_t> lengths;
};

// A model, and the tensors that it reads; they end with their allocations.
class Random {
 public:
  Random(Isa isa, Precision precision, const Form& form)
      : model_(isa, precision, shape_of(form), tensor(kVocabulary * form.hidden, 1.0F), norm(form.hidden),
               norm(form.hidden), frequencies(form), frequencies(form)) {
    for (const bool is_global : {true, false, true}) {
      LayerSource source{is_global, std::nullopt, {}, {}, {}, {}, norm(form.hidden), {}, {}, {}, {}};
      if (!is_global) source.attention_norm = norm(form.hidden);
      const float spread = 1.0F / std::sqrt(static_cast<float>(form.hidden));
      source.qkv = tensor(3 * form.hidden * form.hidden, 3.0F * spread);
      source.attention_out = tensor(form.hidden * form.hidden, spread);
      source.mlp_in = tensor(2 * form.inner * form.hidden, spread);
      source.mlp_out = tensor(form.hidden * form.inner, spread);
      model_.add_layer(source, 1);
    }
    model_.add_dense({form.hidden, kDim, tensor(kDim * form.hidden, 1.0F), {}, Activation::identity, false, {}}, 1);
    model_.add_normalisation();
  }

  // Of every so many-th row from `first` on.
  std::vector<float> vectors(const Form& form, int threads, std::int64_t first = 0, std::int64_t every = 1) const {
    const std::int64_t n = std::accumulate(form.lengths.begin(), form.lengths.end(), std::int64_t{0});
    std::vector<std::int64_t> ids(static_cast<std::size_t>(n)), kept;
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i * i + i / 3) % kVocabulary;
    for (std::int64_t row = first; row < n; row += every) kept.push_back(row);
    std::vector<float> out(kept.size() * kDim);
    model_.forward(
        {ids.data(), n, form.lengths.data(), form.lengths.data(), static_cast<std::int64_t>(form.lengths.size()),
         kept.data(), static_cast<std::int64_t>(kept.size())},
        threads, out.data());
    return out;
  }

 private:
  static Shape shape_of(const Form& form) {
    return {kVocabulary, form.hidden, form.inner, form.heads, form.radius, 1e-5F};
  }
  static std::vector<float> frequencies(const Form& form) {
    const auto pairs = static_cast<std::size_t>(form.hidden / form.heads / 2);
    std::vector<float> found(pairs);
    for (std::size_t i = 0; i < pairs; ++i) {
      found[i] = std::pow(1e-4F, static_cast<float>(i) / static_cast<float>(pairs));
    }
    return found;
  }
  Tensor tensor(std::int64_t n, float spread) {
    std::vector<float> values(static_cast<std::size_t>(n));
    for (float& value : values) value = numbers_.next() * spread;
    tensors_.push_back(std::move(values));
    return {Stored::float32, tensors_.back().data()};
  }
  NormSource norm(std::int64_t width) {
    std::vector<float> ones(static_cast<std::size_t>(width), 1.0F);
    tensors_.push_back(std::move(ones));
    return {{Stored::float32, tensors_.back().data()}, {}};
  }

  Numbers numbers_;
  std::vector<std::vector<float>> tensors_;
  Model model_;
};

double least_cosine(const std::vector<float>& found, const std::vector<float>& expected) {
  double least = 1.0;
  for (std::size_t row = 0; row < found.size(); row += kDim) {
    double product = 0.0;  // of rows of length 1; NaN stays NaN
    for (std::size_t i = row; i < row + kDim; ++i) product += static_cast<double>(found[i]) * expected[i];
    if (!(product >= least)) least = product;
  }
  return least;
}

// Whether these are the vectors of every so many-th row, bit for bit.
bool are_some(const std::vector<float>& some, const std::vector<float>& all, std::int64_t first, std::int64_t every) {
  for (std::size_t i = 0; i < some.size(); ++i) {
    const std::size_t row = static_cast<std::size_t>(first) + i / kDim * static_cast<std::size_t>(every);
    if (some[i] != all[row * kDim + i % kDim]) return false;
  }
  return true;
}

bool pass_is_near(Isa isa, Precision precision, const Form& form, const std::vector<float>& expected) {
  const Random model(isa, precision, form);
  const std::vector<float> found = model.vectors(form, 1);
  const double least = least_cosine(found, expected);
  const bool near = least >= kLeastCosine[static_cast<int>(precision)];
  bool same = true;
  for (const std::int64_t every : {2, 7, 400}) {
    const int threads = every == 2 ? 3 : 2;
    same = same && are_some(model.vectors(form, threads, every / 2, every), found, every / 2, every);
  }
  if (isa == Isa::amx && precision == Precision::int8) {
    // The projection is in bfloat16, whose sums depend on the instruction set.
    same = same && least_cosine(found, Random(Isa::avx512vnni, precision, form).vectors(form, 1)) > 0.999999;
  }
  if (!near || !same) {
    std::printf("%s, precision %d, hidden %lld, heads %lld: least cosine %f, twins %s\n", name_of(isa),
                static_cast<int>(precision), static_cast<long long>(form.hidden), static_cast<long long>(form.heads),
                least, same ? "the same" : "differ");
  }
  return near && same;
}

// Rows are spread to the same bits everywhere, and twice is sixteen times what they were, whatever the width.
bool spreads(Isa isa) {
  Numbers numbers;
  bool right = true;
  for (std::int64_t width = kLanes; width <= 40 * kLanes; width += kLanes) {
    std::vector<float> row(static_cast<std::size_t>(width));
    for (float& value : row) value = numbers.next();
    std::vector<float> once = row, expected = row;
    tables_for(isa).bytes->spread(once.data(), width);
    tables_for(Isa::scalar).bytes->spread(expected.data(), width);
    right = right && once == expected && once != row;
    tables_for(isa).bytes->spread(once.data(), width);
    for (std::size_t i = 0; i < row.size(); ++i) right = right && std::fabs(once[i] / 16.0F - row[i]) < 1e-5F;
  }
  if (!right) std::printf("%s: rows are not spread as they should be\n", name_of(isa));
  return right;
}

}  // namespace

int main() {
  // Heads of 32, 48, 64 and 128; one token, whole blocks, one more and one less; a radius below and above a block.
  const std::vector<Form> forms = {{64, 40, 2, 3, {1, 2, 63, 64, 65}},
                                   {96, 64, 2, 64, {129, 1, 200}},
                                   {128, 80, 2, 16, {64, 128, 31, 257}},
                                   {128, 48, 1, 100, {300, 5}}};
  std::vector<std::vector<float>> expected;
  for (const Form& form : forms) {
    expected.push_back(Random(Isa::scalar, Precision::fp32, form).vectors(form, 1));
  }
  int n_passes = 0, n_wrong = 0;
  for (int i = 0; i < kIsaCount; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (!is_supported(isa)) continue;
    n_wrong += spreads(isa) ? 0 : 1;
    for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
      if (!can_run(isa, precision)) continue;
      for (std::size_t number = 0; number < forms.size(); ++number) {
        ++n_passes;
        n_wrong += pass_is_near(isa, precision, forms[number], expected[number]) ? 0 : 1;
      }
    }
  }
  std::printf("%d of %d passes are wrong\n", n_wrong, n_passes);
  return n_wrong == 0 ? 0 : 1;
}
