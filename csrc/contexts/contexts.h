// The blocks of a document: what the centroids leave over has a mean in each, its context, which is coded once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "aligned.h"
#include "kernels.h"
#include "packed_query.h"
#include "segments.h"

namespace colmodern {

constexpr std::int64_t kBlockTokens = 96;

// A document's blocks begin every kBlockTokens tokens; less than half a block at the end belongs to the last one.
constexpr std::int64_t blocks_of(std::int64_t n_tokens) noexcept {
  return n_tokens == 0 ? 0 : std::max<std::int64_t>(1, (n_tokens + kBlockTokens / 2) / kBlockTokens);
}

// A sum that stays within 16 bits.
inline std::int16_t in_context(std::int16_t row, std::int16_t context) noexcept {
  using Limits = std::numeric_limits<std::int16_t>;
  return static_cast<std::int16_t>(std::clamp<std::int32_t>(row + context, Limits::min(), Limits::max()));
}

// The query that is to meet contexts, and what their codes mean.
struct ContextQuery {
  ContextLevels levels;
  ByteQuery query;  // its scales give whole steps of a centroid table
};

// What a query thinks of contexts, in the numbers of a centroid table. One thread's.
class ContextRows {
 public:
  ContextRows(const Kernels&, const ContextQuery&, std::int64_t stride);

  // The row of a block of a document; for one without contexts it is of zeros. Rows are made kRoom blocks at a time,
  // so blocks are best asked for in their order.
  const std::int16_t* row(const Place& place, std::int64_t block) noexcept {
    const StoredContexts& contexts = place.segment->contexts;
    if (contexts.none()) return zeros_.data();
    const std::int64_t wanted = contexts.offsets[place.document] + block;
    if (place.segment != segment_ || wanted < first_ || wanted >= last_) {
      segment_ = place.segment;
      first_ = wanted;
      last_ = std::min(wanted + kRoom, contexts.offsets[place.document + 1]);
      make(contexts);
    }
    return rows_.data() + (wanted - first_) * stride_;
  }

  // Calls use(begin, end, row) for each part of tokens [begin, end) of a document that lies in one block, in order.
  template <class Use>
  void each_part(const Place& place, std::int64_t begin, std::int64_t end, const Use& use) noexcept {
    if (place.segment->contexts.none()) return use(begin, end, zeros_.data());
    const std::int64_t last = blocks_of(place.end - place.begin) - 1;
    while (begin < end) {
      const std::int64_t block = std::min((begin - place.begin) / kBlockTokens, last);
      const std::int64_t stop = block == last ? end : std::min(end, place.begin + (block + 1) * kBlockTokens);
      use(begin, stop, row(place, block));
      begin = stop;
    }
  }

 private:
  // So many that they stay in the cache.
  static constexpr std::int64_t kRoom = 32;

  void make(const StoredContexts&) noexcept;

  const Kernels& kernels_;
  const ContextQuery& query_;
  std::int64_t stride_;
  QueryLayout layout_;
  AlignedArray<std::int8_t> values_;
  AlignedArray<float> steps_;
  AlignedArray<std::int16_t> rows_;
  AlignedArray<std::int16_t> zeros_;
  const StoredSegment* segment_ = nullptr;
  std::int64_t first_ = 0;  // the blocks of `segment_` whose rows there are
  std::int64_t last_ = 0;
};

}  // namespace colmodern
