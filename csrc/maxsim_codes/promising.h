// Which tokens of a long document may raise its maxima? Those are copied together, to be scored.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "aligned.h"
#include "contexts/contexts.h"
#include "kernels.h"

namespace colmodern {

// The tokens of one document after another. Its centroids and contexts are looked at first: a query token's floor is
// the depth-th greatest of the maxima of groups of 16 tokens, and a token is promising that reaches one. One thread's.
class Promising {
 public:
  Promising(const CentroidRows& table, std::int64_t depth, std::int64_t row_bytes, std::int64_t most_tokens)
      : table_(table),
        depth_(depth),
        maxima_(room(table, depth > 0 ? most_tokens / kGroupTokens + 2 : 0)),
        greatest_(room(table, depth)),
        zeros_(room(table, 1)),
        places_(kRoom),
        rows_(room(table, kRoom + 1)),
        ids_(kRoom),
        residuals_(static_cast<std::size_t>(kRoom * row_bytes)),
        gains_(kRoom),
        norms_(kRoom) {
    for (std::int64_t i = 0; i < kRoom; ++i) ids_[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(i);
  }

  // Whether so many of a document's tokens may be left out that it is worth a look at all.
  static bool is_worth_it(std::int64_t depth, std::int64_t n_tokens) noexcept {
    return depth > 0 && n_tokens >= kLeastGroups * depth * kGroupTokens;
  }

  // Raises `best` by the promising tokens of a document.
  void raise(const Kernels& kernels, const PackedQuery& query, const Place& place, const CodeColumns& columns,
             ContextRows& contexts, float* best) noexcept {
    std::fill_n(greatest_.data(), depth_ * table_.stride, std::numeric_limits<std::int16_t>::min());
    std::int16_t* maxima = maxima_.data();
    contexts.each_part(
        place, place.begin, place.end, [&](std::int64_t first, std::int64_t last, const std::int16_t* context) {
          kernels.group_maxima(table_, context, columns.ids, first, last, maxima, depth_, greatest_.data());
          maxima += groups_of(last - first) * table_.stride;
        });
    std::int16_t* floors = greatest_.data() + (depth_ - 1) * table_.stride;
    std::fill(floors + table_.count, floors + table_.stride, std::numeric_limits<std::int16_t>::max());
    maxima = maxima_.data();
    std::int64_t n = 0;
    const auto score = [&] {
      const CentroidRows rows{rows_.data(), n, table_.count, table_.stride, table_.steps};
      if (n > 0) kernels.code_maxima(query, rows, zeros_.data(), chosen(columns), 0, n, best);
      n = 0;
    };
    contexts.each_part(
        place, place.begin, place.end, [&](std::int64_t begin, std::int64_t end, const std::int16_t* context) {
          for (std::int64_t first = begin; first < end; first += kPiece) {
            const std::int64_t last = std::min(first + kPiece, end);
            if (n + kPiece > kRoom) score();
            const std::int64_t more = kernels.rows_from(table_, context, columns.ids, first, last, maxima, floors,
                                                        places_.data(), rows_.data() + n * table_.stride);
            for (std::int64_t i = 0; i < more; ++i, ++n) {
              copy(columns, first + places_[static_cast<std::size_t>(i)], n);
            }
            maxima += groups_of(last - first) * table_.stride;
          }
        });
    score();
  }

 private:
  static constexpr std::int64_t kLeastGroups = 4;  // a group that sets a floor is one of so many, at least
  static constexpr std::int64_t kPiece = 8 * kGroupTokens;
  static constexpr std::int64_t kRoom = 4 * kPiece;

  static std::size_t room(const CentroidRows& table, std::int64_t n) {
    return static_cast<std::size_t>(n * table.stride);
  }
  static std::int64_t groups_of(std::int64_t n_tokens) noexcept { return (n_tokens + kGroupTokens - 1) / kGroupTokens; }

  CodeColumns chosen(const CodeColumns& columns) const noexcept {
    CodeColumns result = columns;
    result.ids = {ids_.data(), false};
    result.residuals = residuals_.data();
    result.gains = gains_.data();
    result.norms = norms_.data();
    return result;
  }

  void copy(const CodeColumns& columns, std::int64_t from, std::int64_t to) noexcept {
    std::memcpy(residuals_.data() + to * columns.row_bytes, columns.residuals + from * columns.row_bytes,
                static_cast<std::size_t>(columns.row_bytes));
    gains_[static_cast<std::size_t>(to)] = columns.gains[from];
    norms_[static_cast<std::size_t>(to)] = columns.norms[from];
  }

  const CentroidRows& table_;
  std::int64_t depth_;
  AlignedArray<std::int16_t> maxima_;    // of each group
  AlignedArray<std::int16_t> greatest_;  // of those, for each lane
  AlignedArray<std::int16_t> zeros_;     // rows of promising tokens have their contexts in them
  AlignedArray<std::int32_t> places_;
  AlignedArray<std::int16_t> rows_;
  AlignedArray<std::uint16_t> ids_;
  AlignedArray<std::uint8_t> residuals_;
  AlignedArray<std::uint16_t> gains_;
  AlignedArray<std::uint16_t> norms_;
};

}  // namespace colmodern
