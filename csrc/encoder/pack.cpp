#include "encoder/pack.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "parallel.h"

namespace colmodern::encoder {
namespace {

std::int64_t width_of(const LinearSource& source) {
  const auto last = std::max_element(source.places.begin(), source.places.end());
  return round_up(*last + 1, kLanes);
}

std::int64_t panels_of(const LinearKernels& kernels, const LinearSource& source) {
  return round_up(static_cast<std::int64_t>(source.columns.size()), kernels.panel) / kernels.panel;
}

// The nearest bfloat16, halves to the even one.
void to_brain(const float* from, std::int64_t n, std::uint16_t* to) {
  for (std::int64_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(from[i]);
    to[i] = static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
  }
}

// The least step with which sums in 16 bits hold all products of these weights.
float word_step(const float* from, std::int64_t n) {
  float pair = 0.0F, word = 0.0F;
  for (std::int64_t i = 0; i < n; i += kWordSpan) {
    for (const float* first = from + i; first < from + i + 4; first += 2) {
      float all = 0.0F;
      for (const float* two : {first, first + 4}) {
        const float above = std::max(two[0], 0.0F) + std::max(two[1], 0.0F);
        const float below = std::max(-two[0], 0.0F) + std::max(-two[1], 0.0F);
        pair = std::max({pair, above, below});
        all += above + below;
      }
      word = std::max(word, all);
    }
  }
  return std::max(pair / kPairSteps, word / kWordSteps);
}

// Where the sum of a column starts and where its words do, so that in words bytes of rows count from -128.
void write_starts(const std::int8_t* weights, std::int64_t n, std::int64_t stride, std::uint32_t* out) {
  std::uint32_t all = 0;
  for (std::int64_t i = 0; i < n; i += kWordSpan) {
    const auto share = [&](std::int64_t first) {
      return static_cast<std::uint32_t>(
          128 * (weights[first] + weights[first + 1] + weights[first + 4] + weights[first + 5]));
    };
    const std::uint32_t low = share(i), high = share(i + 2);
    all += low + high;
    out[(1 + i / kWordSpan) * stride] = (0U - low & 0xffffU) | (0U - high) << 16;
  }
  out[0] = all;
}

// The nearest steps of a 127th of the greatest, or of longer ones where sums in 16 bits ask for them; returns the step
// and the sum of all.
std::pair<float, float> to_bytes(const float* from, std::int64_t n, bool in_words, std::int8_t* to) {
  float peak = 0.0F;
  for (std::int64_t i = 0; i < n; ++i) peak = std::max(peak, std::fabs(from[i]));
  if (in_words) peak = std::max(peak, word_step(from, n) * 127.0F);
  const float steps = peak > 0.0F ? 127.0F / peak : 0.0F;
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto whole = static_cast<std::int32_t>((from[i] * steps + 0x1.8p23F) - 0x1.8p23F);
    to[i] = static_cast<std::int8_t>(whole);
    sum += whole;
  }
  return {peak / 127.0F, peak / 127.0F * static_cast<float>(sum)};
}

}  // namespace

const void* row_of(const Tensor& tensor, std::int64_t row, std::int64_t width) {
  return static_cast<const char*>(tensor.data) + row * width * (tensor.kind == Stored::float32 ? 4 : 2);
}

