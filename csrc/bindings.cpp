// The private face of the kernels to Python: types and memory order here, meaning in colmodern/kernels.
//
// Nothing is converted or copied: results go into arrays that the caller made. Shapes and values have been
// checked in Python; what would read outside an array (documents, offsets, centroid ids) is checked below.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assign/assign.h"
#include "bindings_encoder.h"
#include "bindings_operands.h"
#include "bindings_passages.h"
#include "bindings_words.h"
#include "centroids/centroids.h"
#include "contexts/contexts.h"
#include "cpu.h"
#include "dense/dense.h"
#include "encode/encode.h"
#include "gather/gather.h"
#include "maxsim_codes/maxsim_codes.h"
#include "merge/merge.h"
#include "segments.h"

namespace nb = nanobind;

namespace {

using namespace colmodern;

template <class T>
using Strips = nb::ndarray<T, nb::ndim<3>, nb::c_contig, nb::device::cpu>;

FloatRows rows_of(const Matrix<const float>& matrix) {
  return {matrix.data(), static_cast<std::int64_t>(matrix.shape(0)), static_cast<std::int64_t>(matrix.shape(1))};
}

Listed listed_of(const BoundSegments& segments, const Vector<const std::int64_t>& documents) {
  return {segments.get(), documents.data(), static_cast<std::int64_t>(documents.shape(0))};
}

Total total_of(double sharpness, const std::optional<Vector<const float>>& expected) {
  return {sharpness, expected ? expected->data() : nullptr};
}

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
  const PackedVectors packed{static_cast<std::int64_t>(starts.shape(0)), static_cast<std::int64_t>(centroids.shape(1)),
                             centroids.data(), starts.data()};
  nearest_centroids(kernels_of(isa), rows_of(vectors), packed, threads, out.data());
}

void bind_maxsim(int isa, Matrix<const float> query, Matrix<const float> vectors, Vector<const std::int64_t> offsets,
                 double sharpness, const std::optional<Vector<const float>>& expected, int threads, Vector<float> out) {
  const nb::gil_scoped_release release;
  const Documents documents{offsets.data(), static_cast<std::int64_t>(offsets.shape(0)) - 1,
                            static_cast<std::int64_t>(vectors.shape(0))};
  maxsim(kernels_of(isa), rows_of(query), vectors.data(), documents, total_of(sharpness, expected), threads,
         out.data());
}

void bind_centroid_table(int isa, Matrix<const std::int8_t> values, Vector<const float> scales,
                         Matrix<const std::int8_t> centroids, Vector<const float> steps, int threads,
                         Matrix<std::int16_t> rows) {
  const nb::gil_scoped_release release;
  const ByteCentroids bytes{centroids.data(), steps.data(), static_cast<std::int64_t>(centroids.shape(0))};
  centroid_table(kernels_of(isa), query_of(values, scales), bytes, threads, rows.data(),
                 static_cast<std::int64_t>(rows.shape(1)));
}

void bind_expected_maxima(Matrix<const std::int16_t> rows, Vector<const float> steps, std::int64_t count,
                          Vector<const std::uint32_t> ids, Vector<const std::int64_t> offsets, Vector<float> expected) {
  const nb::gil_scoped_release release;
  const Documents documents{offsets.data(), static_cast<std::int64_t>(offsets.shape(0)) - 1,
                            static_cast<std::int64_t>(ids.shape(0))};
  expected_maxima(table_of(rows, steps, count), {ids.data(), true}, documents, expected.data());
}

void bind_probe(Matrix<const std::int16_t> rows, Vector<const float> steps, std::int64_t count,
                Matrix<std::uint32_t> probed) {
  const nb::gil_scoped_release release;
  probe(table_of(rows, steps, count), static_cast<std::int64_t>(probed.shape(1)), probed.data());
}

std::pair<std::int64_t, std::int64_t> bind_gather(Matrix<const std::int16_t> rows, Vector<const float> steps,
                                                  std::int64_t count, Matrix<const std::uint32_t> probed,
                                                  const BoundSegments& segments, Vector<const bool> allowed,
                                                  const std::optional<Vector<const float>>& taken_off,
                                                  std::int64_t ordered, int threads, Vector<std::int64_t> documents,
                                                  Vector<float> scores) {
  const nb::gil_scoped_release release;
  std::int64_t n_found = 0;
  const std::int64_t n =
      gather(table_of(rows, steps, count), probed.data(), static_cast<std::int64_t>(probed.shape(1)), segments.get(),
             allowed.data(), taken_off ? taken_off->data() : nullptr, static_cast<std::int64_t>(documents.shape(0)),
             ordered, threads, documents.data(), scores.data(), &n_found);
  return {n, n_found};
}

