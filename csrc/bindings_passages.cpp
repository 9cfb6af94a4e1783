#include "bindings_passages.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "passages/passages.h"

namespace nb = nanobind;

namespace {

using namespace colmodern;

template <class T>
using Vector = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// An array that owns the numbers of a vector.
template <class T>
nb::object array_of(std::vector<T>&& values, std::initializer_list<std::size_t> shape) {
  auto* kept = new std::vector<T>(std::move(values));
  nb::capsule owner(kept, [](void* pointer) noexcept { delete static_cast<std::vector<T>*>(pointer); });
  return nb::cast(nb::ndarray<nb::numpy, T>(kept->data(), shape, owner));
}

// Arrays of all texts, one after the other: units (n, 4), their offsets, pieces (n, 5), their offsets, counts.
nb::tuple arrays_of(const std::vector<CutText>& cuts, std::size_t n_words) {
  std::vector<std::int32_t> units;
  std::vector<std::int64_t> pieces, unit_offsets{0}, piece_offsets{0};
  std::vector<float> counts;
  for (const CutText& cut : cuts) {
    for (const Unit& unit : cut.units) {
      units.insert(units.end(), {unit.start, unit.end, static_cast<std::int32_t>(unit.kind), unit.first});
    }
    for (const Piece& piece : cut.pieces) {
      pieces.insert(pieces.end(), {piece.unit, piece.begin, piece.end, piece.kind, piece.character});
    }
    counts.insert(counts.end(), cut.counts.begin(), cut.counts.end());
    unit_offsets.push_back(static_cast<std::int64_t>(units.size()) / 4);
    piece_offsets.push_back(static_cast<std::int64_t>(pieces.size()) / 5);
  }
  const std::size_t n_units = units.size() / 4, n_pieces = pieces.size() / 5, n_texts = cuts.size() + 1;
  return nb::make_tuple(array_of(std::move(units), {n_units, 4}), array_of(std::move(unit_offsets), {n_texts}),
                        array_of(std::move(pieces), {n_pieces, 5}), array_of(std::move(piece_offsets), {n_texts}),
                        array_of(std::move(counts), {n_pieces, n_words}));
}

nb::tuple bind_cut_texts(const std::vector<nb::bytes>& texts,
                         const std::vector<std::optional<Matrix<const std::int32_t>>>& spans,
                         const std::vector<bool>& is_code, const std::vector<nb::bytes>& words, int threads) {
  std::vector<TokenisedText> all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TokenisedText text{texts[i].c_str(), static_cast<std::int64_t>(texts[i].size()), nullptr, 0, is_code[i]};
    if (spans[i]) {
      text.spans = spans[i]->data();
      text.n_tokens = static_cast<std::int64_t>(spans[i]->shape(0));
    }
    all.push_back(text);
  }
  std::vector<std::u32string> wanted;
  for (const nb::bytes& word : words) wanted.push_back(decoded(word.c_str(), static_cast<std::int64_t>(word.size())));
  std::vector<CutText> cuts;
  {
    const nb::gil_scoped_release release;
    cuts = cut_texts(all, wanted, threads);
  }
  return arrays_of(cuts, words.size());
}

void bind_choose_windows(Matrix<const std::int64_t> pieces, Vector<const std::int64_t> offsets,
                         Vector<const std::int64_t> n_tokens, std::optional<Matrix<const float>> maxima,
                         Matrix<const float> counts, Vector<const double> idf, std::int64_t wanted, int threads,
                         nb::ndarray<std::int64_t, nb::ndim<3>, nb::c_contig, nb::device::cpu> chosen,
                         Matrix<double> scores, Vector<double> answers) {
  static_assert(sizeof(Piece) == 5 * sizeof(std::int64_t));
  const nb::gil_scoped_release release;
  const PiecesOfAll all{reinterpret_cast<const Piece*>(pieces.data()), offsets.data(), n_tokens.data(),
                        static_cast<std::int64_t>(n_tokens.shape(0))};
  const Evidence evidence{maxima ? maxima->data() : nullptr, maxima ? static_cast<std::int64_t>(maxima->shape(1)) : 0,
                          counts.data(), idf.data(), static_cast<std::int64_t>(idf.shape(0))};
  choose_windows(all, evidence, wanted, threads, chosen.data(), scores.data(), answers.data());
}

nb::object bind_units(const nb::bytes& text, bool is_code) {
  std::vector<std::int32_t> numbers;
  for (const Unit& unit : units_of(Text(text.c_str(), static_cast<std::int64_t>(text.size())), is_code)) {
    numbers.insert(numbers.end(), {unit.start, unit.end, static_cast<std::int32_t>(unit.kind), unit.first});
  }
  const std::size_t n_units = numbers.size() / 4;
  return array_of(std::move(numbers), {n_units, 4});
}

}  // namespace

void bind_passages(nb::module_& m) {
  using namespace nb::literals;
  m.def("units_of", &bind_units, "text"_a, "is_code"_a);
  m.def("cut_texts", &bind_cut_texts, "texts"_a, "spans"_a.noconvert(), "is_code"_a, "words"_a, "threads"_a);
  m.def("choose_windows", &bind_choose_windows, "pieces"_a.noconvert(), "offsets"_a.noconvert(),
        "n_tokens"_a.noconvert(), "maxima"_a.noconvert().none(), "counts"_a.noconvert(), "idf"_a.noconvert(),
        "wanted"_a, "threads"_a, "chosen"_a.noconvert(), "scores"_a.noconvert(), "answers"_a.noconvert());
}
