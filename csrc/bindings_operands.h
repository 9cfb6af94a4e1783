// What several kernels are given, as Python has it: arrays, a query, the segments of an index.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>

#include "contexts/contexts.h"
#include "cpu.h"
#include "kernels.h"
#include "maxsim_codes/maxsim_codes.h"
#include "packed_query.h"
#include "segments.h"

namespace colmodern {

namespace nb = nanobind;

template <class T>
using Vector = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

inline ByteQuery query_of(const Matrix<const std::int8_t>& values, const Vector<const float>& scales) {
  return {values.data(), scales.data(), static_cast<std::int64_t>(values.shape(0)),
          static_cast<std::int64_t>(values.shape(1))};
}

// `steps` has a number for every lane of a row; `count` of them are query tokens.
inline CentroidRows table_of(const Matrix<const std::int16_t>& rows, const Vector<const float>& steps,
                             std::int64_t count) {
  return {rows.data(), static_cast<std::int64_t>(rows.shape(0)), count, static_cast<std::int64_t>(rows.shape(1)),
          steps.data()};
}

// Whole numbers of 16 or 32 bits without a sign; which, has been checked in Python.
using Numbers = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

inline bool is_wide(const Numbers& numbers) { return numbers.dtype() == nb::dtype<std::uint32_t>(); }

// The segments of an index; whoever holds this keeps their arrays alive.
class BoundSegments {
 public:
  // No offsets of contexts mean that there are none.
  void add(Vector<const std::int64_t> offsets, Numbers ids, Matrix<const std::uint8_t> residuals,
           Vector<const std::uint16_t> gains, Vector<const std::uint16_t> norms,
           Matrix<const std::uint8_t> context_residuals, Vector<const std::uint16_t> context_gains,
           Vector<const std::int64_t> context_offsets, Vector<const std::int64_t> posting_offsets, Numbers postings) {
    const bool has_contexts = context_offsets.shape(0) > 0;
    segments_.add(
        {offsets.data(),
         static_cast<std::int64_t>(offsets.shape(0)) - 1,
         static_cast<std::int64_t>(ids.shape(0)),
         {{ids.data(), is_wide(ids)}, residuals.data(), gains.data(), norms.data()},
         {context_residuals.data(), context_gains.data(), static_cast<std::int64_t>(context_gains.shape(0)),
          has_contexts ? context_offsets.data() : nullptr},
         {posting_offsets.data(), postings.data(), is_wide(postings), static_cast<std::int64_t>(postings.shape(0))}});
  }

  const Segments& get() const noexcept { return segments_; }

 private:
  Segments segments_;
};

// The arguments that make up `ContextQuery`.
#define COLMODERN_CONTEXTS_ARGUMENTS                                                                      \
  Vector<const std::int8_t> context_levels, float context_step, Matrix<const std::int8_t> context_values, \
      Vector<const float> context_scales
#define COLMODERN_CONTEXTS \
  ContextQuery { {context_levels.data(), context_step}, query_of(context_values, context_scales) }

// The arguments that make up `CodeQuery`, and the table that goes with it.
#define COLMODERN_QUERY_ARGUMENTS                                                                \
  Matrix<const std::int8_t> values, Vector<const float> scales, Matrix<const std::int16_t> rows, \
      Vector<const float> steps, Vector<const std::int8_t> levels, int bits, COLMODERN_CONTEXTS_ARGUMENTS
#define COLMODERN_QUERY \
  CodeQuery { query_of(values, scales), levels.data(), bits, COLMODERN_CONTEXTS }

inline const Kernels& kernels_of(int isa) { return kernels_for(static_cast<Isa>(isa)); }

// Their names in Python.
#define COLMODERN_CONTEXTS_NAMES \
  "context_levels"_a.noconvert(), "context_step"_a, "context_values"_a.noconvert(), "context_scales"_a.noconvert()
#define COLMODERN_QUERY_NAMES                                                                                          \
  "values"_a.noconvert(), "scales"_a.noconvert(), "rows"_a.noconvert(), "steps"_a.noconvert(), "levels"_a.noconvert(), \
      "bits"_a, COLMODERN_CONTEXTS_NAMES

}  // namespace colmodern
