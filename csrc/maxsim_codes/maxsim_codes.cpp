#include "maxsim_codes/maxsim_codes.h"

#include "aligned.h"
#include "maxsim_codes/levels.h"

namespace colmodern {

void maxsim_codes(const Kernels& kernels, const ByteQuery& query, const CentroidRows& table,
                  const std::int8_t* levels, const StoredCodes& codes, const DocumentList& list, int threads,
                  float* result) {
  const QueryLayout layout(query, 8 / codes.bits, kLevelOffset);
  const PackedQuery packed = layout.view();
  const LevelTable level_table(levels, codes.bits);
  const CodeColumns columns{codes.ids,         codes.residuals, query.dim * codes.bits / 8, codes.bits,
                            level_table.bytes, codes.gains,     codes.norms};
  IdCheck ids_are_known(codes.ids, table.n_centroids);
  score_documents(
      list, query.count, threads,
      [&] {
        return [&, best = AlignedArray<float>(static_cast<std::size_t>(round_up(query.count, kLanes)))](
                   std::int64_t begin, std::int64_t end) mutable {
          if (!ids_are_known.passes(begin, end)) return 0.0F;
          kernels.code_maxima(packed, table, columns, begin, end, best.data());
          return sum_of(best.data(), query.count);
        };
      },
      result);
  ids_are_known.raise_if_failed();
}

}  // namespace colmodern
