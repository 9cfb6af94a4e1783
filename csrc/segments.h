// The arrays of the segments of an index as they are stored. Documents are counted through all of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels.h"

namespace colmodern {

// The columns of coded tokens.
struct StoredCodes {
  CentroidIds ids;
  const std::uint8_t* residuals;  // (n, dim * bits / 8)
  const std::uint16_t* gains;     // float16
  const std::uint16_t* norms;     // float16
};

// Contexts, block after block.
struct StoredContexts {
  const std::uint8_t* residuals;  // (count, dim / 2)
  const std::uint16_t* gains;     // (count,), float16
  std::int64_t count;
  const std::int64_t* offsets;  // (n_documents + 1,): where the blocks of each document begin; null: no contexts

  bool none() const noexcept { return offsets == nullptr; }
};

// The documents of each centroid: documents[offsets[c] .. offsets[c + 1]] are those of centroid c.
struct StoredPostings {
  const std::int64_t* offsets;  // (n_centroids + 1)
  const void* documents;
  bool wide;  // 32 bits, else 16
  std::int64_t count;
};

struct StoredSegment {
  const std::int64_t* offsets;  // (n_documents + 1,): where the tokens of each document begin
  std::int64_t n_documents;
  std::int64_t n_tokens;
  StoredCodes codes;
  StoredContexts contexts;
  StoredPostings postings;
};

// A document of a segment, and its tokens.
struct Place {
  const StoredSegment* segment;
  std::int64_t document;  // counted within the segment
  std::int64_t begin;
  std::int64_t end;
};

// Document i of segment s has the number starts[s] + i.
class Segments {
 public:
  void add(const StoredSegment& segment) {
    segments_.push_back(segment);
    starts_.push_back(starts_.back() + segment.n_documents);
  }

  std::int64_t count() const noexcept { return static_cast<std::int64_t>(segments_.size()); }
  std::int64_t n_documents() const noexcept { return starts_.back(); }
  const StoredSegment& operator[](std::int64_t i) const noexcept { return segments_[static_cast<std::size_t>(i)]; }
  std::int64_t start_of(std::int64_t i) const noexcept { return starts_[static_cast<std::size_t>(i)]; }

  // `number` is one of a document that there is.
  Place place_of(std::int64_t number) const noexcept {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), number);
    const auto i = static_cast<std::size_t>(after - starts_.begin()) - 1;
    const StoredSegment& segment = segments_[i];
    const std::int64_t document = number - starts_[i];
    return {&segment, document, segment.offsets[document], segment.offsets[document + 1]};
  }

 private:
  std::vector<StoredSegment> segments_;
  std::vector<std::int64_t> starts_{0};
};

// Documents of segments by their numbers, in any order.
struct Listed {
  const Segments& segments;
  const std::int64_t* numbers;
  std::int64_t count;

  Place operator[](std::int64_t i) const noexcept { return segments.place_of(numbers[i]); }
};

// Throws std::invalid_argument if a listed document, its tokens or its contexts lie outside what there is.
void check(const Listed&);

}  // namespace colmodern
