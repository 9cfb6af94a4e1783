// Linear layers in bytes with AVX2: one file includes it, after lanes_avx2.h.
//
// Four products of a byte of a row and one of a column are added in a word of 16 bits, two neighbours of each of two
// units, and only then to a sum of 32 bits. Each two are a word as they are (`kPairSteps`). All four are one where the
// bytes of the row count from -128 (`kWordSteps`), which is where the word starts: on the way there it may wrap around.

namespace colmodern::encoder {
namespace {

constexpr int kWordRows = 4;  // of a tile; a chunk is a multiple of it

COLMODERN_INLINE __m256i four_products(__m256i start, __m256i row, __m256i column, __m256i next_of_row,
                                       __m256i next_of_column) {
  const __m256i first = _mm256_add_epi16(start, _mm256_maddubs_epi16(row, column));
  return _mm256_add_epi16(first, _mm256_maddubs_epi16(next_of_row, next_of_column));
}

template <int Rows>
COLMODERN_INLINE void multiply_word_tile(const PackedLinear& linear, std::int64_t panel, const std::uint32_t* rows,
                                         std::int64_t stride, const float* scales, float* out, std::int64_t out_stride,
                                         bool add) {
  const std::uint32_t* weights = linear.weights + panel * linear.units * kLanes;
  const std::uint32_t* starts = linear.starts + panel * (1 + linear.units / 2) * kLanes;
  const __m256i ones = _mm256_set1_epi16(1);
  Units sums[Rows];
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) sums[r] = load_units(starts);
  starts += kLanes;
  for (std::int64_t u = 0; u < linear.units; u += 2, weights += 2 * kLanes, starts += kLanes) {
    const Units column = load_units(weights);
    const Units next = load_units(weights + kLanes);
    const Units start = load_units(starts);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      const __m256i row = fill_units(rows[r * stride + u]).a;
      const __m256i next_of_row = fill_units(rows[r * stride + u + 1]).a;
      const __m256i a = four_products(start.a, row, column.a, next_of_row, next.a);
      const __m256i b = four_products(start.b, row, column.b, next_of_row, next.b);
      sums[r].a = _mm256_add_epi32(sums[r].a, _mm256_madd_epi16(a, ones));
      sums[r].b = _mm256_add_epi32(sums[r].b, _mm256_madd_epi16(b, ones));
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
    const Floats whole{_mm256_cvtepi32_ps(sums[r].a), _mm256_cvtepi32_ps(sums[r].b)};
    write_finished(linear, panel * kLanes, whole, scales, r, out + r * out_stride, add);
  }
}

COLMODERN_TARGET void multiply_in_words(const PackedLinear& linear, const Operand& operand, std::int64_t n,
                                        std::int64_t first_panel, std::int64_t last_panel, float* out,
                                        std::int64_t out_stride, bool add) noexcept {
  for (std::int64_t panel = first_panel; panel < last_panel; ++panel, out += kLanes) {
    std::int64_t i = 0;
#define COLMODERN_TILE(rows)                                                                                          \
  multiply_word_tile<rows>(linear, panel, operand.units + i * operand.stride, operand.stride, operand.scales + 2 * i, \
                           out + i * out_stride, out_stride, add)
    for (; i + kWordRows <= n; i += kWordRows) COLMODERN_TILE(kWordRows);
    switch (n - i) {
      case 3: COLMODERN_TILE(3); break;
      case 2: COLMODERN_TILE(2); break;
      case 1: COLMODERN_TILE(1); break;
      default: break;
    }
#undef COLMODERN_TILE
  }
}

}  // namespace
}  // namespace colmodern::encoder
