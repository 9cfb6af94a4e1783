#include "bindings_passages.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings_operands.h"
#include "passages/find.h"
#include "passages/passages.h"

namespace {

using namespace colmodern;

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

using TextSpans = std::vector<std::optional<Matrix<const std::int32_t>>>;

std::vector<TokenisedText> texts_of(const std::vector<nb::bytes>& texts, const TextSpans& spans,
                                    const std::vector<bool>& is_code) {
  std::vector<TokenisedText> all;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TokenisedText text{texts[i].c_str(), static_cast<std::int64_t>(texts[i].size()), nullptr, 0, is_code[i]};
    if (spans[i]) {
      text.spans = spans[i]->data();
      text.n_tokens = static_cast<std::int64_t>(spans[i]->shape(0));
    }
    all.push_back(text);
  }
  return all;
}

std::vector<std::u32string> words_of(const std::vector<nb::bytes>& words) {
  std::vector<std::u32string> all;
  for (const nb::bytes& word : words) all.push_back(decoded(word.c_str(), static_cast<std::int64_t>(word.size())));
  return all;
}

nb::tuple bind_cut_texts(const std::vector<nb::bytes>& texts, const TextSpans& spans, const std::vector<bool>& is_code,
                         const std::vector<nb::bytes>& words, int threads) {
  const std::vector<TokenisedText> all = texts_of(texts, spans, is_code);
  const std::vector<std::u32string> wanted = words_of(words);
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

// A query that meets coded documents; whoever holds this keeps its arrays alive.
class BoundQuery {
 public:
  BoundQuery(COLMODERN_QUERY_ARGUMENTS)
      : query_(COLMODERN_QUERY),
        table_(table_of(rows, steps, query_.query.count)),
        kept_(values, scales, rows, steps, levels, context_levels, context_values, context_scales) {}

  const CodeQuery& query() const noexcept { return query_; }
  const CentroidRows& table() const noexcept { return table_; }

 private:
  CodeQuery query_;
  CentroidRows table_;
  std::tuple<Matrix<const std::int8_t>, Vector<const float>, Matrix<const std::int16_t>, Vector<const float>,
             Vector<const std::int8_t>, Vector<const std::int8_t>, Matrix<const std::int8_t>, Vector<const float>>
      kept_;
};

nb::tuple tuple_of(const CharacterRange& range) { return nb::make_tuple(range.start, range.end); }

// A tuple of what `make` makes of each of some values.
template <class Values, class Make>
nb::object tuple_of_each(const Values& values, const Make& make) {
  nb::object tuple = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(values.size())));
  Py_ssize_t i = 0;
  for (const auto& value : values) NB_TUPLE_SET_ITEM(tuple.ptr(), i++, nb::object(make(value)).release().ptr());
  return tuple;
}

nb::str slice_of(const TokenisedText& text, const CharacterRange& bytes) {
  return nb::str(text.bytes + bytes.start, static_cast<std::size_t>(bytes.end - bytes.start));
}

nb::tuple tuple_of(const TokenisedText& text, const PlacedPassage& passage) {
  const ShownPassage& shown = passage.shown;
  return nb::make_tuple(
      shown.start, shown.end, shown.line, slice_of(text, passage.bytes), shown.score,
      tuple_of_each(shown.highlights, [](const CharacterRange& one) { return tuple_of(one); }), shown.best,
      tuple_of_each(shown.sentences,
                    [](const ShownUnit& one) {
                      return nb::make_tuple(one.start, one.end, static_cast<int>(one.kind), one.answers);
                    }),
      slice_of(text, passage.lead_bytes));
}

// A list for each text, of a tuple for each passage; None where the text was no UTF-8.
nb::list bind_find_passages(int isa, const BoundQuery* chooser, const BoundQuery* scorer, const BoundSegments* segments,
                            const std::optional<Vector<const std::int64_t>>& documents,
                            const std::vector<nb::bytes>& texts, const TextSpans& spans,
                            const std::vector<bool>& is_code, const std::vector<nb::bytes>& words,
                            Vector<const double> idf, const std::vector<std::vector<PhrasePlaces>>& phrases,
                            std::int64_t wanted, double within, int threads) {
  const std::vector<TokenisedText> all = texts_of(texts, spans, is_code);
  const std::vector<std::u32string> wanted_words = words_of(words);
  std::vector<PassagesOfText> found;
  {
    const nb::gil_scoped_release release;
    const PassagesAsked asked{all, wanted_words, idf.data(), phrases, wanted, within, threads};
    if (chooser == nullptr) {
      found = find_passages(asked, nullptr);
    } else {
      const Listed listed{segments->get(), documents->data(), static_cast<std::int64_t>(documents->shape(0))};
      const CodedSide codes{kernels_of(isa), chooser->query(), chooser->table(),
                            scorer->query(), scorer->table(),  listed};
      found = find_passages(asked, &codes);
    }
  }
  nb::list result;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!found[i].is_valid) {
      result.append(nb::none());
      continue;
    }
    result.append(tuple_of_each(found[i].passages, [&](const PlacedPassage& one) { return tuple_of(all[i], one); }));
  }
  return result;
}

}  // namespace

void bind_passages(nb::module_& m) {
  using namespace nb::literals;
  m.def("units_of", &bind_units, "text"_a, "is_code"_a);
  nb::class_<BoundQuery>(m, "CodedQuery")
      .def(nb::init<Matrix<const std::int8_t>, Vector<const float>, Matrix<const std::int16_t>, Vector<const float>,
                    Vector<const std::int8_t>, int, Vector<const std::int8_t>, float, Matrix<const std::int8_t>,
                    Vector<const float>>(),
           COLMODERN_QUERY_NAMES);
  m.def("find_passages", &bind_find_passages, "isa"_a, "chooser"_a.none(), "scorer"_a.none(), "segments"_a.none(),
        "documents"_a.noconvert().none(), "texts"_a, "spans"_a.noconvert(), "is_code"_a, "words"_a, "idf"_a.noconvert(),
        "phrases"_a, "wanted"_a, "within"_a, "threads"_a);
  m.def("cut_texts", &bind_cut_texts, "texts"_a, "spans"_a.noconvert(), "is_code"_a, "words"_a, "threads"_a);
  m.def("choose_windows", &bind_choose_windows, "pieces"_a.noconvert(), "offsets"_a.noconvert(),
        "n_tokens"_a.noconvert(), "maxima"_a.noconvert().none(), "counts"_a.noconvert(), "idf"_a.noconvert(),
        "wanted"_a, "threads"_a, "chosen"_a.noconvert(), "scores"_a.noconvert(), "answers"_a.noconvert());
}
