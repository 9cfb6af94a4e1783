#include "maxsim_codes/maxsim_codes.h"

#include <algorithm>

#include "aligned.h"
#include "maxsim_codes/levels.h"

namespace colmodern {
namespace {

// Byte j of a residual holds the dimensions j * planes .. (j + 1) * planes - 1, lowest bits first. Plane p is
// what a kernel unpacks at once: dimension p of every byte. A group is four bytes of a plane.
class Packed {
 public:
  Packed(const CodeQuery& query, int bits)
      : planes_(8 / bits),
        row_bytes_(query.dim / planes_),
        groups_a_plane_(round_up(row_bytes_, 4) / 4),
        values_(static_cast<std::size_t>(round_up(query.count, kLanes) * groups_a_plane_ * planes_ * 4)),
        start_(static_cast<std::size_t>(round_up(query.count, kLanes))),
        scales_(static_cast<std::size_t>(round_up(query.count, kLanes))) {
    std::copy_n(query.scales, query.count, scales_.data());
    for (std::int64_t i = 0; i < query.count; ++i) place(query.values + i * query.dim, i);
  }

  PackedQuery view(const CodeQuery& query, const CentroidScores& scores) const noexcept {
    return {query.count,     query.dim,     query.values,   values_.data(),
            groups_a_plane_, start_.data(), scales_.data(), scores.data};
  }

 private:
  void place(const std::int8_t* values, std::int64_t i) noexcept {
    const std::int64_t strip_bytes = groups_a_plane_ * planes_ * kLanes * 4;
    std::int8_t* lane = values_.data() + i / kLanes * strip_bytes + i % kLanes * 4;
    for (std::int64_t plane = 0; plane < planes_; ++plane) {
      for (std::int64_t byte = 0; byte < row_bytes_; ++byte) {
        const std::int64_t group = plane * groups_a_plane_ + byte / 4;
        const std::int8_t value = values[byte * planes_ + plane];
        lane[group * kLanes * 4 + byte % 4] = value;
        start_[static_cast<std::size_t>(i)] -= kLevelOffset * value;
      }
    }
  }

  std::int64_t planes_;
  std::int64_t row_bytes_;
  std::int64_t groups_a_plane_;
  AlignedArray<std::int8_t> values_;
  AlignedArray<std::int32_t> start_;
  AlignedArray<float> scales_;
};

}  // namespace

void maxsim_codes(const Kernels& kernels, const CodeQuery& query, const CentroidScores& scores,
                  const std::int8_t* levels, const StoredCodes& codes, const DocumentList& list, int threads,
                  float* result) {
  const Packed packed(query, codes.bits);
  const PackedQuery view = packed.view(query, scores);
  const LevelTable table(levels, codes.bits);
  const CodeColumns columns{codes.ids,  codes.residuals, query.dim * codes.bits / 8, codes.bits,
                            table.bytes, codes.gains,    codes.norms};
  IdCheck ids_are_known(codes.ids, scores.n_centroids);
  score_documents(
      list, query.count, threads,
      [&](std::int64_t begin, std::int64_t end, float* best) {
        if (ids_are_known.passes(begin, end)) kernels.code_maxima(view, columns, begin, end, best);
      },
      result);
  ids_are_known.raise_if_failed();
}

}  // namespace colmodern
