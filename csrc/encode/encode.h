// From token vectors to codes: length, rotation, nearest centroid, levels of the residual, gain, norm.
#pragma once

#include <cstdint>

#include "assign/assign.h"
#include "kernels.h"

namespace colmodern {

// Vectors as they come: float32 or float16.
struct Vectors {
  const void* data;
  bool half;
  std::int64_t count;
  std::int64_t dim;
};

// How vectors become rows of 7 bits.
struct Rotation {
  PackedVectors columns;  // of the rotation, dim of them
  float step;             // what one means in a row
};

// What encoding writes: a row for each token.
struct CodeRows {
  void* ids;  // uint16, or uint32 if `wide`
  bool wide;
  std::uint8_t* residuals;
  std::uint16_t* gains;
  std::uint16_t* norms;
  float* errors;  // the squared distance of each vector to what its code stands for
};

// Where a run of tokens has one context, and where their codes go. Blocks follow each other and cover all tokens;
// without any no token has a context.
struct ContextBlocks {
  const std::int64_t* bounds;  // (count + 1,)
  std::int64_t count;
  std::uint8_t* residuals;  // (count, dim / 2)
  std::uint16_t* gains;     // (count,), float16
};

// Both return the first vector whose length is not below `longest` (NaN included), or -1.
// rows: (count, dim); lengths: (count,)
std::int64_t round_vectors(const Kernels&, const Vectors&, const Rotation&, float longest, int threads,
                           std::uint8_t* rows, float* lengths);
std::int64_t encode_tokens(const Kernels&, const Vectors&, const Rotation&, const Cells&, const Codebook&,
                           float longest, int threads, const ContextBlocks&, const CodeRows&);

}  // namespace colmodern
