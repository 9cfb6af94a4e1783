// Rows of floats to units of bytes: one text, compiled for each instruction set by the file that includes it.

namespace colmodern::encoder {
namespace {

// Units of bytes: each row in 255ths of what lies between its least value and its greatest.
COLMODERN_TARGET void convert_to_bytes(const float* rows, std::int64_t stride, std::int64_t n, std::int64_t width,
                                       const Operand& out) noexcept {
  const std::int64_t whole = width / (4 * kLanes) * (4 * kLanes);
  for (std::int64_t i = 0; i < n; ++i, rows += stride) {
    Floats most[4] = {fill(0.0F), fill(0.0F), fill(0.0F), fill(0.0F)};
    Floats least[4] = {fill(0.0F), fill(0.0F), fill(0.0F), fill(0.0F)};
    for (std::int64_t j = 0; j < whole; j += 4 * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        const Floats values = load(rows + j + v * kLanes);
        most[v] = maximum(most[v], values);
        least[v] = minimum(least[v], values);
      }
    }
    for (std::int64_t j = whole; j < width; j += kLanes) {
      most[0] = maximum(most[0], load(rows + j));
      least[0] = minimum(least[0], load(rows + j));
    }
    const float high = greatest_of(maximum(maximum(most[0], most[1]), maximum(most[2], most[3])));
    const float low = -greatest_of(fill(0.0F) - minimum(minimum(least[0], least[1]), minimum(least[2], least[3])));
    const float steps = high > low ? 255.0F / (high - low) : 0.0F;
    const Floats share = fill(steps);
    const Floats zero = fill(-low * steps);
    auto* bytes = reinterpret_cast<std::uint8_t*>(out.units + i * out.stride);
    for (std::int64_t j = 0; j < whole; j += 4 * kLanes) {
      store_bytes(bytes + j, multiply_add(load(rows + j), share, zero),
                  multiply_add(load(rows + j + kLanes), share, zero),
                  multiply_add(load(rows + j + 2 * kLanes), share, zero),
                  multiply_add(load(rows + j + 3 * kLanes), share, zero));
    }
    for (std::int64_t j = whole; j < width; j += kLanes) {
      store_bytes(bytes + j, multiply_add(load(rows + j), share, zero));
    }
    out.scales[2 * i] = (high - low) / 255.0F;
    out.scales[2 * i + 1] = low;
  }
}

}  // namespace
}  // namespace colmodern::encoder
