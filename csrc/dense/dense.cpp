#include "dense/dense.h"

#include "aligned.h"
#include "parallel.h"

namespace colmodern {
namespace {

// Rows as [strip][dim][16], so that a register holds one dimension of sixteen of them.
class Packed {
 public:
  explicit Packed(FloatRows rows)
      : rows_(rows),
        values_(static_cast<std::size_t>(round_up(rows.count, kLanes) * rows.dim)),
        start_(static_cast<std::size_t>(round_up(rows.count, kLanes))) {
    for (std::int64_t i = 0; i < rows.count; ++i) {
      float* lane = values_.data() + i / kLanes * kLanes * rows.dim + i % kLanes;
      for (std::int64_t d = 0; d < rows.dim; ++d) lane[d * kLanes] = rows.data[i * rows.dim + d];
    }
  }

  PackedVectors view() const noexcept { return {rows_.count, rows_.dim, values_.data(), start_.data()}; }

 private:
  FloatRows rows_;
  AlignedArray<float> values_;
  AlignedArray<float> start_;
};

}  // namespace

void centroid_scores(const Kernels& kernels, FloatRows query, FloatRows rows, int threads, float* scores) {
  const Packed packed(query);
  const PackedVectors vectors = packed.view();
  constexpr std::int64_t kPiece = 512;
  parallel_for(rows.count, kPiece, threads, [&](std::int64_t begin, std::int64_t end) {
    kernels.dense_scores(vectors, rows.data, begin, end, scores + begin * query.count);
  });
}

void maxsim(const Kernels& kernels, FloatRows query, const float* vectors, const Documents& documents,
            const Total& total, int threads, float* scores) {
  const Packed packed(query);
  const PackedVectors view = packed.view();
  check(documents);
  score_documents(
      documents, query.count, threads,
      [&] {
        return [&, best = AlignedArray<float>(static_cast<std::size_t>(round_up(query.count, kLanes)))](
                   const Tokens& tokens) mutable {
          kernels.dense_maxima(view, vectors, tokens.begin, tokens.end, best.data());
          return total(best.data(), query.count);
        };
      },
      scores);
}

void nearest_centroids(const Kernels& kernels, FloatRows vectors, const PackedVectors& centroids, int threads,
                       std::uint32_t* nearest) {
  // A piece of rows stays in the second-level cache while all centroids pass by.
  constexpr std::int64_t kPiece = 128;
  parallel_for(vectors.count, kPiece, threads, [&](std::int64_t begin, std::int64_t end) {
    kernels.dense_nearest(centroids, vectors.data, begin, end, nearest + begin);
  });
}

}  // namespace colmodern
