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
        columns_{codes.ids,    codes.residuals, query.dim * codes.bits / 8, codes.bits, levels_.bytes,
                 codes.gains, codes.norms},
        ids_(codes.ids, table.n_centroids) {}

  // `best` has room for the query tokens, padded to whole strips. False if a centroid id is not known.
  bool maxima(std::int64_t begin, std::int64_t end, float* best) noexcept {
    if (!ids_.passes(begin, end)) return false;
    kernels_.code_maxima(packed_, table_, columns_, begin, end, best);
    return true;
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

AlignedArray<float> room_for(const ByteQuery& query) {
  return AlignedArray<float>(static_cast<std::size_t>(round_up(query.count, kLanes)));
}

}  // namespace

void maxsim_codes(const Kernels& kernels, const ByteQuery& query, const CentroidRows& table,
                  const std::int8_t* levels, const StoredCodes& codes, const DocumentList& list, int threads,
                  float* result) {
  Work work(kernels, query, table, levels, codes);
  score_documents(
      list, query.count, threads,
      [&] {
        return [&, best = room_for(query)](std::int64_t begin, std::int64_t end) mutable {
          return work.maxima(begin, end, best.data()) ? sum_of(best.data(), query.count) : 0.0F;
        };
      },
      result);
  work.raise_if_failed();
}

void code_maxima(const Kernels& kernels, const ByteQuery& query, const CentroidRows& table,
                 const std::int8_t* levels, const StoredCodes& codes, const DocumentList& spans, int threads,
                 float* maxima) {
  check(spans);
  Work work(kernels, query, table, levels, codes);
  constexpr std::int64_t kPiece = 64;
  parallel_for(spans.n_listed, kPiece, threads, [&](std::int64_t first, std::int64_t last) {
    AlignedArray<float> best = room_for(query);
    for (std::int64_t i = first; i < last; ++i) {
      std::fill_n(best.data(), query.count, -std::numeric_limits<float>::infinity());
      work.maxima(spans.offsets[i], spans.offsets[i + 1], best.data());
      std::copy_n(best.data(), query.count, maxima + i * query.count);
    }
  });
  work.raise_if_failed();
}

}  // namespace colmodern
