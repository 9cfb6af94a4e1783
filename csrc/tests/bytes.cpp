// Do the loops in bytes give what their twins define?
//
// Products of a linear layer are whole numbers, so they are equal bit for bit to a plain loop over the same bytes, and
// so is what they stand for. Attention of the same bytes differs from the scalar one by logarithms and the order of
// sums, attention in words from that in floats by what is rounded.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <vector>

#include "aligned.h"
#include "cpu.h"
#include "encoder/kernels.h"
#include "encoder/pack.h"
#include "tests/numbers.h"

namespace {

using namespace colmodern;
using namespace colmodern::encoder;

constexpr double kFarthest = 1e-5;  // of a mixed value, which is kMost at most
constexpr double kFarthestWord = 1e-3;
constexpr float kMost = 2.0F;

template <class T>
std::vector<T> array(std::int64_t n, T value = T{}) {
  return std::vector<T>(static_cast<std::size_t>(n), value);
}

std::vector<float> random(Numbers& numbers, std::int64_t n, float most) {
  std::vector<float> values = array<float>(n);
  for (float& value : values) value = numbers.next() * most;
  return values;
}

// What a row and a column of a packed layer give; the last step is fused but in portable C++.
float product_of(Isa isa, const PackedLinear& linear, std::int64_t panel, const Operand& rows, std::int64_t row,
                 std::int64_t column) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(rows.units + row * rows.stride);
  const auto* weights = reinterpret_cast<const std::int8_t*>(linear.weights + column / panel * linear.units * panel);
  std::int32_t sum = 0;
  for (std::int64_t i = 0; i < 4 * linear.units; ++i) {
    sum += bytes[i] * weights[(i / 4 * panel + column % panel) * 4 + i % 4];
  }
  const float share = static_cast<float>(sum) * rows.scales[2 * row];
  const float least = rows.scales[2 * row + 1] * linear.sums[column];
  if (isa == Isa::scalar) return share * linear.scales[column] + least;
  return std::fma(share, linear.scales[column], least);
}

// Layers of so many inputs, for one row and for more than two tiles of them.
bool multiplies(Isa isa, std::int64_t width) {
  constexpr std::int64_t kRows = 17, kPanels = 3;
  const Tables tables = tables_for(isa);
  const LinearKernels& kernels = *tables.bytes;
  const std::int64_t columns = kPanels * kernels.panel;
  Numbers numbers;
  std::vector<float> rows = random(numbers, kRows * width, 100.0F);
  const std::vector<float> weights = random(numbers, columns * width, 1.0F);
  PackedMemory memory;
  const Linear linear(tables, kernels,
                      {{Stored::float32, weights.data()}, {}, width, in_order(columns), in_order(width)}, 1, memory);
  const std::int64_t whole = round_up(kRows, kChunk);  // tiles read rows behind the last
  std::vector<std::uint32_t> units = array<std::uint32_t>(whole * width / 4);
  std::vector<float> scales = array<float>(2 * whole);
  const Operand operand{units.data(), width / 4, scales.data()};
  kernels.convert(rows.data(), width, kRows, width, operand);
  for (std::int64_t n = 1; n <= kRows; ++n) {
    std::vector<float> out = array(n * columns, 1.0F);
    linear.multiply(operand, n, 0, kPanels, out.data(), columns, true);
    for (std::int64_t i = 0; i < n * columns; ++i) {
      const float product = product_of(isa, linear.view(), kernels.panel, operand, i / columns, i % columns);
      if (out[static_cast<std::size_t>(i)] != 1.0F + product) return false;
    }
  }
  return true;
}

