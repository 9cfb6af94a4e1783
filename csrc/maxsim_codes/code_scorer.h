// What do tokens of coded documents score for a query? For kernels that look at some tokens of each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "aligned.h"
#include "documents.h"
#include "maxsim_codes/levels.h"
#include "maxsim_codes/maxsim_codes.h"
#include "maxsim_codes/promising.h"

namespace colmodern {

// A query, ready for `code_maxima` of any instruction set.
class CodeScorer {
 public:
  CodeScorer(const Kernels& kernels, const CodeQuery& query, const CentroidRows& table)
      : kernels_(kernels),
        layout_(query.query, 8 / query.bits, kLevelOffset),
        packed_(layout_.view()),
        table_(table),
        levels_(query.levels),
        row_bytes_(query.query.dim * query.bits / 8),
        bits_(query.bits),
        ids_(table.n_centroids) {}

  // Raises `best`, which has room for the query tokens, padded to whole strips, by tokens [begin, end). False if they
  // have a centroid that is not there.
  bool raise_maxima(const Place& place, std::int64_t begin, std::int64_t end, ContextRows& rows, float* best) noexcept {
    const StoredCodes& codes = place.segment->codes;
    if (!ids_.passes(codes.ids, begin, end)) return false;
    const CodeColumns columns{codes.ids, codes.residuals, row_bytes_, bits_, levels_.bytes, codes.gains, codes.norms};
    rows.each_part(place, begin, end, [&](std::int64_t first, std::int64_t last, const std::int16_t* context) {
      kernels_.code_maxima(packed_, table_, context, columns, first, last, best);
    });
    return true;
  }

  // The same for a whole document, but by its promising tokens alone.
  bool raise_by_promising(const Place& place, Promising& promising, ContextRows& rows, float* best) noexcept {
    const StoredCodes& codes = place.segment->codes;
    if (!ids_.passes(codes.ids, place.begin, place.end)) return false;
    const CodeColumns columns{codes.ids, codes.residuals, row_bytes_, bits_, levels_.bytes, codes.gains, codes.norms};
    promising.raise(kernels_, packed_, place, columns, rows, best);
    return true;
  }

  std::int64_t row_bytes() const noexcept { return row_bytes_; }

  void raise_if_failed() const { ids_.raise_if_failed(); }

 private:
  const Kernels& kernels_;
  QueryLayout layout_;
  PackedQuery packed_;
  const CentroidRows& table_;
  LevelTable levels_;
  std::int64_t row_bytes_;
  int bits_;
  IdCheck ids_;
};

// The maxima of a document or a span. One thread's.
class Maxima {
 public:
  explicit Maxima(const ByteQuery& query)
      : best_(static_cast<std::size_t>(round_up(query.count, kLanes))), query_(query) {}

  float* begin() noexcept {
    std::fill_n(best_.data(), round_up(query_.count, kLanes), -std::numeric_limits<float>::infinity());
    return best_.data();
  }

 private:
  AlignedArray<float> best_;
  ByteQuery query_;
};

}  // namespace colmodern
