// What encoding does to the floats of a row. One text for all instruction sets: sixteen lanes as a vector type of the
// compiler, every operation rounded for itself (no fused multiply-add) and sums added up in one order, so that
// whatever it is compiled for, the bits are the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "encode/bytes.h"
#include "encode/trellis.h"
#include "half.h"
#include "kernels.h"
#include "lanes.h"
#include "runs.h"

namespace colmodern {

// The second half of the lanes is added to the first, until one is left.
COLMODERN_LANES float sum_of(const Floats& lanes) noexcept {
  using Eight = float __attribute__((vector_size(32)));
  using Four = float __attribute__((vector_size(16)));
  Eight halves[2];
  std::memcpy(halves, &lanes, sizeof halves);
  halves[0] += halves[1];
  Four quarters[2];
  std::memcpy(quarters, halves, sizeof quarters);
  quarters[0] += quarters[1];
  return (quarters[0][0] + quarters[0][2]) + (quarters[0][1] + quarters[0][3]);
}

// Infinity and NaN come out as 65,536 and more, which no token vector reaches.
template <int Lanes>
COLMODERN_LANES void load_half(Floats& lanes, const std::uint16_t* from) noexcept {
  Ints wide;
  load_shorts<Lanes>(wide, from);
  const Ints magnitude = (wide & 0x7fff) << 13;
  const Ints sign = (wide & 0x8000) << 16;
  Floats scaled;
  std::memcpy(&scaled, &magnitude, sizeof scaled);
  scaled *= 0x1p112F;
  Ints bits;
  std::memcpy(&bits, &scaled, sizeof bits);
  bits |= sign;
  std::memcpy(&lanes, &bits, sizeof lanes);
}

template <int Lanes, bool Half>
COLMODERN_LANES void unit_row(const void* vector, std::int64_t dim, float* unit, float* length) noexcept {
  Floats squares{};
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Floats x;
    if constexpr (Half) {
      load_half<Lanes>(x, static_cast<const std::uint16_t*>(vector) + d);
    } else {
      load(x, static_cast<const float*>(vector) + d);
    }
    std::memcpy(unit + d, &x, sizeof x);
    squares += x * x;
  }
  *length = std::sqrt(sum_of(squares));
  const float factor = *length > 0.0F ? 1.0F / *length : 0.0F;
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Floats x;
    load(x, unit + d);
    x *= factor;
    std::memcpy(unit + d, &x, sizeof x);
  }
}

template <int Lanes>
COLMODERN_LANES void unit_rows_of(const void* vectors, bool half, std::int64_t dim, std::int64_t begin,
                                  std::int64_t end, float* units, float* lengths) noexcept {
  for (std::int64_t row = begin; row < end; ++row, units += dim, ++lengths) {
    if (half) {
      unit_row<Lanes, true>(static_cast<const std::uint16_t*>(vectors) + row * dim, dim, units, lengths);
    } else {
      unit_row<Lanes, false>(static_cast<const float*>(vectors) + row * dim, dim, units, lengths);
    }
  }
}

// To the nearest whole number of steps within -63..63, halves to the even one, plus 64.
template <int Lanes>
COLMODERN_LANES void round_rows_of(const float* values, std::int64_t n, float step, std::uint8_t* rows) noexcept {
  using Part = typename Register<Lanes>::Floats;
  constexpr float kInteger = 0x1.8p23F;  // a sum with it has no place for fractions
  constexpr float kMost = static_cast<float>(kMaxRow);
  const float factor = 1.0F / step;
  for (std::int64_t i = 0; i < n; i += kLanes) {
    Ints bits;
    for (int part = 0; part < kLanes; part += Lanes) {
      Part x;
      load(x, values + i + part);
      x *= factor;
      x = x > kMost ? Part{} + kMost : x;
      x = x < -kMost ? Part{} - kMost : x;
      x += kInteger;
      std::memcpy(reinterpret_cast<char*>(&bits) + sizeof(float) * static_cast<std::size_t>(part), &x, sizeof x);
    }
    store_bytes<Lanes>(bits + kRowOffset, rows + i);  // the lowest byte is all that counts
  }
}

// Eight codes of a byte each, the first in the lowest, to four bits each.
COLMODERN_LANES std::uint32_t squeeze(std::uint64_t codes) noexcept {
  codes = (codes | codes >> 4) & 0x00ff00ff00ff00ffU;
  codes = (codes | codes >> 8) & 0x0000ffff0000ffffU;
  return static_cast<std::uint32_t>(codes | codes >> 16);
}

COLMODERN_LANES void pack_row(const std::uint8_t* codes, std::int64_t dim, std::uint8_t* residual) noexcept {
  for (std::int64_t d = 0; d < dim; d += 8, residual += sizeof(std::uint32_t)) {
    std::uint64_t eight;
    std::memcpy(&eight, codes + d, sizeof eight);
    const std::uint32_t packed = squeeze(eight);
    std::memcpy(residual, &packed, sizeof packed);
  }
}

