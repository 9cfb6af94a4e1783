// An 8-bit query laid out for the byte products of the kernels.
#pragma once

#include <algorithm>
#include <cstdint>

#include "aligned.h"
#include "kernels.h"

namespace colmodern {

// A query of 8-bit integers: values (count, dim) within -127..127, scales (count,).
struct ByteQuery {
  const std::int8_t* values;
  const float* scales;
  std::int64_t count;
  std::int64_t dim;
};

// Byte j of a row of codes holds the dimensions j * planes .. (j + 1) * planes - 1, lowest bits first. Plane p is what
// a kernel unpacks at once: dimension p of every byte. A group is four bytes of a plane. What is multiplied is
// unsigned, `offset` above its value; a sum that starts at -offset * sum(values) comes out right.
class QueryLayout {
 public:
  QueryLayout(const ByteQuery& query, std::int64_t planes, std::int32_t offset)
      : query_(query),
        planes_(planes),
        row_bytes_(query.dim / planes),
        groups_a_plane_(round_up(row_bytes_, 4) / 4),
        values_(static_cast<std::size_t>(round_up(query.count, kLanes) * groups_a_plane_ * planes_ * 4)),
        start_(static_cast<std::size_t>(round_up(query.count, kLanes))),
        scales_(static_cast<std::size_t>(round_up(query.count, kLanes))) {
    std::copy_n(query.scales, query.count, scales_.data());
    for (std::int64_t i = 0; i < query.count; ++i) place(query.values + i * query.dim, i, offset);
  }

  PackedQuery view() const noexcept {
    return {query_.count, query_.dim, query_.values, values_.data(), groups_a_plane_, start_.data(), scales_.data()};
  }

 private:
  void place(const std::int8_t* values, std::int64_t i, std::int32_t offset) noexcept {
    const std::int64_t strip_bytes = groups_a_plane_ * planes_ * kLanes * 4;
    std::int8_t* lane = values_.data() + i / kLanes * strip_bytes + i % kLanes * 4;
    for (std::int64_t plane = 0; plane < planes_; ++plane) {
      for (std::int64_t byte = 0; byte < row_bytes_; ++byte) {
        const std::int64_t group = plane * groups_a_plane_ + byte / 4;
        const std::int8_t value = values[byte * planes_ + plane];
        lane[group * kLanes * 4 + byte % 4] = value;
        start_[static_cast<std::size_t>(i)] -= offset * value;
      }
    }
  }

  ByteQuery query_;
  std::int64_t planes_;
  std::int64_t row_bytes_;
  std::int64_t groups_a_plane_;
  AlignedArray<std::int8_t> values_;
  AlignedArray<std::int32_t> start_;
  AlignedArray<float> scales_;
};

}  // namespace colmodern
