// The blocks of a document: what the centroids leave over has a mean in each, its context, which is coded once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "aligned.h"
#include "documents.h"
#include "kernels.h"
#include "packed_query.h"

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

// Contexts as they are stored, block after block, and the query that is to meet them.
struct StoredContexts {
  const std::uint8_t* residuals;  // (count, dim / 2)
  const std::uint16_t* gains;     // (count,), float16
  std::int64_t count;
  const std::int64_t* offsets;  // (n_documents + 1,): where the blocks of each document begin
  std::int64_t n_documents;     // less than 1: there are no contexts, and no document has one
  ContextLevels levels;
  ByteQuery query;  // its scales give whole steps of a centroid table

  bool none() const noexcept { return n_documents <= 0; }
};

// Throws std::invalid_argument if a listed document has not as many contexts as its tokens have blocks, or they lie
// outside what there is. `list` has passed its own check.
void check(const StoredContexts&, const DocumentList& list);

// What a query thinks of contexts, in the numbers of a centroid table.
class ContextRows {
 public:
  // Room for so many blocks at a time.
  ContextRows(const Kernels&, const StoredContexts&, std::int64_t stride, std::int64_t room);

  // Makes the rows of blocks first .. first + n - 1; there is room for them.
  void make(std::int64_t first, std::int64_t n) noexcept;
  // That of the block `first + i`.
  const std::int16_t* row(std::int64_t i) const noexcept { return rows_.data() + i * stride_; }

  // Calls use(begin, end, row) for each block of a document, in order: its tokens and its context.
  template <class Use>
  void each_block(std::int64_t document, std::int64_t begin, std::int64_t end, const Use& use) noexcept {
    if (contexts_.none()) return use(begin, end, row(0));
    const std::int64_t n = blocks_of(end - begin);
    for (std::int64_t first = 0; first < n; first += kRoom) {
      const std::int64_t last = std::min(first + kRoom, n);
      make(contexts_.offsets[document] + first, last - first);
      for (std::int64_t block = first; block < last; ++block) {
        const std::int64_t start = begin + block * kBlockTokens;
        use(start, block + 1 == n ? end : start + kBlockTokens, row(block - first));
      }
    }
  }

  // The blocks whose rows are made at a time, so that these stay in the cache.
  static constexpr std::int64_t kRoom = 32;

 private:
  const Kernels& kernels_;
  const StoredContexts& contexts_;
  std::int64_t stride_;
  QueryLayout layout_;
  AlignedArray<std::int8_t> values_;
  AlignedArray<float> steps_;
  AlignedArray<std::int16_t> rows_;
};

}  // namespace colmodern