// What a centroid and the context leave of a row; returns its length.
template <int Lanes>
COLMODERN_LANES float leave(const Codebook& book, std::int64_t dim, const float* context, const float* row,
                            std::uint32_t id, float* left) noexcept {
  const std::int8_t* centroid = book.centroids + static_cast<std::int64_t>(id) * dim;
  Floats squares{};
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Floats values;
    Floats x;
    Floats mean;
    load_bytes<Lanes>(values, centroid + d);
    load(x, row + d);
    load(mean, context + d);
    x -= values * book.centroid_steps[id];
    x -= mean;
    squares += x * x;
    std::memcpy(left + d, &x, sizeof x);
  }
  return std::sqrt(sum_of(squares));
}

// Four bits hold a level number, so every component gets its nearest level. `values` ascend.
template <int Lanes>
COLMODERN_LANES void round_row(const std::int8_t* values, float step, std::int64_t dim, const float* left, float size,
                               float* levels, std::uint8_t* residual) noexcept {
  using PartFloats = typename Register<Lanes>::Floats;
  using PartInts = typename Register<Lanes>::Ints;
  constexpr int kCuts = kLevels - 1;
  alignas(64) std::uint8_t codes[kMaxDim];
  // Levels are those of a unit residual; the cuts between them grow with the residual's length.
  float cuts[kCuts];
  std::int32_t rises[kCuts];
  for (int k = 0; k < kCuts; ++k) {
    const int sum = values[k] + values[k + 1];
    cuts[k] = static_cast<float>(sum) * (0.5F * step) * size;
    rises[k] = values[k + 1] - values[k];
  }
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Ints lanes;
#pragma GCC unroll 4
    for (int part = 0; part < kLanes; part += Lanes) {
      PartFloats x;
      load(x, left + d + part);
      PartInts code{};
      PartInts level = PartInts{} + static_cast<std::int32_t>(values[0]);
#pragma GCC unroll 15
      for (int k = 0; k < kCuts; ++k) {
        const PartInts above = x > cuts[k];
        code -= above;
        level += above & rises[k];
      }
      const PartFloats real = __builtin_convertvector(level, PartFloats);
      std::memcpy(levels + d + part, &real, sizeof real);
      std::memcpy(reinterpret_cast<char*>(&lanes) + sizeof(float) * static_cast<std::size_t>(part), &code, sizeof code);
    }
    store_bytes<Lanes>(lanes, codes + d);
  }
  pack_row(codes, dim, residual);
}

// The gain of least squares.
COLMODERN_LANES std::uint16_t gain_of(const float* left, const float* levels, std::int64_t dim,
                                      float level_step) noexcept {
  Floats products{};
  Floats squares{};  // whole numbers below 2^24, so the sum is exact
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Floats x;
    Floats level;
    load(x, left + d);
    load(level, levels + d);
    products += x * level;
    squares += level * level;
  }
  const float denominator = sum_of(squares) * level_step;
  return to_half(denominator > 0.0F ? sum_of(products) / denominator : 0.0F);
}

// Where a token's numbers go.
struct CodedRow {
  std::uint16_t* gain;
  std::uint16_t* norm;
  float* error;
};

// Gain, norm and error of a row whose levels are known.
template <int Lanes>
COLMODERN_LANES void fit_row(const Codebook& book, std::int64_t dim, const float* context, const float* row,
                             float length, std::uint32_t id, const float* left, const float* levels,
                             const CodedRow& coded) noexcept {
  const std::int8_t* centroid = book.centroids + static_cast<std::int64_t>(id) * dim;
  *coded.gain = gain_of(left, levels, dim, book.level_step);
  const float factor = from_half(*coded.gain) * book.level_step;
  Floats rebuilt_squares{};
  Floats row_products{};
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Floats values;
    Floats level;
    Floats x;
    Floats mean;
    load_bytes<Lanes>(values, centroid + d);
    load(level, levels + d);
    load(x, row + d);
    load(mean, context + d);
    const Floats rebuilt = values * book.centroid_steps[id] + mean + level * factor;
    rebuilt_squares += rebuilt * rebuilt;
    row_products += rebuilt * x;
  }
  const float rebuilt_square = sum_of(rebuilt_squares);
  *coded.norm = to_half(rebuilt_square > 0.0F ? length / std::sqrt(rebuilt_square) : 0.0F);
  const float scale = from_half(*coded.norm);
  const float distance =
      length * length - 2.0F * length * scale * sum_of(row_products) + scale * scale * rebuilt_square;
  *coded.error = distance > 0.0F ? distance : 0.0F;
}

