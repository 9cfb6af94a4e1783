// Rows of floats to units of bytes: one text, compiled for each instruction set by the file that includes it.

namespace colmodern::encoder {
namespace {

// Units of bytes: each row in steps of a 127th of its greatest value, plus 128.
COLMODERN_TARGET void convert_to_bytes(const float* rows, std::int64_t stride, std::int64_t n, std::int64_t width,
                                       const Operand& out) noexcept {
  for (std::int64_t i = 0; i < n; ++i, rows += stride) {
    const std::int64_t whole = width / (4 * kLanes) * (4 * kLanes);
    Floats greatest[4] = {fill(0.0F), fill(0.0F), fill(0.0F), fill(0.0F)};
    for (std::int64_t j = 0; j < whole; j += 4 * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) greatest[v] = maximum(greatest[v], absolute(load(rows + j + v * kLanes)));
    }
    for (std::int64_t j = whole; j < width; j += kLanes) greatest[0] = maximum(greatest[0], absolute(load(rows + j)));
    const float peak = greatest_of(maximum(maximum(greatest[0], greatest[1]), maximum(greatest[2], greatest[3])));
    const Floats steps = fill(peak > 0.0F ? 127.0F / peak : 0.0F);
    auto* bytes = reinterpret_cast<std::uint8_t*>(out.units + i * out.stride);
    for (std::int64_t j = 0; j < whole; j += 4 * kLanes) {
      store_bytes(bytes + j, load(rows + j) * steps, load(rows + j + kLanes) * steps,
                  load(rows + j + 2 * kLanes) * steps, load(rows + j + 3 * kLanes) * steps);
    }
    for (std::int64_t j = whole; j < width; j += kLanes) store_bytes(bytes + j, load(rows + j) * steps);
    out.scales[i] = peak / 127.0F;
  }
}

}  // namespace
}  // namespace colmodern::encoder