std::vector<std::int32_t> in_order(std::int64_t n) {
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

Linear::Linear(const Tables& tables, const LinearKernels& kernels, const LinearSource& source, int threads,
               PackedMemory& memory)
    : kernels_(&kernels), width_(width_of(source)), panels_(panels_of(kernels, source)) {
  const std::int64_t columns = panels_ * kernels.panel;
  const bool in_bytes = kernels.step == 4;
  weights_ = memory.take<std::uint32_t>(columns * width_ / kernels.step);
  scales_ = in_bytes ? memory.take<float>(columns) : nullptr;
  sums_ = in_bytes ? memory.take<float>(columns) : nullptr;
  starts_ = kernels.in_words ? memory.take<std::uint32_t>(columns * (1 + width_ / kWordSpan)) : nullptr;
  bias_ = source.bias.data != nullptr ? memory.take<float>(columns) : nullptr;
  if (!memory.is_filled()) pack(tables, source, threads);
}

void Linear::pack(const Tables& tables, const LinearSource& source, int threads) const {
  const LinearKernels& kernels = *kernels_;
  const std::int64_t units = width_ / kernels.step;
  const std::int64_t n_columns = static_cast<std::int64_t>(source.columns.size());
  struct Rows {
    std::vector<float> stored, placed;
    std::vector<std::uint32_t> units;
  };
  const auto make = [&] {
    return Rows{std::vector<float>(static_cast<std::size_t>(source.inputs)),
                std::vector<float>(static_cast<std::size_t>(width_)),
                std::vector<std::uint32_t>(static_cast<std::size_t>(units * kernels.panel))};
  };
  parallel_for_with(panels_, 1, threads, make, [&](Rows& rows, std::int64_t panel, std::int64_t) {
    std::fill(rows.units.begin(), rows.units.end(), 0U);
    for (std::int64_t i = 0; i < kernels.panel; ++i) {
      const std::int64_t column = panel * kernels.panel + i;
      const std::int32_t output = column < n_columns ? source.columns[static_cast<std::size_t>(column)] : -1;
      if (output < 0) continue;
      const float factor = column < source.scaled ? source.factor : 1.0F;
      // A spread row and spread weights are four times as long each.
      const float stretch = kernels.spread == nullptr ? factor : factor / 16.0F;
      tables.rows->widen(source.weight.kind, row_of(source.weight, output, source.inputs), source.inputs,
                         rows.stored.data());
      std::fill(rows.placed.begin(), rows.placed.end(), 0.0F);
      for (std::size_t k = 0; k < rows.stored.size(); ++k) {
        rows.placed[static_cast<std::size_t>(source.places[k])] = rows.stored[k] * stretch;
      }
      if (kernels.spread != nullptr) kernels.spread(rows.placed.data(), width_);
      std::uint32_t* to = rows.units.data() + i * units;
      if (kernels.step == 1) {
        std::memcpy(to, rows.placed.data(), rows.placed.size() * sizeof(float));
      } else if (kernels.step == 2) {
        to_brain(rows.placed.data(), width_, reinterpret_cast<std::uint16_t*>(to));
      } else {
        const auto [step, sum] =
            to_bytes(rows.placed.data(), width_, kernels.in_words, reinterpret_cast<std::int8_t*>(to));
        scales_[column] = step;
        sums_[column] = sum;
        if (kernels.in_words) {
          write_starts(reinterpret_cast<std::int8_t*>(to), width_, kernels.panel,
                       starts_ + panel * kernels.panel * (1 + width_ / kWordSpan) + i);
        }
      }
      if (bias_ != nullptr) {
        tables.rows->widen(source.bias.kind, row_of(source.bias, output, 1), 1, bias_ + column);
        bias_[column] *= factor;
      }
    }
    std::uint32_t* packed = weights_ + panel * units * kernels.panel;
    for (std::int64_t u = 0; u < units; ++u, packed += kernels.panel) {
      for (std::int64_t i = 0; i < kernels.panel; ++i) packed[i] = rows.units[static_cast<std::size_t>(i * units + u)];
    }
  });
}

void multiply_in_bytes(Isa isa, const Tensor& weight, std::int64_t outputs, std::int64_t inputs, const float* rows,
                       std::int64_t n, float* out) {
  const Tables tables = tables_for(isa);
  const LinearKernels& kernels = *tables.bytes;
  PackedMemory memory;
  const Linear linear(tables, kernels, {weight, {}, inputs, in_order(outputs), in_order(inputs)}, 1, memory);
  const std::int64_t whole = round_up(n, kChunk);  // tiles read rows behind the last
  const std::int64_t stride = linear.panels() * kernels.panel;
  AlignedArray<float> placed(static_cast<std::size_t>(whole * linear.width()));
  AlignedArray<std::uint32_t> units(static_cast<std::size_t>(whole * linear.width() / kernels.step));
  AlignedArray<float> scales(static_cast<std::size_t>(2 * whole));
  AlignedArray<float> products(static_cast<std::size_t>(whole * stride));
  for (std::int64_t i = 0; i < n; ++i) std::copy_n(rows + i * inputs, inputs, placed.data() + i * linear.width());
  const Operand operand{units.data(), linear.width() / kernels.step, scales.data()};
  kernels.convert(placed.data(), linear.width(), n, linear.width(), operand);
  linear.multiply(operand, n, 0, linear.panels(), products.data(), stride, false);
  for (std::int64_t i = 0; i < n; ++i) std::copy_n(products.data() + i * stride, outputs, out + i * outputs);
}

}  // namespace colmodern::encoder
