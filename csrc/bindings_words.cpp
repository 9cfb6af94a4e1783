#include "bindings_words.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "words/count.h"
#include "words/words.h"

namespace nb = nanobind;

namespace {

using namespace colmodern;

template <class T>
using Vector = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
// Whole numbers of 16 or 32 bits without a sign; which, has been checked in Python.
using Numbers = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// The words of segments; whoever holds this keeps their arrays alive.
class BoundWords {
 public:
  void add(Vector<const std::int64_t> word_offsets, Vector<const std::uint8_t> word_bytes,
           Vector<const std::int64_t> posting_offsets, Numbers documents, Vector<const std::uint16_t> counts,
           std::int64_t n_documents) {
    segments_.add({word_offsets.data(), reinterpret_cast<const char*>(word_bytes.data()),
                   static_cast<std::int64_t>(word_bytes.shape(0)), static_cast<std::int64_t>(word_offsets.shape(0)) - 1,
                   posting_offsets.data(), documents.data(), documents.dtype() == nb::dtype<std::uint32_t>(),
                   counts.data(), static_cast<std::int64_t>(counts.shape(0)), n_documents});
  }

  const WordSegments& get() const noexcept { return segments_; }

 private:
  WordSegments segments_;
};

void bind_find_words(const BoundWords& postings, const std::vector<nb::bytes>& words,
                     const std::optional<Vector<const bool>>& live, Matrix<std::int64_t> rows,
                     Vector<std::int64_t> frequencies) {
  std::vector<std::string_view> wanted;
  for (const nb::bytes& word : words) wanted.emplace_back(word.c_str(), word.size());
  const nb::gil_scoped_release release;
  find_words(postings.get(), wanted, live ? live->data() : nullptr, rows.data(), frequencies.data());
}

void bind_score_words(const BoundWords& postings, Matrix<const std::int64_t> rows, Vector<const float> weights,
                      Vector<const float> saturations, int threads, Vector<float> scores) {
  const nb::gil_scoped_release release;
  score_words(postings.get(), rows.data(), weights.data(), static_cast<std::int64_t>(weights.shape(0)),
              saturations.data(), threads, scores.data());
}

void bind_write(const WordCounter& counter, Vector<std::int64_t> word_offsets, Vector<std::uint8_t> bytes,
                Vector<std::int64_t> offsets, Vector<std::uint32_t> documents, Vector<std::uint16_t> counts,
                Vector<std::uint32_t> lengths) {
  const nb::gil_scoped_release release;
  counter.write(word_offsets.data(), reinterpret_cast<char*>(bytes.data()), offsets.data(), documents.data(),
                counts.data(), lengths.data());
}

}  // namespace

void bind_words(nb::module_& m) {
  using namespace nb::literals;
  nb::class_<BoundWords>(m, "Words")
      .def(nb::init<>())
      .def("add", &BoundWords::add, "word_offsets"_a.noconvert(), "word_bytes"_a.noconvert(),
           "posting_offsets"_a.noconvert(), "documents"_a.noconvert(), "counts"_a.noconvert(), "n_documents"_a);
  nb::class_<WordCounter>(m, "WordCounter")
      .def(nb::init<>())
      .def("add", &WordCounter::add, "text"_a, nb::call_guard<nb::gil_scoped_release>())
      .def("add_word", &WordCounter::add_word, "word"_a)
      .def("end_document", &WordCounter::end_document)
      .def_prop_ro("n_words", &WordCounter::n_words)
      .def_prop_ro("n_bytes", &WordCounter::n_bytes)
      .def_prop_ro("n_postings", &WordCounter::n_postings)
      .def_prop_ro("n_documents", &WordCounter::n_documents)
      .def("write", &bind_write, "word_offsets"_a.noconvert(), "word_bytes"_a.noconvert(), "offsets"_a.noconvert(),
           "documents"_a.noconvert(), "counts"_a.noconvert(), "lengths"_a.noconvert());
  m.def("find_words", &bind_find_words, "postings"_a, "words"_a, "live"_a.none(), "rows"_a.noconvert(),
        "frequencies"_a.noconvert());
  m.def("score_words", &bind_score_words, "postings"_a, "rows"_a.noconvert(), "weights"_a.noconvert(),
        "saturations"_a.noconvert(), "threads"_a, "scores"_a.noconvert());
}
