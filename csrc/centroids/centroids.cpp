#include "centroids/centroids.h"

#include <algorithm>
#include <cmath>

#include "aligned.h"
#include "centroids/weight.h"
#include "documents.h"
#include "parallel.h"

namespace colmodern {
namespace {

// Sums of weights back in the numbers of the rows, added up in query order, rounded once.
float sum_of_logarithms(const CentroidRows& table, const float* sums) noexcept {
  double sum = 0.0;
  for (std::int64_t i = 0; i < table.count; ++i) {
    sum += std::log2(static_cast<double>(sums[i])) * kRowsAnOctave * static_cast<double>(table.steps[i]);
  }
  return static_cast<float>(sum);
}

}  // namespace

void centroid_table(const Kernels& kernels, const ByteQuery& query, const ByteCentroids& centroids, int threads,
                    std::int16_t* rows, std::int64_t stride) {
  const QueryLayout layout(query, 1, kCentroidOffset);
  const PackedQuery packed = layout.view();
  constexpr std::int64_t kPiece = 1024;
  parallel_for(centroids.count, kPiece, threads, [&](std::int64_t begin, std::int64_t end) {
    kernels.centroid_products(packed, centroids.values, centroids.steps, begin, end, rows, stride);
  });
}

void smooth_maxsim(const Kernels& kernels, const CentroidRows& table, const ContextQuery& query, const Listed& listed,
                   int threads, float* result) {
  check(listed);
  IdCheck ids_are_known(table.n_centroids);
  score_documents(
      listed, table.count, threads,
      [&] {
        return [&, rows = ContextRows(kernels, query, table.stride),
                sums = AlignedArray<float>(static_cast<std::size_t>(table.stride))](const Place& place) mutable {
          const CentroidIds& ids = place.segment->codes.ids;
          if (!ids_are_known.passes(ids, place.begin, place.end)) return 0.0F;
          std::fill_n(sums.data(), table.stride, 0.0F);
          rows.each_part(place, place.begin, place.end,
                         [&](std::int64_t first, std::int64_t last, const std::int16_t* context) {
                           kernels.centroid_sums(table, context, ids, first, last, sums.data());
                         });
          return sum_of_logarithms(table, sums.data());
        };
      },
      result);
  ids_are_known.raise_if_failed();
}

}  // namespace colmodern
