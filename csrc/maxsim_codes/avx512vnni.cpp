// MaxSim over codes with AVX-512 VNNI: eight tokens against two strips of sixteen query tokens.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "runs.h"

#include "vnni.h"

#define COLMODERN_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "maxsim_codes/unpack.h"

namespace colmodern {
namespace {

constexpr int kTokens = 8;
constexpr std::int64_t kLine = 64;
// Planes of a tile, each rounded up to a line, and a group that reads past a row's last byte.
constexpr std::int64_t kTileBytes = kTokens * kMaxDim + 8 * kLine + kLine;

// Eight tokens, ready to be multiplied: levels as [plane][token][row_bytes].
struct Tile {
  alignas(kLine) std::uint8_t levels[kTileBytes];
  std::int64_t plane_size;
  const std::int16_t* rows[kTokens];  // their centroids' scores
  alignas(32) float gains[kTokens];
  alignas(32) float norms[kTokens];
};

template <int Bits, int RunBytes>
COLMODERN_INLINE void unpack(const std::uint8_t* residuals, __m512i table, std::int64_t n, Tile& tile) {
  tile.plane_size = round_up(n, kLine);
  for (std::int64_t i = 0; i < n; i += kLine) {
    const __m512i bytes = load_codes(residuals + i, n - i);
#pragma GCC unroll 8
    for (int plane = 0; plane < 8 / Bits; ++plane) {
      _mm512_store_si512(tile.levels + plane * tile.plane_size + i, levels_of<Bits, RunBytes>(bytes, plane, table));
    }
  }
}

// Past the last token the tile repeats it: a maximum does not mind.
template <int Bits, int RunBytes>
COLMODERN_INLINE void load_tile(const CentroidRows& table, const CodeColumns& codes, std::int64_t first,
                                std::int64_t end, __m512i levels, Tile& tile) {
  const std::int64_t n = kTokens * codes.row_bytes;
  if (end - first >= kTokens) {
    for (int t = 0; t < kTokens; ++t) tile.rows[t] = table.row(codes.ids[first + t]);
    const auto* gains = reinterpret_cast<const __m128i*>(codes.gains + first);
    const auto* norms = reinterpret_cast<const __m128i*>(codes.norms + first);
    _mm256_store_ps(tile.gains, _mm256_cvtph_ps(_mm_loadu_si128(gains)));
    _mm256_store_ps(tile.norms, _mm256_cvtph_ps(_mm_loadu_si128(norms)));
    unpack<Bits, RunBytes>(codes.residuals + first * codes.row_bytes, levels, n, tile);
    return;
  }
  alignas(16) std::uint16_t gains[kTokens];
  alignas(16) std::uint16_t norms[kTokens];
  std::uint8_t residuals[kTokens * kMaxDim / 2];
  for (int t = 0; t < kTokens; ++t) {
    const std::int64_t from = std::min(first + t, end - 1);
    tile.rows[t] = table.row(codes.ids[from]);
    gains[t] = codes.gains[from];
    norms[t] = codes.norms[from];
    std::memcpy(residuals + t * codes.row_bytes, codes.residuals + from * codes.row_bytes,
                static_cast<std::size_t>(codes.row_bytes));
  }
  _mm256_store_ps(tile.gains, _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(gains))));
  _mm256_store_ps(tile.norms, _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(norms))));
  unpack<Bits, RunBytes>(residuals, levels, n, tile);
}

