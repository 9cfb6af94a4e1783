#include "maxsim_codes/maxsim_codes.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

#include "aligned.h"
#include "documents.h"
#include "maxsim_codes/levels.h"

namespace colmodern {
namespace {

// A query, ready for `code_maxima` of any instruction set.
class Work {
 public:
  Work(const Kernels& kernels, const CodeQuery& query, const CentroidRows& table)
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

// The maxima of a document or a span.
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

void check_spans(const Spans& spans) {
  check(spans.documents);
  for (std::int64_t i = 0; i < spans.documents.count; ++i) {
    const Place place = spans.documents[i];
    const std::int64_t n_tokens = place.end - place.begin;
    if (spans.begins[i] < 0 || spans.ends[i] < spans.begins[i] || spans.ends[i] > n_tokens) {
      throw std::invalid_argument("offsets of span " + std::to_string(i) + " are " + std::to_string(spans.begins[i]) +
                                  " to " + std::to_string(spans.ends[i]) + ", expected a range within " +
                                  std::to_string(n_tokens) + " tokens");
    }
  }
}

}  // namespace

void maxsim_codes(const Kernels& kernels, const CodeQuery& query, const CentroidRows& table, const Listed& listed,
                  double sharpness, int threads, float* result) {
  check(listed);
  Work work(kernels, query, table);
  score_documents(
      listed, query.query.count, threads,
      [&] {
        return [&, rows = ContextRows(kernels, query.contexts, table.stride),
                maxima = Maxima(query.query)](const Place& place) mutable {
          float* best = maxima.begin();
          if (!work.raise_maxima(place, place.begin, place.end, rows, best)) return 0.0F;
          return total_of(best, query.query.count, sharpness);
        };
      },
      result);
  work.raise_if_failed();
}

void code_maxima(const Kernels& kernels, const CodeQuery& query, const CentroidRows& table, const Spans& spans,
                 int threads, float* maxima) {
  check_spans(spans);
  Work work(kernels, query, table);
  const std::int64_t count = query.query.count;
  constexpr std::int64_t kPiece = 64;
  parallel_for(spans.documents.count, kPiece, threads, [&](std::int64_t first, std::int64_t last) {
    ContextRows rows(kernels, query.contexts, table.stride);
    Maxima of_span(query.query);
    for (std::int64_t i = first; i < last; ++i) {
      const Place place = spans.documents[i];
      float* best = of_span.begin();
      work.raise_maxima(place, place.begin + spans.begins[i], place.begin + spans.ends[i], rows, best);
      std::copy_n(best, count, maxima + i * count);
    }
  });
  work.raise_if_failed();
}

}  // namespace colmodern