void bind_smooth_maxsim(int isa, Matrix<const std::int16_t> rows, Vector<const float> steps, std::int64_t count,
                        COLMODERN_CONTEXTS_ARGUMENTS, const BoundSegments& segments,
                        Vector<const std::int64_t> documents, int threads, Vector<float> out) {
  const nb::gil_scoped_release release;
  smooth_maxsim(kernels_of(isa), table_of(rows, steps, count), COLMODERN_CONTEXTS, listed_of(segments, documents),
                threads, out.data());
}

void bind_maxsim_codes(int isa, COLMODERN_QUERY_ARGUMENTS, const BoundSegments& segments,
                       Vector<const std::int64_t> documents, double sharpness,
                       const std::optional<Vector<const float>>& expected, std::int64_t depth, int threads,
                       Vector<float> out) {
  const nb::gil_scoped_release release;
  const CodeQuery query = COLMODERN_QUERY;
  maxsim_codes(kernels_of(isa), query, table_of(rows, steps, query.query.count), listed_of(segments, documents),
               total_of(sharpness, expected), depth, threads, out.data());
}

void bind_code_maxima(int isa, COLMODERN_QUERY_ARGUMENTS, const BoundSegments& segments,
                      Vector<const std::int64_t> documents, Vector<const std::int64_t> begins,
                      Vector<const std::int64_t> ends, int threads, Matrix<float> out) {
  const nb::gil_scoped_release release;
  const CodeQuery query = COLMODERN_QUERY;
  const Spans spans{listed_of(segments, documents), begins.data(), ends.data()};
  code_maxima(kernels_of(isa), query, table_of(rows, steps, query.query.count), spans, threads, out.data());
}

PackedRows packed_of(const Matrix<const std::int8_t>& values, const Vector<const std::int32_t>& starts) {
  return {static_cast<std::int64_t>(values.shape(0)), static_cast<std::int64_t>(values.shape(1)) / kLanes,
          values.data(), starts.data()};
}

// The arguments that make up `Cells`, in the order of its fields.
#define COLMODERN_CELLS_ARGUMENTS                                                              \
  Matrix<const std::int8_t> representatives, Vector<const std::int32_t> representative_starts, \
      Matrix<const std::int8_t> members, Vector<const std::int32_t> member_starts,             \
      Vector<const std::int64_t> cell_offsets, Vector<const std::uint32_t> member_ids, std::int64_t n_probes
#define COLMODERN_CELLS                                                                                                \
  Cells {                                                                                                              \
    static_cast<std::int64_t>(cell_offsets.shape(0)) - 1, n_probes, packed_of(representatives, representative_starts), \
        packed_of(members, member_starts), cell_offsets.data(), member_ids.data()                                      \
  }

void bind_nearest_in_cells(int isa, Matrix<const std::uint8_t> rows, COLMODERN_CELLS_ARGUMENTS, int threads,
                           Vector<std::uint32_t> nearest, Vector<std::int32_t> scores) {
  const nb::gil_scoped_release release;
  nearest_in_cells(kernels_of(isa), COLMODERN_CELLS, rows.data(), static_cast<std::int64_t>(rows.shape(0)), threads,
                   nearest.data(), scores.data());
}

void bind_sum_clusters(Matrix<const std::uint8_t> rows, Vector<const std::uint32_t> clusters, int threads,
                       Matrix<std::int32_t> sums, Vector<std::int32_t> counts) {
  const nb::gil_scoped_release release;
  sum_clusters(rows.data(), clusters.data(), static_cast<std::int64_t>(rows.shape(0)),
               static_cast<std::int64_t>(rows.shape(1)), static_cast<std::int64_t>(sums.shape(0)), threads, sums.data(),
               counts.data());
}

void bind_merge_closest(Matrix<const float> products, std::int64_t n_clusters, Vector<std::uint32_t> labels) {
  const nb::gil_scoped_release release;
  merge_closest(products.data(), static_cast<std::int64_t>(products.shape(0)), n_clusters, labels.data());
}

