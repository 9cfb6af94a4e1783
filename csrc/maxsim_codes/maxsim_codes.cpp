#include "maxsim_codes/maxsim_codes.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "aligned.h"
#include "maxsim_codes/levels.h"

namespace colmodern {
namespace {

// Lists the tokens of a document that may hold a maximum.
class TokenChoice {
 public:
  TokenChoice(const Kernels& kernels, const CentroidRows& table, const CentroidIds& ids, const std::int16_t* margins)
      : kernels_(kernels),
        table_(table),
        ids_(ids),
        margins_(margins),
        thresholds_(static_cast<std::size_t>(table.stride)) {}

  // Valid until the next call.
  const std::vector<std::uint32_t>& choose(std::int64_t begin, std::int64_t end) {
    std::int16_t* thresholds = thresholds_.data();
    kernels_.centroid_maxima(table_, ids_, begin, end, thresholds);
    for (std::int64_t lane = 0; lane < table_.count; ++lane) {
      thresholds[lane] = static_cast<std::int16_t>(std::max(thresholds[lane] - margins_[lane], -32768));
    }
    std::fill(thresholds + table_.count, thresholds + table_.stride, std::numeric_limits<std::int16_t>::max());
    listed_.resize(static_cast<std::size_t>(end - begin));
    listed_.resize(static_cast<std::size_t>(
        kernels_.tokens_above(table_, ids_, begin, end, thresholds, listed_.data())));
    return listed_;
  }

 private:
  const Kernels& kernels_;
  const CentroidRows& table_;
  const CentroidIds& ids_;
  const std::int16_t* margins_;
  AlignedArray<std::int16_t> thresholds_;
  std::vector<std::uint32_t> listed_;
};

}  // namespace

void maxsim_codes(const Kernels& kernels, const ByteQuery& query, const CentroidRows& table,
                  const std::int8_t* levels, const StoredCodes& codes, const DocumentList& list,
                  const std::int16_t* margins, int threads, float* result) {
  const QueryLayout layout(query, 8 / codes.bits, kLevelOffset);
  const PackedQuery packed = layout.view();
  const LevelTable level_table(levels, codes.bits);
  const CodeColumns columns{codes.ids,         codes.residuals, query.dim * codes.bits / 8, codes.bits,
                            level_table.bytes, codes.gains,     codes.norms};
  IdCheck ids_are_known(codes.ids, table.n_centroids);
  score_documents(
      list, query.count, threads,
      [&] {
        return [&, choice = TokenChoice(kernels, table, codes.ids, margins),
                best = AlignedArray<float>(static_cast<std::size_t>(round_up(query.count, kLanes)))](
                   std::int64_t begin, std::int64_t end) mutable {
          if (!ids_are_known.passes(begin, end)) return 0.0F;
          if (margins == nullptr) {
            kernels.code_maxima(packed, table, columns, nullptr, begin, end, best.data());
          } else {
            const auto& chosen = choice.choose(begin, end);
            const auto n = static_cast<std::int64_t>(chosen.size());
            kernels.code_maxima(packed, table, columns, chosen.data(), 0, n, best.data());
          }
          return sum_of(best.data(), query.count);
        };
      },
      result);
  ids_are_known.raise_if_failed();
}

}  // namespace colmodern