// Queries, keys and values of a head, as some kernels place them, with room for what kernels read behind the last.
class Head {
 public:
  Head(const AttentionKernels& place, std::int64_t behind, std::int64_t dim, std::int64_t n_keys, std::int64_t radius,
       float most)
      : dim_(dim),
        units_(dim / place.step),
        n_keys_(n_keys),
        radius_(radius),
        queries_(array<std::uint32_t>(kQueries * units_ + kLanes)),  // all but values are read in whole vectors
        keys_(array<std::uint32_t>((n_keys + behind) * units_)),
        values_(array<std::uint32_t>(((n_keys + place.step - 1) / place.step + behind) * dim)),
        query_steps_(array<float>(kQueries)),
        key_steps_(array<float>(n_keys + kLanes)),
        logs_(array<float>(n_keys + kLanes)),
        shares_(array<float>(n_keys + kLanes)) {
    Numbers numbers;
    const std::vector<float> rows = random(numbers, n_keys * dim, most);
    const std::vector<float> cosines = array(dim / 2, 1.0F), sines = array<float>(dim / 2);  // nothing is turned
    const std::vector<std::int64_t> positions = array<std::int64_t>(n_keys + kQueries);
    const std::vector<std::int64_t> places = in_a_row(n_keys);
    std::vector<std::int64_t> asked = in_a_row(kQueries);
    for (std::int64_t& row : asked) row %= n_keys;
    const auto heads = [&](const std::int64_t* some, std::int64_t n) {
      return HeadRows{rows.data(), dim, some, n, dim, positions.data(), cosines.data(), sines.data()};
    };
    place.place_queries(heads(asked.data(), kQueries), queries_.data(), query_steps_.data());
    for (std::int64_t first = 0; first < n_keys; first += kPlaced) {
      const std::int64_t* some = places.data() + first;
      const HeadRows chunk = heads(some, std::min(kPlaced, n_keys - first));
      place.place_keys(chunk, keys_.data() + first * units_, key_steps_.data() + first);
      place.place_values(chunk, some, values_.data(), logs_.data() + first, shares_.data() + first);
    }
  }

  std::vector<float> mixed(const AttentionKernels& kernels) const {
    std::vector<float> out = array<float>(kQueries * dim_);
    AlignedArray<char> scratch(static_cast<std::size_t>(kernels.scratch_bytes(dim_)));
    kernels.attend({units_, dim_, queries_.data(), kQueries, 0, keys_.data(), values_.data(), 0, n_keys_, radius_,
                    out.data(), dim_, query_steps_.data(), key_steps_.data(), logs_.data(), shares_.data()},
                   scratch.data());
    return out;
  }

 private:
  static constexpr std::int64_t kQueries = 13;
  static constexpr std::int64_t kPlaced = kChunk - 1;  // at once: units are shared by two calls

  static std::vector<std::int64_t> in_a_row(std::int64_t n) {
    std::vector<std::int64_t> numbers = array<std::int64_t>(n);
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  }

  std::int64_t dim_, units_, n_keys_, radius_;
  std::vector<std::uint32_t> queries_, keys_, values_;
  std::vector<float> query_steps_, key_steps_, logs_, shares_;
};

// The same bytes as the scalar loops have, or words that are as good as floats.
bool attends(Isa isa, std::int64_t dim, std::int64_t n_keys, std::int64_t radius, float most = kMost) {
  const AttentionKernels& kernels = *tables_for(isa).byte_attention;
  const Tables scalar = tables_for(Isa::scalar);
  const bool in_bytes = kernels.step == 4;
  const AttentionKernels& twin = in_bytes ? *scalar.byte_attention : *scalar.single_attention;
  const Head expected(twin, kernels.behind, dim, n_keys, radius, most);
  const Head own(kernels, kernels.behind, dim, n_keys, radius, most);
  const std::vector<float> found = in_bytes ? expected.mixed(kernels) : own.mixed(kernels);
  const std::vector<float> right = expected.mixed(twin);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double off = std::fabs(static_cast<double>(found[i]) - right[i]);
    if (!(off <= (in_bytes ? kFarthest : kFarthestWord))) return false;
  }
  return true;
}

}  // namespace

int main() {
  int n_asked = 0, n_wrong = 0;
  const auto count = [&](bool is_right, const char* what, Isa isa, std::int64_t size) {
    ++n_asked;
    if (is_right) return;
    ++n_wrong;
    std::printf("%s: %s of %lld is wrong\n", name_of(isa), what, static_cast<long long>(size));
  };
  for (int i = 0; i < kIsaCount; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (!is_supported(isa)) continue;
    for (const std::int64_t width : {16, 48, 592}) count(multiplies(isa, width), "a layer", isa, width);
    for (const std::int64_t n_keys : {1, 127, 128, 300}) {
      count(attends(isa, 32, n_keys, -1), "attention", isa, n_keys);
      count(attends(isa, 96, n_keys, 20), "local attention", isa, n_keys);
    }
    // No query sees a key of the second block, whatever its step is.
    for (int part = 1; part <= 50; ++part) {
      const float most = kMost * static_cast<float>(part) / 50.0F;
      count(attends(isa, 32, 256, 20, most), "attention with an unseen block", isa, 256);
    }
  }
  std::printf("%d of %d are wrong\n", n_wrong, n_asked);
  return n_wrong == 0 ? 0 : 1;
}