template <int Lanes>
COLMODERN_LANES void code_context_of(const Codebook& book, std::int64_t dim, const float* rows,
                                     const std::uint32_t* ids, std::int64_t n, std::uint8_t* residual,
                                     std::uint16_t* gain, float* context) noexcept {
  alignas(64) static constexpr float kNothing[kMaxDim] = {};
  alignas(64) float left[kMaxDim];
  alignas(64) float levels[kMaxDim];
  std::fill_n(context, dim, 0.0F);
  for (std::int64_t i = 0; i < n; ++i) {
    leave<Lanes>(book, dim, kNothing, rows + i * dim, ids[i], left);
    for (std::int64_t d = 0; d < dim; d += kLanes) {
      Floats sum;
      Floats x;
      load(sum, context + d);
      load(x, left + d);
      sum += x;
      std::memcpy(context + d, &sum, sizeof sum);
    }
  }
  const float share = 1.0F / static_cast<float>(n);
  Floats squares{};
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Floats mean;
    load(mean, context + d);
    mean *= share;
    squares += mean * mean;
    std::memcpy(context + d, &mean, sizeof mean);
  }
  const float step = book.contexts.step;
  round_row<Lanes>(book.contexts.values, step, dim, context, std::sqrt(sum_of(squares)), levels, residual);
  *gain = gain_of(context, levels, dim, step);
  const float factor = from_half(*gain) * step;
  for (std::int64_t d = 0; d < dim; d += kLanes) {
    Floats level;
    load(level, levels + d);
    level *= factor;
    std::memcpy(context + d, &level, sizeof level);
  }
}

template <int Lanes>
COLMODERN_LANES void round_codes(const Codebook& book, std::int64_t dim, const float* context, const float* rows,
                                 const float* lengths, const std::uint32_t* ids, std::int64_t n,
                                 std::uint8_t* residuals, std::uint16_t* gains, std::uint16_t* norms,
                                 float* errors) noexcept {
  alignas(64) float left[kMaxDim];
  alignas(64) float levels[kMaxDim];
  for (std::int64_t i = 0; i < n; ++i) {
    const float size = leave<Lanes>(book, dim, context, rows + i * dim, ids[i], left);
    round_row<Lanes>(book.levels, book.level_step, dim, left, size, levels, residuals + i * (dim * kLevelBits / 8));
    fit_row<Lanes>(book, dim, context, rows + i * dim, lengths[i], ids[i], left, levels,
                   {gains + i, norms + i, errors + i});
  }
}

template <int Bits, int Lanes>
COLMODERN_LANES void trellis_codes(const Codebook& book, std::int64_t dim, const float* context, const float* rows,
                                   const float* lengths, const std::uint32_t* ids, std::int64_t n,
                                   std::uint8_t* residuals, std::uint16_t* gains, std::uint16_t* norms,
                                   float* errors) noexcept {
  const TrellisLevels table(book.levels);
  const std::int64_t row_bytes = dim * Bits / 8;
  alignas(64) float left[Lanes * kMaxDim];
  alignas(64) float levels[kMaxDim];
  float sizes[Lanes];
  for (std::int64_t first = 0; first < n; first += Lanes) {
    const std::int64_t last = std::min(first + Lanes, n);
    for (std::int64_t i = first; i < last; ++i) {
      sizes[i - first] = leave<Lanes>(book, dim, context, rows + i * dim, ids[i], left + (i - first) * dim);
    }
    code_block<Bits, Lanes>(table, book.level_step, dim, left, sizes, last - first, residuals + first * row_bytes);
    for (std::int64_t i = first; i < last; ++i) {
      look_up(residuals + i * row_bytes, row_bytes, Bits, table.levels, levels);
      fit_row<Lanes>(book, dim, context, rows + i * dim, lengths[i], ids[i], left + (i - first) * dim, levels,
                     {gains + i, norms + i, errors + i});
    }
  }
}

// The kernels of one instruction set, compiled with its target attribute; its registers have so many lanes.
#define COLMODERN_DEFINE_ENCODING(isa, lanes, target)                                                                  \
  target void unit_rows_##isa(const void* vectors, bool half, std::int64_t dim, std::int64_t begin, std::int64_t end,  \
                              float* units, float* lengths) noexcept {                                                 \
    unit_rows_of<lanes>(vectors, half, dim, begin, end, units, lengths);                                               \
  }                                                                                                                    \
  target void round_rows_##isa(const float* values, std::int64_t n, float step, std::uint8_t* rows) noexcept {         \
    round_rows_of<lanes>(values, n, step, rows);                                                                       \
  }                                                                                                                    \
  target void code_context_##isa(const Codebook& book, std::int64_t dim, const float* rows, const std::uint32_t* ids,  \
                                 std::int64_t n, std::uint8_t* residual, std::uint16_t* gain,                          \
                                 float* context) noexcept {                                                            \
    code_context_of<lanes>(book, dim, rows, ids, n, residual, gain, context);                                          \
  }                                                                                                                    \
  target void code_rows_##isa(const Codebook& book, std::int64_t dim, const float* context, const float* rows,         \
                              const float* lengths, const std::uint32_t* ids, std::int64_t n, std::uint8_t* residuals, \
                              std::uint16_t* gains, std::uint16_t* norms, float* errors) noexcept {                    \
    switch (book.bits) {                                                                                               \
      case 1:                                                                                                          \
        return trellis_codes<1, lanes>(book, dim, context, rows, lengths, ids, n, residuals, gains, norms, errors);    \
      case 2:                                                                                                          \
        return trellis_codes<2, lanes>(book, dim, context, rows, lengths, ids, n, residuals, gains, norms, errors);    \
      default: return round_codes<lanes>(book, dim, context, rows, lengths, ids, n, residuals, gains, norms, errors);  \
    }                                                                                                                  \
  }

}  // namespace colmodern
