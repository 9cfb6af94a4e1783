#include "encode/encode.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "aligned.h"
#include "parallel.h"

namespace colmodern {
namespace {

// As many rows as share the centroids that they are compared with; all of their floats stay in the cache.
constexpr std::int64_t kBlock = 2048;
constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

// The first of the vectors that cannot be coded.
class First {
 public:
  void note(std::int64_t row) noexcept {
    std::int64_t seen = row_.load();
    while (row < seen && !row_.compare_exchange_weak(seen, row)) {
    }
  }
  std::int64_t get() const noexcept { return row_ == kNone ? -1 : row_.load(); }

 private:
  std::atomic<std::int64_t> row_{kNone};
};

std::int64_t first_too_long(const float* lengths, std::int64_t n, float longest) noexcept {
  for (std::int64_t i = 0; i < n; ++i) {
    if (!(lengths[i] < longest)) return i;
  }
  return kNone;
}

// Unit vectors of a block, and the same rotated.
struct Scratch {
  Scratch(std::int64_t n, std::int64_t dim)
      : units(static_cast<std::size_t>(n * dim)), rotated(static_cast<std::size_t>(n * dim)) {}
  AlignedArray<float> units;
  AlignedArray<float> rotated;
};

}  // namespace

std::int64_t round_vectors(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation, float longest,
                           int threads, std::uint8_t* rows, float* lengths) {
  First bad;
  parallel_for(vectors.count, kBlock, threads, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t n = end - begin;
    Scratch scratch(n, vectors.dim);
    kernels.unit_rows(vectors.data, vectors.half, vectors.dim, begin, end, scratch.units.data(), lengths + begin);
    const std::int64_t row = first_too_long(lengths + begin, n, longest);
    if (row != kNone) return bad.note(begin + row);
    kernels.dense_scores(rotation.columns, scratch.units.data(), 0, n, scratch.rotated.data());
    kernels.round_rows(scratch.rotated.data(), n * vectors.dim, rotation.step, rows + begin * vectors.dim);
  });
  return bad.get();
}

std::int64_t encode_tokens(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation,
                           const Cells& cells, const Codebook& book, float longest, int threads,
                           const CodeRows& out) {
  First bad;
  const std::int64_t dim = vectors.dim;
  const std::int64_t row_bytes = dim * book.bits / 8;
  parallel_for(vectors.count, kBlock, threads, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t n = end - begin;
    const auto size = static_cast<std::size_t>(n);
    Scratch scratch(n, dim);
    AlignedArray<float> lengths(size);
    AlignedArray<std::uint8_t> rows(size * static_cast<std::size_t>(dim));
    AlignedArray<std::uint32_t> nearest(size);
    kernels.unit_rows(vectors.data, vectors.half, dim, begin, end, scratch.units.data(), lengths.data());
    const std::int64_t row = first_too_long(lengths.data(), n, longest);
    if (row != kNone) return bad.note(begin + row);
    kernels.dense_scores(rotation.columns, scratch.units.data(), 0, n, scratch.rotated.data());
    kernels.round_rows(scratch.rotated.data(), n * dim, rotation.step, rows.data());
    nearest_of_block(kernels, cells, rows.data(), n, nearest.data(), nullptr);
    kernels.code_rows(book, dim, scratch.rotated.data(), lengths.data(), nearest.data(), n,
                      out.residuals + begin * row_bytes, out.gains + begin, out.norms + begin, out.errors + begin);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint32_t id = nearest[static_cast<std::size_t>(i)];
      if (out.wide) {
        static_cast<std::uint32_t*>(out.ids)[begin + i] = id;
      } else {
        static_cast<std::uint16_t*>(out.ids)[begin + i] = static_cast<std::uint16_t>(id);
      }
    }
  });
  return bad.get();
}

}  // namespace colmodern
