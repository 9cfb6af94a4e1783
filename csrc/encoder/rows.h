// Rows of float32: one text, compiled for each instruction set by the file that includes it.

namespace colmodern::encoder {
namespace {

COLMODERN_INLINE Floats load_stored(Stored kind, const char* from, std::int64_t i) {
  switch (kind) {
    case Stored::float16: return load_half(from + 2 * i);
    case Stored::bfloat16: return load_brain(from + 2 * i);
    case Stored::float32: break;
  }
  float lanes[kLanes];
  std::memcpy(lanes, from + 4 * i, sizeof lanes);
  return load(lanes);
}

COLMODERN_TARGET void widen(Stored kind, const void* from, std::int64_t n, float* to) noexcept {
  const auto* bytes = static_cast<const char*>(from);
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, load_stored(kind, bytes, i));
  if (i == n) return;
  const std::size_t width = kind == Stored::float32 ? 4 : 2;
  char rest[kLanes * 4] = {};
  float lanes[kLanes];
  std::memcpy(rest, bytes + static_cast<std::size_t>(i) * width, static_cast<std::size_t>(n - i) * width);
  store(lanes, load_stored(kind, rest, 0));
  std::memcpy(to + i, lanes, static_cast<std::size_t>(n - i) * sizeof(float));
}

// Lanes of the last vector of a row that are no padding, as ones.
COLMODERN_INLINE Floats ones_of_last(std::int64_t width) {
  float ones[kLanes];
  for (std::int64_t i = 0; i < kLanes; ++i) ones[i] = (width - 1) % kLanes >= i ? 1.0F : 0.0F;
  return load(ones);
}

COLMODERN_TARGET void norm(const Norm& norm, const float* rows, std::int64_t stride, std::int64_t n, float* out,
                           std::int64_t out_stride) noexcept {
  const std::int64_t last = round_up(norm.width, kLanes) - kLanes;
  const std::int64_t whole = last / (4 * kLanes) * (4 * kLanes);
  const float share = 1.0F / static_cast<float>(norm.width);
  const Floats ones = ones_of_last(norm.width);
  for (std::int64_t i = 0; i < n; ++i, rows += stride, out += out_stride) {
    Floats sums[4] = {load(rows + last), fill(0.0F), fill(0.0F), fill(0.0F)};
    for (std::int64_t j = 0; j < whole; j += 4 * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) sums[v] = sums[v] + load(rows + j + v * kLanes);
    }
    for (std::int64_t j = whole; j < last; j += kLanes) sums[0] = sums[0] + load(rows + j);
    const Floats mean = fill(sum_of((sums[0] + sums[1]) + (sums[2] + sums[3])) * share);
    const Floats rest = (load(rows + last) - mean) * ones;
    Floats squares[4] = {rest * rest, fill(0.0F), fill(0.0F), fill(0.0F)};
    for (std::int64_t j = 0; j < whole; j += 4 * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        const Floats centred = load(rows + j + v * kLanes) - mean;
        squares[v] = multiply_add(centred, centred, squares[v]);
      }
    }
    for (std::int64_t j = whole; j < last; j += kLanes) {
      const Floats centred = load(rows + j) - mean;
      squares[0] = multiply_add(centred, centred, squares[0]);
    }
    const float variance = sum_of((squares[0] + squares[1]) + (squares[2] + squares[3])) * share;
    const Floats scale = fill(1.0F / std::sqrt(variance + norm.eps));
    for (std::int64_t j = 0; j <= last; j += kLanes) {
      Floats value = (load(rows + j) - mean) * scale * load(norm.weight + j);
      if (norm.bias != nullptr) value = value + load(norm.bias + j);
      store(out + j, value);
    }
  }
}

template <Floats (*Activation)(Floats)>
COLMODERN_TARGET void gated(const float* rows, std::int64_t stride, std::int64_t n, std::int64_t width, float* out,
                            std::int64_t out_stride) noexcept {
  for (std::int64_t i = 0; i < n; ++i, rows += stride, out += out_stride) {
    for (std::int64_t j = 0; j < width; j += kLanes) {
      store(out + j, Activation(load(rows + j)) * load(rows + width + j));
    }
  }
}

COLMODERN_TARGET void gelu(float* values, std::int64_t n) noexcept {
  for (std::int64_t i = 0; i < n; i += kLanes) store(values + i, gelu_of(load(values + i)));
}

COLMODERN_TARGET void normalise(float* rows, std::int64_t stride, std::int64_t n, std::int64_t width) noexcept {
  for (std::int64_t i = 0; i < n; ++i, rows += stride) {
    Floats squares = fill(0.0F);
    for (std::int64_t j = 0; j < width; j += kLanes) {
      const Floats value = load(rows + j);
      squares = multiply_add(value, value, squares);
    }
    const float length = std::sqrt(sum_of(squares));
    const Floats divisor = fill(length > 1e-12F ? length : 1e-12F);
    for (std::int64_t j = 0; j < width; j += kLanes) store(rows + j, load(rows + j) / divisor);
  }
}

}  // namespace
}  // namespace colmodern::encoder