template <int Strips>
COLMODERN_INLINE void multiply(const PackedQuery& query, std::int64_t strip, const Tile& tile, std::int64_t row_bytes,
                               int planes, __m512i (&sums)[kTokens][Strips]) {
  const std::int64_t stride = query.groups_a_plane * planes * kLine;
  const std::int8_t* values = query.packed + strip * stride;
#pragma GCC unroll 8
  for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) sums[t][s] = _mm512_load_si512(query.start + (strip + s) * kLanes);
  }
  for (int plane = 0; plane < planes; ++plane) {
    const std::uint8_t* levels = tile.levels + plane * tile.plane_size;
    for (std::int64_t group = 0; group < query.groups_a_plane; ++group, levels += 4, values += kLine) {
      __m512i lanes[Strips];
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) lanes[s] = _mm512_load_si512(values + s * stride);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        std::int32_t four;
        std::memcpy(&four, levels + t * row_bytes, sizeof four);
        const __m512i token = _mm512_set1_epi32(four);
#pragma GCC unroll 2
        for (int s = 0; s < Strips; ++s) sums[t][s] = add_products(sums[t][s], token, lanes[s]);
      }
    }
  }
}

template <int Strips>
COLMODERN_INLINE void raise_maxima(const PackedQuery& query, const float* steps, const std::int16_t* context,
                                   std::int64_t strip, const Tile& tile, std::int64_t row_bytes, int planes,
                                   float* best) {
  __m512i sums[kTokens][Strips];
  multiply<Strips>(query, strip, tile, row_bytes, planes, sums);
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) {
    const std::int64_t first = (strip + s) * kLanes;
    const __m512 scales = _mm512_load_ps(query.scales + first);
    const __m512 step = _mm512_loadu_ps(steps + first);
    const __m256i shift = _mm256_load_si256(reinterpret_cast<const __m256i*>(context + first));
    __m512 greatest = _mm512_load_ps(best + first);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[t][s]), scales);
      const __m256i row =
          _mm256_adds_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(tile.rows[t] + first)), shift);
      const __m512 centroid = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(row)), step);
      const __m512 sum = _mm512_fmadd_ps(product, _mm512_set1_ps(tile.gains[t]), centroid);
      greatest = _mm512_max_ps(_mm512_mul_ps(sum, _mm512_set1_ps(tile.norms[t])), greatest);
    }
    _mm512_store_ps(best + first, greatest);
  }
}

template <int Bits, int RunBytes>
COLMODERN_TARGET void maxima(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                             const CodeColumns& codes, std::int64_t begin, std::int64_t end, float* best) noexcept {
  const __m512i levels = _mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(codes.levels)));
  const std::int64_t strips = round_up(query.count, kLanes) / kLanes;
  Tile tile;
  for (std::int64_t token = begin; token < end; token += kTokens) {
    load_tile<Bits, RunBytes>(table, codes, token, end, levels, tile);
    std::int64_t strip = 0;
    for (; strip + 2 <= strips; strip += 2) {
      raise_maxima<2>(query, table.steps, context, strip, tile, codes.row_bytes, 8 / Bits, best);
    }
    if (strip < strips) raise_maxima<1>(query, table.steps, context, strip, tile, codes.row_bytes, 8 / Bits, best);
  }
}

template <int Bits>
COLMODERN_TARGET void maxima_by_run(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                                    const CodeColumns& codes, std::int64_t begin, std::int64_t end,
                                    float* best) noexcept {
  switch (run_bytes_of(codes.row_bytes)) {
    case 2: return maxima<Bits, 2>(query, table, context, codes, begin, end, best);
    case 4: return maxima<Bits, 4>(query, table, context, codes, begin, end, best);
    default: return maxima<Bits, 8>(query, table, context, codes, begin, end, best);
  }
}

}  // namespace

COLMODERN_TARGET void code_maxima_avx512vnni(const PackedQuery& query, const CentroidRows& table,
                                             const std::int16_t* context, const CodeColumns& codes, std::int64_t begin,
                                             std::int64_t end, float* best) noexcept {
  switch (codes.bits) {
    case 1: return maxima_by_run<1>(query, table, context, codes, begin, end, best);
    case 2: return maxima_by_run<2>(query, table, context, codes, begin, end, best);
    default: return maxima<4, kMaxRunBytes>(query, table, context, codes, begin, end, best);
  }
}

}  // namespace colmodern

#endif