// float16 arrives as uint16.
template <class T>
Vectors vectors_of(const Matrix<const T>& vectors) {
  return {vectors.data(), sizeof(T) == sizeof(std::uint16_t), static_cast<std::int64_t>(vectors.shape(0)),
          static_cast<std::int64_t>(vectors.shape(1))};
}

// The rotation's columns in strips, as `pack_centroids` makes them.
Rotation rotation_of(const Strips<const float>& columns, const Vector<const float>& starts, float step) {
  return {{static_cast<std::int64_t>(columns.shape(1)), static_cast<std::int64_t>(columns.shape(1)), columns.data(),
           starts.data()},
          step};
}

template <class T>
std::int64_t bind_round_vectors(int isa, Matrix<const T> vectors, Strips<const float> columns,
                                Vector<const float> starts, float step, float longest, int threads,
                                Matrix<std::uint8_t> rows, Vector<float> lengths) {
  const nb::gil_scoped_release release;
  return round_vectors(kernels_of(isa), vectors_of(vectors), rotation_of(columns, starts, step), longest, threads,
                       rows.data(), lengths.data());
}

template <class T, class Id>
std::int64_t bind_encode_tokens(int isa, Matrix<const T> vectors, Strips<const float> columns,
                                Vector<const float> starts, float step, COLMODERN_CELLS_ARGUMENTS,
                                Matrix<const std::int8_t> centroids, Vector<const float> centroid_steps,
                                Vector<const std::int8_t> levels, float level_step, int bits,
                                Vector<const std::int8_t> context_levels, float context_step, float longest,
                                int threads, Vector<const std::int64_t> bounds, Matrix<std::uint8_t> context_residuals,
                                Vector<std::uint16_t> context_gains, Vector<Id> ids, Matrix<std::uint8_t> residuals,
                                Vector<std::uint16_t> gains, Vector<std::uint16_t> norms, Vector<float> errors) {
  const nb::gil_scoped_release release;
  const Codebook book{
      centroids.data(), centroid_steps.data(), levels.data(), level_step, bits, {context_levels.data(), context_step}};
  const CodeRows out{ids.data(),   sizeof(Id) == sizeof(std::uint32_t), residuals.data(), gains.data(), norms.data(),
                     errors.data()};
  return encode_tokens(kernels_of(isa), vectors_of(vectors), rotation_of(columns, starts, step), COLMODERN_CELLS, book,
                       longest, threads,
                       {bounds.data(), static_cast<std::int64_t>(context_gains.shape(0)), context_residuals.data(),
                        context_gains.data()},
                       out);
}

}  // namespace

