#include "maxsim_codes/maxsim_codes.h"

#include <algorithm>
#include <limits>

#include "aligned.h"
#include "maxsim_codes/levels.h"

namespace colmodern {
namespace {

// A query and coded tokens, ready for `code_maxima` of any instruction set.
class Work {
 public:
  Work(const Kernels& kernels, const ByteQuery& query, const CentroidRows& table, const std::int8_t* levels,
       const StoredCodes& codes)
      : kernels_(kernels),
        layout_(query, 8 / codes.bits, kLevelOffset),
        packed_(layout_.view()),
        table_(table),
        levels_(levels),
        columns_{codes.ids,   codes.residuals, query.dim * codes.bits / 8, codes.bits, levels_.bytes,
                 codes.gains, codes.norms},
        ids_(codes.ids, table.n_centroids) {}

  bool knows_ids(std::int64_t begin, std::int64_t end) noexcept { return ids_.passes(begin, end); }

  // `best` has room for the query tokens, padded to whole strips.
  void raise_maxima(const std::int16_t* context, std::int64_t begin, std::int64_t end, float* best) const noexcept {
    kernels_.code_maxima(packed_, table_, context, columns_, begin, end, best);
  }

  void raise_if_failed() const { ids_.raise_if_failed(); }

 private:
  const Kernels& kernels_;
  QueryLayout layout_;
  PackedQuery packed_;
  const CentroidRows& table_;
  LevelTable levels_;
  CodeColumns columns_;
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

// Calls use(begin, end, block) for each part of a span that lies in one block of a document.
template <class Use>
void each_part(std::int64_t n_tokens, std::int64_t begin, std::int64_t end, const Use& use) {
  const std::int64_t last = blocks_of(n_tokens) - 1;
  while (begin < end) {
    const std::int64_t block = std::min(begin / kBlockTokens, last);
    const std::int64_t stop = block == last ? end : std::min(end, (block + 1) * kBlockTokens);
    use(begin, stop, block);
    begin = stop;
  }
}

}  // namespace

void maxsim_codes(const Kernels& kernels, const ByteQuery& query, const CentroidRows& table, const std::int8_t* levels,
                  const StoredCodes& codes, const StoredContexts& contexts, const DocumentList& list, double sharpness,
                  int threads, float* result) {
  check(list);
  check(contexts, list);
  Work work(kernels, query, table, levels, codes);
  score_documents(
      list, query.count, threads,
      [&] {
        return [&, rows = ContextRows(kernels, contexts, table.stride, ContextRows::kRoom), maxima = Maxima(query)](
                   std::int64_t document, std::int64_t begin, std::int64_t end) mutable {
          if (!work.knows_ids(begin, end)) return 0.0F;
          float* best = maxima.begin();
          rows.each_block(document, begin, end,
                          [&](std::int64_t first, std::int64_t last, const std::int16_t* context) {
                            work.raise_maxima(context, first, last, best);
                          });
          return total_of(best, query.count, sharpness);
        };
      },
      result);
  work.raise_if_failed();
}

void code_maxima(const Kernels& kernels, const ByteQuery& query, const CentroidRows& table, const std::int8_t* levels,
                 const StoredCodes& codes, const StoredContexts& contexts, const DocumentList& spans, int threads,
                 float* maxima) {
  check(spans);
  const std::int64_t whole[2] = {0, spans.n_tokens};
  check(contexts, {whole, 1, spans.n_tokens, nullptr, 1});
  Work work(kernels, query, table, levels, codes);
  ContextRows rows(kernels, contexts, table.stride, std::max<std::int64_t>(1, contexts.count));
  rows.make(0, contexts.count);
  constexpr std::int64_t kPiece = 64;
  parallel_for(spans.n_listed, kPiece, threads, [&](std::int64_t first, std::int64_t last) {
    Maxima of_span(query);
    for (std::int64_t i = first; i < last; ++i) {
      float* best = of_span.begin();
      if (!work.knows_ids(spans.offsets[i], spans.offsets[i + 1])) continue;
      each_part(spans.n_tokens, spans.offsets[i], spans.offsets[i + 1],
                [&](std::int64_t begin, std::int64_t end, std::int64_t block) {
                  work.raise_maxima(rows.row(contexts.none() ? 0 : block), begin, end, best);
                });
      std::copy_n(best, query.count, maxima + i * query.count);
    }
  });
  work.raise_if_failed();
}

}  // namespace colmodern
