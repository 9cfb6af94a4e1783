// The private face of the kernels to Python: types and memory order here, meaning in colmodern/kernels.
//
// Nothing is converted or copied: results go into arrays that the caller made. Shapes and values have been
// checked in Python; what would read outside an array (documents, offsets, centroid ids) is checked below.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <string>
#include <vector>

#include "centroid_maxsim/centroid_maxsim.h"
#include "cpu.h"
#include "dense/dense.h"
#include "maxsim_codes/maxsim_codes.h"

namespace nb = nanobind;

namespace {

using namespace colmodern;

template <class T>
using Vector = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Strips = nb::ndarray<T, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

FloatRows rows_of(const Matrix<const float>& matrix) {
  return {matrix.data(), static_cast<std::int64_t>(matrix.shape(0)), static_cast<std::int64_t>(matrix.shape(1))};
}

CentroidScores scores_of(const Matrix<const float>& scores) {
  return {scores.data(), static_cast<std::int64_t>(scores.shape(0)), static_cast<std::int64_t>(scores.shape(1))};
}

template <class Id>
CentroidIds ids_of(const Vector<const Id>& ids) {
  return {ids.data(), sizeof(Id) == sizeof(std::uint32_t)};
}

DocumentList documents_of(const Vector<const std::int64_t>& offsets, std::size_t n_tokens,
                          const Vector<const std::int64_t>& documents) {
  return {offsets.data(), static_cast<std::int64_t>(offsets.shape(0)) - 1, static_cast<std::int64_t>(n_tokens),
          documents.data(), static_cast<std::int64_t>(documents.shape(0))};
}

const Kernels& kernels_of(int isa) { return kernels_for(static_cast<Isa>(isa)); }

std::vector<std::string> supported_isas() {
  std::vector<std::string> names;
  for (int isa = 0; isa < kIsaCount; ++isa) {
    if (is_supported(static_cast<Isa>(isa))) names.emplace_back(name_of(static_cast<Isa>(isa)));
  }
  return names;
}

void bind_centroid_scores(int isa, Matrix<const float> query, Matrix<const float> centroids, int threads,
                          Matrix<float> out) {
  const nb::gil_scoped_release release;
  centroid_scores(kernels_of(isa), rows_of(query), rows_of(centroids), threads, out.data());
}

void bind_nearest_centroids(int isa, Matrix<const float> vectors, Strips<const float> centroids,
                            Vector<const float> starts, int threads, Vector<std::uint32_t> out) {
  const nb::gil_scoped_release release;
  const PackedVectors packed{static_cast<std::int64_t>(starts.shape(0)),
                             static_cast<std::int64_t>(centroids.shape(1)), centroids.data(), starts.data()};
  nearest_centroids(kernels_of(isa), rows_of(vectors), packed, threads, out.data());
}

void bind_maxsim(int isa, Matrix<const float> query, Matrix<const float> vectors,
                 Vector<const std::int64_t> offsets, int threads, Vector<float> out) {
  const nb::gil_scoped_release release;
  const auto n_documents = static_cast<std::int64_t>(offsets.shape(0)) - 1;
  const DocumentList list{offsets.data(), n_documents, static_cast<std::int64_t>(vectors.shape(0)), nullptr,
                          n_documents};
  maxsim(kernels_of(isa), rows_of(query), vectors.data(), list, threads, out.data());
}

template <class Id>
void bind_centroid_maxsim(int isa, Matrix<const float> scores, Vector<const Id> ids,
                          Vector<const std::int64_t> offsets, Vector<const std::int64_t> documents, int threads,
                          Vector<float> out) {
  const nb::gil_scoped_release release;
  centroid_maxsim(kernels_of(isa), scores_of(scores), ids_of(ids), documents_of(offsets, ids.shape(0), documents),
                  threads, out.data());
}

template <class Id>
void bind_maxsim_codes(int isa, Matrix<const std::int8_t> values, Vector<const float> scales,
                       Matrix<const float> scores, Vector<const std::int8_t> levels, int bits,
                       Vector<const Id> ids, Matrix<const std::uint8_t> residuals,
                       Vector<const std::uint16_t> gains, Vector<const std::uint16_t> norms,
                       Vector<const std::int64_t> offsets, Vector<const std::int64_t> documents, int threads,
                       Vector<float> out) {
  const nb::gil_scoped_release release;
  const CodeQuery query{values.data(), scales.data(), static_cast<std::int64_t>(values.shape(0)),
                        static_cast<std::int64_t>(values.shape(1))};
  const StoredCodes codes{ids_of(ids), residuals.data(), gains.data(), norms.data(), bits};
  maxsim_codes(kernels_of(isa), query, scores_of(scores), levels.data(), codes,
               documents_of(offsets, ids.shape(0), documents), threads, out.data());
}

}  // namespace

NB_MODULE(_native, m) {
  using namespace nb::literals;
  m.def("supported_isas", &supported_isas);
  m.def("centroid_scores", &bind_centroid_scores, "isa"_a, "query"_a.noconvert(), "centroids"_a.noconvert(),
        "threads"_a, "out"_a.noconvert());
  m.def("nearest_centroids", &bind_nearest_centroids, "isa"_a, "vectors"_a.noconvert(),
        "centroids"_a.noconvert(), "starts"_a.noconvert(), "threads"_a, "out"_a.noconvert());
  m.def("maxsim", &bind_maxsim, "isa"_a, "query"_a.noconvert(), "vectors"_a.noconvert(),
        "offsets"_a.noconvert(), "threads"_a, "out"_a.noconvert());
#define COLMODERN_BIND_FOR(Id)                                                                              \
  m.def("centroid_maxsim", &bind_centroid_maxsim<Id>, "isa"_a, "scores"_a.noconvert(), "ids"_a.noconvert(), \
        "offsets"_a.noconvert(), "documents"_a.noconvert(), "threads"_a, "out"_a.noconvert());              \
  m.def("maxsim_codes", &bind_maxsim_codes<Id>, "isa"_a, "values"_a.noconvert(), "scales"_a.noconvert(),    \
        "scores"_a.noconvert(), "levels"_a.noconvert(), "bits"_a, "ids"_a.noconvert(),                      \
        "residuals"_a.noconvert(), "gains"_a.noconvert(), "norms"_a.noconvert(), "offsets"_a.noconvert(),   \
        "documents"_a.noconvert(), "threads"_a, "out"_a.noconvert())
  COLMODERN_BIND_FOR(std::uint16_t);
  COLMODERN_BIND_FOR(std::uint32_t);
#undef COLMODERN_BIND_FOR
}
