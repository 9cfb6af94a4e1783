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

// The nearest steps of a 127th of the greatest; returns the step and the sum of all.
std::pair<float, float> to_bytes(const float* from, std::int64_t n, std::int8_t* to) {
  float peak = 0.0F;
  for (std::int64_t i = 0; i < n; ++i) peak = std::max(peak, std::fabs(from[i]));
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

Linear::Linear(const Tables& tables, const LinearKernels& kernels, const LinearSource& source, int threads)
    : kernels_(&kernels),
      width_(width_of(source)),
      panels_(panels_of(kernels, source)),
      has_bias_(source.bias.data != nullptr),
      weights_(static_cast<std::size_t>(panels_ * kernels.panel * width_ / kernels.step)),
      scales_(static_cast<std::size_t>(panels_ * kernels.panel)),
      sums_(static_cast<std::size_t>(panels_ * kernels.panel)),
      bias_(static_cast<std::size_t>(has_bias_ ? panels_ * kernels.panel : 0)) {
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
        const auto [step, sum] = to_bytes(rows.placed.data(), width_, reinterpret_cast<std::int8_t*>(to));
        scales_[static_cast<std::size_t>(column)] = step;
        sums_[static_cast<std::size_t>(column)] = sum;
      }
      if (has_bias_) {
        float* bias = bias_.data() + column;
        tables.rows->widen(source.bias.kind, row_of(source.bias, output, 1), 1, bias);
        *bias *= factor;
      }
    }
    std::uint32_t* packed = weights_.data() + panel * units * kernels.panel;
    for (std::int64_t u = 0; u < units; ++u, packed += kernels.panel) {
      for (std::int64_t i = 0; i < kernels.panel; ++i) packed[i] = rows.units[static_cast<std::size_t>(i * units + u)];
    }
  });
}

}  // namespace colmodern::encoder
