// Centroids with AVX-512 VNNI: eight centroids against two strips of sixteen query tokens.
#include "centroids/weight.h"
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "vnni.h"

#define COLMODERN_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kTile = 8;
constexpr int kSmallTile = 2;
constexpr std::int64_t kLine = 64;
constexpr int kStrips = 2;
// How many ids ahead a row is fetched.
constexpr std::int64_t kAhead = 12;

// Copies rows of centroids, as many as a tile has, as unsigned bytes. Past the last row the tile repeats it.
template <int Rows>
COLMODERN_INLINE void load_tile(const std::int8_t* centroids, std::int64_t dim, std::int64_t first, std::int64_t end,
                                std::uint8_t* tile) {
  const __m512i offset = _mm512_set1_epi8(static_cast<char>(0x80));
  for (int t = 0; t < Rows; ++t) {
    const std::int8_t* row = centroids + std::min(first + t, end - 1) * dim;
    for (std::int64_t d = 0; d < dim; d += kLine) {
      const std::int64_t left = dim - d;
      const __mmask64 lanes = left >= kLine ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
      const __m512i bytes = _mm512_maskz_loadu_epi8(lanes, row + d);
      _mm512_mask_storeu_epi8(tile + t * dim + d, lanes, _mm512_xor_si512(bytes, offset));
    }
  }
}

template <int Rows, int Strips>
COLMODERN_INLINE void multiply(const PackedQuery& query, std::int64_t strip, const std::uint8_t* tile,
                               __m512i (&sums)[Rows][Strips]) {
  const std::int64_t stride = query.groups_a_plane * kLine;
  const std::int8_t* values = query.packed + strip * stride;
#pragma GCC unroll 8
  for (int t = 0; t < Rows; ++t) {
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) sums[t][s] = _mm512_load_si512(query.start + (strip + s) * kLanes);
  }
  for (std::int64_t group = 0; group < query.groups_a_plane; ++group, tile += 4, values += kLine) {
    __m512i lanes[Strips];
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) lanes[s] = _mm512_load_si512(values + s * stride);
#pragma GCC unroll 8
    for (int t = 0; t < Rows; ++t) {
      std::int32_t four;
      std::memcpy(&four, tile + t * query.dim, sizeof four);
      const __m512i centroid = _mm512_set1_epi32(four);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) sums[t][s] = add_products(sums[t][s], centroid, lanes[s]);
    }
  }
}

template <int Rows, int Strips>
COLMODERN_INLINE void fill_rows(const PackedQuery& query, std::int64_t strip, const std::uint8_t* tile,
                                const float* steps, std::int64_t n, std::int16_t* rows, std::int64_t stride) {
  __m512i sums[Rows][Strips];
  multiply<Rows, Strips>(query, strip, tile, sums);
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) {
    const std::int64_t first = (strip + s) * kLanes;
    const std::int64_t width = std::min(kLanes, query.count - first);
    const auto lanes = static_cast<__mmask16>((1U << width) - 1);
    const __m512 scales = _mm512_load_ps(query.scales + first);
    const __m256i lowest = _mm256_set1_epi16(std::numeric_limits<std::int16_t>::min());
#pragma GCC unroll 8
    for (int t = 0; t < Rows; ++t) {
      if (t >= n) break;
      const __m512 scaled =
          _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[t][s]), scales), _mm512_set1_ps(steps[t]));
      // What lies above 16 bits is cut off while it is a float; what lies below, or is NaN, is by the conversions.
      const __m512 cut = _mm512_min_ps(_mm512_set1_ps(32767.0F), scaled);
      const __m256i rounded = _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(cut));
      const __m256i row = _mm256_mask_blend_epi16(lanes, lowest, rounded);
      _mm256_store_si256(reinterpret_cast<__m256i*>(rows + t * stride + first), row);
    }
  }
}

// Rows first .. first + n - 1, at most a tile.
template <int Rows>
COLMODERN_INLINE void fill_tile(const PackedQuery& query, const std::int8_t* centroids, const float* steps,
                                std::int64_t first, std::int64_t n, std::int16_t* rows, std::int64_t stride) {
  alignas(kLine) std::uint8_t tile[Rows * kMaxDim];
  const std::int64_t strips = round_up(query.count, kLanes) / kLanes;
  const __m256i lowest = _mm256_set1_epi16(std::numeric_limits<std::int16_t>::min());
  load_tile<Rows>(centroids, query.dim, first, first + n, tile);
  steps += first;
  rows += first * stride;
  std::int64_t strip = 0;
  for (; strip + kStrips <= strips; strip += kStrips) {
    fill_rows<Rows, kStrips>(query, strip, tile, steps, n, rows, stride);
  }
  if (strip == strips) return;
  fill_rows<Rows, 1>(query, strip, tile, steps, n, rows, stride);
  for (std::int64_t t = 0; t < n; ++t) {  // the strip that pads the row
    _mm256_store_si256(reinterpret_cast<__m256i*>(rows + t * stride + strips * kLanes), lowest);
  }
}

}  // namespace

// A few rows, as the contexts of a short document are, take a smaller tile.
COLMODERN_TARGET void centroid_products_avx512vnni(const PackedQuery& query, const std::int8_t* centroids,
                                                   const float* steps, std::int64_t begin, std::int64_t end,
                                                   std::int16_t* rows, std::int64_t stride) noexcept {
  for (std::int64_t i = begin; i < end; i += kTile) {
    const std::int64_t n = std::min<std::int64_t>(kTile, end - i);
    if (n > kSmallTile) {
      fill_tile<kTile>(query, centroids, steps, i, n, rows, stride);
    } else {
      fill_tile<kSmallTile>(query, centroids, steps, i, n, rows, stride);
    }
  }
}

COLMODERN_TARGET void centroid_sums_avx512vnni(const CentroidRows& table, const std::int16_t* context,
                                               const CentroidIds& ids, std::int64_t begin, std::int64_t end,
                                               float* sums) noexcept {
  const __m512i slope = _mm512_set1_epi16(kWeightSlope);
  const __m512i start = _mm512_set1_epi16(kWeightStart);
  for (std::int64_t lane = 0; lane < table.stride; lane += kRowLanes) {
    const __m512i shift = _mm512_load_si512(context + lane);
    __m512 low = _mm512_load_ps(sums + lane);
    __m512 high = _mm512_load_ps(sums + lane + kLanes);
    for (std::int64_t i = begin; i < end; ++i) {
      if (i + kAhead < end) {
        _mm_prefetch(reinterpret_cast<const char*>(table.row(ids[i + kAhead]) + lane), _MM_HINT_T0);
      }
      const __m512i row = _mm512_adds_epi16(_mm512_load_si512(table.row(ids[i]) + lane), shift);
      const __m512i halves = _mm512_add_epi16(_mm512_mulhi_epi16(row, slope), start);
      const __m512i low_bits = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(halves));
      const __m512i high_bits = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(halves, 1));
      low = _mm512_add_ps(low, _mm512_castsi512_ps(_mm512_slli_epi32(low_bits, 16)));
      high = _mm512_add_ps(high, _mm512_castsi512_ps(_mm512_slli_epi32(high_bits, 16)));
    }
    _mm512_store_ps(sums + lane, low);
    _mm512_store_ps(sums + lane + kLanes, high);
  }
}

}  // namespace colmodern

#endif