NB_MODULE(_native, m) {
  using namespace nb::literals;
  m.def("supported_isas", &supported_isas);
  bind_encoder(m);
  bind_passages(m);
  bind_words(m);
  m.def("centroid_scores", &bind_centroid_scores, "isa"_a, "query"_a.noconvert(), "centroids"_a.noconvert(),
        "threads"_a, "out"_a.noconvert());
  m.def("nearest_centroids", &bind_nearest_centroids, "isa"_a, "vectors"_a.noconvert(), "centroids"_a.noconvert(),
        "starts"_a.noconvert(), "threads"_a, "out"_a.noconvert());
  m.def("maxsim", &bind_maxsim, "isa"_a, "query"_a.noconvert(), "vectors"_a.noconvert(), "offsets"_a.noconvert(),
        "sharpness"_a, "expected"_a.noconvert().none(), "threads"_a, "out"_a.noconvert());
  m.def("centroid_table", &bind_centroid_table, "isa"_a, "values"_a.noconvert(), "scales"_a.noconvert(),
        "centroids"_a.noconvert(), "steps"_a.noconvert(), "threads"_a, "rows"_a.noconvert());
  m.def("expected_maxima", &bind_expected_maxima, "rows"_a.noconvert(), "steps"_a.noconvert(), "count"_a,
        "ids"_a.noconvert(), "offsets"_a.noconvert(), "expected"_a.noconvert());
  m.def("probe", &bind_probe, "rows"_a.noconvert(), "steps"_a.noconvert(), "count"_a, "probed"_a.noconvert());
  nb::class_<BoundSegments>(m, "Segments")
      .def(nb::init<>())
      .def("add", &BoundSegments::add, "offsets"_a.noconvert(), "ids"_a.noconvert(), "residuals"_a.noconvert(),
           "gains"_a.noconvert(), "norms"_a.noconvert(), "context_residuals"_a.noconvert(),
           "context_gains"_a.noconvert(), "context_offsets"_a.noconvert(), "posting_offsets"_a.noconvert(),
           "postings"_a.noconvert());
  m.def("gather", &bind_gather, "rows"_a.noconvert(), "steps"_a.noconvert(), "count"_a, "probed"_a.noconvert(),
        "segments"_a, "allowed"_a.noconvert(), "taken_off"_a.none(), "ordered"_a, "threads"_a,
        "documents"_a.noconvert(), "scores"_a.noconvert());
  m.def("smooth_maxsim", &bind_smooth_maxsim, "isa"_a, "rows"_a.noconvert(), "steps"_a.noconvert(), "count"_a,
        COLMODERN_CONTEXTS_NAMES, "segments"_a, "documents"_a.noconvert(), "threads"_a, "out"_a.noconvert());
  m.def("maxsim_codes", &bind_maxsim_codes, "isa"_a, COLMODERN_QUERY_NAMES, "segments"_a, "documents"_a.noconvert(),
        "sharpness"_a, "expected"_a.noconvert().none(), "depth"_a, "threads"_a, "out"_a.noconvert());
  m.def("code_maxima", &bind_code_maxima, "isa"_a, COLMODERN_QUERY_NAMES, "segments"_a, "documents"_a.noconvert(),
        "begins"_a.noconvert(), "ends"_a.noconvert(), "threads"_a, "out"_a.noconvert());
#define COLMODERN_CELLS_NAMES                                                                      \
  "representatives"_a.noconvert(), "representative_starts"_a.noconvert(), "members"_a.noconvert(), \
      "member_starts"_a.noconvert(), "cell_offsets"_a.noconvert(), "member_ids"_a.noconvert(), "n_probes"_a
#define COLMODERN_ROTATION_NAMES "columns"_a.noconvert(), "starts"_a.noconvert(), "step"_a
  m.def("nearest_in_cells", &bind_nearest_in_cells, "isa"_a, "rows"_a.noconvert(), COLMODERN_CELLS_NAMES, "threads"_a,
        "nearest"_a.noconvert(), "scores"_a.noconvert());
  m.def("sum_clusters", &bind_sum_clusters, "rows"_a.noconvert(), "clusters"_a.noconvert(), "threads"_a,
        "sums"_a.noconvert(), "counts"_a.noconvert());
  m.def("merge_closest", &bind_merge_closest, "products"_a.noconvert(), "n_clusters"_a, "labels"_a.noconvert());
#define COLMODERN_BIND_ENCODE(T, Id)                                                                                   \
  m.def("encode_tokens", &bind_encode_tokens<T, Id>, "isa"_a, "vectors"_a.noconvert(), COLMODERN_ROTATION_NAMES,       \
        COLMODERN_CELLS_NAMES, "centroids"_a.noconvert(), "centroid_steps"_a.noconvert(), "levels"_a.noconvert(),      \
        "level_step"_a, "bits"_a, "context_levels"_a.noconvert(), "context_step"_a, "longest"_a, "threads"_a,          \
        "bounds"_a.noconvert(), "context_residuals"_a.noconvert(), "context_gains"_a.noconvert(), "ids"_a.noconvert(), \
        "residuals"_a.noconvert(), "gains"_a.noconvert(), "norms"_a.noconvert(), "errors"_a.noconvert())
#define COLMODERN_BIND_FOR(T)                                                                                \
  m.def("round_vectors", &bind_round_vectors<T>, "isa"_a, "vectors"_a.noconvert(), COLMODERN_ROTATION_NAMES, \
        "longest"_a, "threads"_a, "rows"_a.noconvert(), "lengths"_a.noconvert());                            \
  COLMODERN_BIND_ENCODE(T, std::uint16_t);                                                                   \
  COLMODERN_BIND_ENCODE(T, std::uint32_t)
  COLMODERN_BIND_FOR(float);
  COLMODERN_BIND_FOR(std::uint16_t);
#undef COLMODERN_BIND_FOR
}
