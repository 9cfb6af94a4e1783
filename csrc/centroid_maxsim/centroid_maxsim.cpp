#include "centroid_maxsim/centroid_maxsim.h"

namespace colmodern {

void centroid_maxsim(const Kernels& kernels, const CentroidScores& scores, const CentroidIds& ids,
                     const DocumentList& list, int threads, float* result) {
  IdCheck ids_are_known(ids, scores.n_centroids);
  score_documents(
      list, scores.count, threads,
      [&](std::int64_t begin, std::int64_t end, float* best) {
        if (ids_are_known.passes(begin, end)) {
          kernels.centroid_maxima(scores.data, scores.count, ids, begin, end, best);
        }
      },
      result);
  ids_are_known.raise_if_failed();
}

}  // namespace colmodern
