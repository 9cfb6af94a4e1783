#include "encode/encode.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "aligned.h"
#include "parallel.h"

namespace colmodern {
namespace {

// As many rows as share the centroids that they are compared with; all of their floats stay in the cache.
constexpr std::int64_t kBlock = BlockSearch::kRows;
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

// Unit vectors of a block, the same rotated, and rounded.
struct Rotated {
  Rotated(std::int64_t most_rows, std::int64_t dim)
      : units(static_cast<std::size_t>(most_rows * dim)), rotated(static_cast<std::size_t>(most_rows * dim)) {}
  AlignedArray<float> units;
  AlignedArray<float> rotated;
};

// What a thread needs to encode blocks.
struct Encoding {
  Encoding(const Kernels& kernels, const Cells& cells, std::int64_t most_rows)
      : floats(most_rows, cells.members.dim),
        lengths(static_cast<std::size_t>(most_rows)),
        rows(static_cast<std::size_t>(most_rows * cells.members.dim)),
        nearest(static_cast<std::size_t>(most_rows)),
        search(kernels, cells, most_rows) {}
  Rotated floats;
  AlignedArray<float> lengths;
  AlignedArray<std::uint8_t> rows;
  AlignedArray<std::uint32_t> nearest;
  BlockSearch search;
};

// Rows of vectors [begin, end) and their lengths; false if one is too long.
bool round_block(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation, float longest,
                 std::int64_t begin, std::int64_t end, Rotated& floats, std::uint8_t* rows, float* lengths, First& bad) {
  const std::int64_t n = end - begin;
  kernels.unit_rows(vectors.data, vectors.half, vectors.dim, begin, end, floats.units.data(), lengths);
  const std::int64_t row = first_too_long(lengths, n, longest);
  if (row != kNone) {
    bad.note(begin + row);
    return false;
  }
  kernels.dense_scores(rotation.columns, floats.units.data(), 0, n, floats.rotated.data());
  kernels.round_rows(floats.rotated.data(), n * vectors.dim, rotation.step, rows);
  return true;
}

}  // namespace

std::int64_t round_vectors(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation, float longest,
                           int threads, std::uint8_t* rows, float* lengths) {
  First bad;
  parallel_for_with(
      vectors.count, kBlock, threads, [&] { return Rotated(std::min(vectors.count, kBlock), vectors.dim); },
      [&](Rotated& floats, std::int64_t begin, std::int64_t end) {
        round_block(kernels, vectors, rotation, longest, begin, end, floats, rows + begin * vectors.dim,
                    lengths + begin, bad);
      });
  return bad.get();
}

std::int64_t encode_tokens(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation,
                           const Cells& cells, const Codebook& book, float longest, int threads,
                           const CodeRows& out) {
  First bad;
  const std::int64_t dim = vectors.dim;
  const std::int64_t row_bytes = dim * book.bits / 8;
  parallel_for_with(
      vectors.count, kBlock, threads, [&] { return Encoding(kernels, cells, std::min(vectors.count, kBlock)); },
      [&](Encoding& block, std::int64_t begin, std::int64_t end) {
        const std::int64_t n = end - begin;
        if (!round_block(kernels, vectors, rotation, longest, begin, end, block.floats, block.rows.data(),
                         block.lengths.data(), bad)) {
          return;
        }
        block.search.run(block.rows.data(), n, block.nearest.data(), nullptr);
        kernels.code_rows(book, dim, block.floats.rotated.data(), block.lengths.data(), block.nearest.data(), n,
                          out.residuals + begin * row_bytes, out.gains + begin, out.norms + begin,
                          out.errors + begin);
        for (std::int64_t i = 0; i < n; ++i) {
          const std::uint32_t id = block.nearest[static_cast<std::size_t>(i)];
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
