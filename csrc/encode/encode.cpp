#include "encode/encode.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "aligned.h"
#include "parallel.h"
#include "runs.h"

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
        context(static_cast<std::size_t>(cells.members.dim)),
        search(kernels, cells, most_rows) {}
  Rotated floats;
  AlignedArray<float> lengths;
  AlignedArray<std::uint8_t> rows;
  AlignedArray<std::uint32_t> nearest;
  AlignedArray<float> context;
  BlockSearch search;
};

// Rows of vectors [begin, end) and their lengths; false if one is too long.
bool round_block(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation, float longest,
                 std::int64_t begin, std::int64_t end, Rotated& floats, std::uint8_t* rows, float* lengths,
                 First& bad) {
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

// What is encoded at a time: tokens [bounds[first], bounds[last]) of the blocks [first, last).
struct Group {
  std::int64_t first;
  std::int64_t last;
};

// As many whole blocks as fit, at least one.
std::vector<Group> groups_of(const ContextBlocks& blocks) {
  std::vector<Group> groups;
  for (std::int64_t first = 0; first < blocks.count;) {
    std::int64_t last = first + 1;
    while (last < blocks.count && blocks.bounds[last + 1] - blocks.bounds[first] <= kBlock) ++last;
    groups.push_back({first, last});
    first = last;
  }
  return groups;
}

void check(const ContextBlocks& blocks, std::int64_t n_tokens) {
  for (std::int64_t i = 0; i < blocks.count; ++i) {
    const std::int64_t length = blocks.bounds[i + 1] - blocks.bounds[i];
    if (length < 1 || length > kBlock) {
      throw std::invalid_argument("block " + std::to_string(i) + " has " + std::to_string(length) +
                                  " tokens, expected 1 to " + std::to_string(kBlock));
    }
  }
  if (blocks.bounds[0] != 0 || blocks.bounds[blocks.count] != n_tokens) {
    throw std::invalid_argument("blocks must cover all " + std::to_string(n_tokens) + " tokens");
  }
}

// Encodes the tokens of a group, or any others that have no context.
class Encoder {
 public:
  Encoder(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation, const Codebook& book, float longest,
          const CodeRows& out)
      : kernels_(kernels), vectors_(vectors), rotation_(rotation), book_(book), longest_(longest), out_(out) {}

  std::int64_t first_bad() const noexcept { return bad_.get(); }

  // Rotates tokens and finds their centroids; false if one is too long.
  bool prepare(Encoding& of_thread, std::int64_t begin, std::int64_t end) noexcept {
    const std::int64_t n = end - begin;
    if (!round_block(kernels_, vectors_, rotation_, longest_, begin, end, of_thread.floats, of_thread.rows.data(),
                     of_thread.lengths.data(), bad_)) {
      return false;
    }
    of_thread.search.run(of_thread.rows.data(), n, of_thread.nearest.data(), nullptr);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::uint32_t id = of_thread.nearest[static_cast<std::size_t>(i)];
      if (out_.wide) {
        static_cast<std::uint32_t*>(out_.ids)[begin + i] = id;
      } else {
        static_cast<std::uint16_t*>(out_.ids)[begin + i] = static_cast<std::uint16_t>(id);
      }
    }
    return true;
  }

  // Codes n of the prepared tokens, from number `at` among them and `begin` among all.
  void code(const Encoding& of_thread, std::int64_t at, std::int64_t n, const float* context,
            std::int64_t begin) const noexcept {
    const std::int64_t row_bytes = vectors_.dim * book_.bits / 8;
    kernels_.code_rows(book_, vectors_.dim, context, of_thread.floats.rotated.data() + at * vectors_.dim,
                       of_thread.lengths.data() + at, of_thread.nearest.data() + at, n,
                       out_.residuals + begin * row_bytes, out_.gains + begin, out_.norms + begin, out_.errors + begin);
  }

  // The same for a block: its context first.
  void code_block(Encoding& of_thread, std::int64_t at, std::int64_t n, std::int64_t begin, std::uint8_t* residual,
                  std::uint16_t* gain) const noexcept {
    float* context = of_thread.context.data();
    kernels_.code_context(book_, vectors_.dim, of_thread.floats.rotated.data() + at * vectors_.dim,
                          of_thread.nearest.data() + at, n, residual, gain, context);
    code(of_thread, at, n, context, begin);
  }

 private:
  const Kernels& kernels_;
  const Vectors& vectors_;
  const Rotation& rotation_;
  const Codebook& book_;
  float longest_;
  const CodeRows& out_;
  First bad_;
};

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

std::int64_t encode_tokens(const Kernels& kernels, const Vectors& vectors, const Rotation& rotation, const Cells& cells,
                           const Codebook& book, float longest, int threads, const ContextBlocks& blocks,
                           const CodeRows& out) {
  Encoder encoder(kernels, vectors, rotation, book, longest, out);
  const auto of_thread = [&] { return Encoding(kernels, cells, std::min(vectors.count, kBlock)); };
  if (blocks.count == 0) {  // no contexts: zeros, which nothing has changed yet
    parallel_for_with(vectors.count, kBlock, threads, of_thread,
                      [&](Encoding& mine, std::int64_t begin, std::int64_t end) {
                        if (encoder.prepare(mine, begin, end)) {
                          encoder.code(mine, 0, end - begin, mine.context.data(), begin);
                        }
                      });
    return encoder.first_bad();
  }
  check(blocks, vectors.count);
  const std::vector<Group> groups = groups_of(blocks);
  const std::int64_t row_bytes = vectors.dim * kLevelBits / 8;
  parallel_for_with(static_cast<std::int64_t>(groups.size()), 1, threads, of_thread,
                    [&](Encoding& mine, std::int64_t number, std::int64_t) {
                      const Group group = groups[static_cast<std::size_t>(number)];
                      const std::int64_t start = blocks.bounds[group.first];
                      if (!encoder.prepare(mine, start, blocks.bounds[group.last])) return;
                      for (std::int64_t i = group.first; i < group.last; ++i) {
                        const std::int64_t begin = blocks.bounds[i];
                        encoder.code_block(mine, begin - start, blocks.bounds[i + 1] - begin, begin,
                                           blocks.residuals + i * row_bytes, blocks.gains + i);
                      }
                    });
  return encoder.first_bad();
}

}  // namespace colmodern
