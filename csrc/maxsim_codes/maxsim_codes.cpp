#include "maxsim_codes/maxsim_codes.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "documents.h"
#include "maxsim_codes/code_scorer.h"
#include "maxsim_codes/promising.h"

namespace colmodern {
namespace {

std::int64_t longest_of(const Listed& listed) noexcept {
  std::int64_t longest = 0;
  for (std::int64_t i = 0; i < listed.count; ++i) {
    const Place place = listed[i];
    longest = std::max(longest, place.end - place.begin);
  }
  return longest;
}

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
                  const Total& total, std::int64_t depth, int threads, float* result) {
  check(listed);
  CodeScorer work(kernels, query, table);
  const std::int64_t most_tokens = longest_of(listed);
  score_documents(
      listed, query.query.count, threads,
      [&] {
        return [&, rows = ContextRows(kernels, query.contexts, table.stride), maxima = Maxima(query.query),
                promising = Promising(table, depth, work.row_bytes(), most_tokens)](const Place& place) mutable {
          float* best = maxima.begin();
          const bool is_known = Promising::is_worth_it(depth, place.end - place.begin)
                                    ? work.raise_by_promising(place, promising, rows, best)
                                    : work.raise_maxima(place, place.begin, place.end, rows, best);
          if (!is_known) return 0.0F;
          return total(best, query.query.count);
        };
      },
      result);
  work.raise_if_failed();
}

void code_maxima(const Kernels& kernels, const CodeQuery& query, const CentroidRows& table, const Spans& spans,
                 int threads, float* maxima) {
  check_spans(spans);
  CodeScorer work(kernels, query, table);
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
