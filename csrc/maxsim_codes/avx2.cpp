// MaxSim over codes with AVX2: four tokens against one strip of sixteen query tokens.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "runs.h"

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kTokens = 4;
constexpr int kHalves = 2;  // registers of eight lanes in a strip
constexpr std::int64_t kWidth = kLanes / kHalves;
constexpr std::int64_t kLine = 32;
// Planes of a tile, each rounded up to a line, and a group that reads past a row's last byte.
constexpr std::int64_t kTileBytes = kTokens * kMaxDim + 8 * kLine + kLine;

// Four tokens, ready to be multiplied: levels as [plane][token][row_bytes].
struct Tile {
  alignas(kLine) std::uint8_t levels[kTileBytes];
  std::int64_t plane_size;
  const std::int16_t* rows[kTokens];  // their centroids' scores
  alignas(16) float gains[kTokens];
  alignas(16) float norms[kTokens];
};

// The tokens' bytes are copied first, so that whole registers can be read past the last of them. Past the last
// token the tile repeats it: a maximum does not mind.
COLMODERN_INLINE void copy_tokens(const CentroidRows& table, const CodeColumns& codes, std::int64_t first,
                                  std::int64_t end, std::uint8_t* residuals, Tile& tile) {
  alignas(8) std::uint16_t gains[8] = {};
  alignas(8) std::uint16_t norms[8] = {};
  for (int t = 0; t < kTokens; ++t) {
    const std::int64_t from = std::min(first + t, end - 1);
    tile.rows[t] = table.row(codes.ids[from]);
    gains[t] = codes.gains[from];
    norms[t] = codes.norms[from];
    std::memcpy(residuals + t * codes.row_bytes, codes.residuals + from * codes.row_bytes,
                static_cast<std::size_t>(codes.row_bytes));
  }
  _mm_store_ps(tile.gains, _mm_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(gains))));
  _mm_store_ps(tile.norms, _mm_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(norms))));
}

// The bits of the next dimensions come down from the next byte of the run; zeros follow its last one.
template <int RunBytes>
COLMODERN_INLINE __m256i shift_runs(__m256i bytes, int bits) {
  if constexpr (RunBytes == 2) return _mm256_srli_epi16(bytes, bits);
  if constexpr (RunBytes == 4) return _mm256_srli_epi32(bytes, bits);
  return _mm256_srli_epi64(bytes, bits);
}

template <int Bits, int RunBytes>
COLMODERN_INLINE void unpack(const std::uint8_t* residuals, __m256i table, std::int64_t n, Tile& tile) {
  const __m256i mask = _mm256_set1_epi8(kLevels - 1);
  tile.plane_size = round_up(n, kLine);
  for (std::int64_t i = 0; i < n; i += kLine) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(residuals + i));
#pragma GCC unroll 8
    for (int plane = 0; plane < 8 / Bits; ++plane) {
      const __m256i codes = _mm256_and_si256(shift_runs<RunBytes>(bytes, plane * Bits), mask);
      auto* levels = reinterpret_cast<__m256i*>(tile.levels + plane * tile.plane_size + i);
      _mm256_store_si256(levels, _mm256_shuffle_epi8(table, codes));
    }
  }
}

COLMODERN_INLINE void multiply(const PackedQuery& query, std::int64_t strip, const Tile& tile, std::int64_t row_bytes,
                               int planes, __m256i (&sums)[kTokens][kHalves]) {
  const std::int8_t* values = query.packed + strip * query.groups_a_plane * planes * kLanes * 4;
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 4
  for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) {
      const std::int32_t* start = query.start + strip * kLanes + h * kWidth;
      sums[t][h] = _mm256_load_si256(reinterpret_cast<const __m256i*>(start));
    }
  }
  for (int plane = 0; plane < planes; ++plane) {
    const std::uint8_t* levels = tile.levels + plane * tile.plane_size;
    for (std::int64_t group = 0; group < query.groups_a_plane; ++group, levels += 4, values += kLanes * 4) {
      const __m256i low = _mm256_load_si256(reinterpret_cast<const __m256i*>(values));
      const __m256i high = _mm256_load_si256(reinterpret_cast<const __m256i*>(values + kLanes * 2));
#pragma GCC unroll 4
      for (int t = 0; t < kTokens; ++t) {
        std::int32_t four;
        std::memcpy(&four, levels + t * row_bytes, sizeof four);
        const __m256i token = _mm256_set1_epi32(four);
        // Pairs of products fit in 16 bits (levels.h), so nothing saturates.
        const __m256i low_pairs = _mm256_maddubs_epi16(token, low);
        const __m256i high_pairs = _mm256_maddubs_epi16(token, high);
        sums[t][0] = _mm256_add_epi32(sums[t][0], _mm256_madd_epi16(low_pairs, ones));
        sums[t][1] = _mm256_add_epi32(sums[t][1], _mm256_madd_epi16(high_pairs, ones));
      }
    }
  }
}

COLMODERN_INLINE void raise_maxima(const PackedQuery& query, const float* steps, const std::int16_t* context,
                                   std::int64_t strip, const Tile& tile, std::int64_t row_bytes, int planes,
                                   float* best) {
  __m256i sums[kTokens][kHalves];
  multiply(query, strip, tile, row_bytes, planes, sums);
#pragma GCC unroll 2
  for (int h = 0; h < kHalves; ++h) {
    const std::int64_t first = strip * kLanes + h * kWidth;
    const __m256 step = _mm256_loadu_ps(steps + first);
    const __m256 scales = _mm256_load_ps(query.scales + first);
    const __m128i shift = _mm_load_si128(reinterpret_cast<const __m128i*>(context + first));
    __m256 greatest = _mm256_load_ps(best + first);
#pragma GCC unroll 4
    for (int t = 0; t < kTokens; ++t) {
      const __m256 product = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[t][h]), scales);
      const __m128i row = _mm_adds_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(tile.rows[t] + first)), shift);
      const __m256 centroid = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(row)), step);
      const __m256 sum = _mm256_fmadd_ps(product, _mm256_set1_ps(tile.gains[t]), centroid);
      greatest = _mm256_max_ps(_mm256_mul_ps(sum, _mm256_set1_ps(tile.norms[t])), greatest);
    }
    _mm256_store_ps(best + first, greatest);
  }
}

template <int Bits, int RunBytes>
COLMODERN_TARGET void maxima(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                             const CodeColumns& codes, std::int64_t begin, std::int64_t end, float* best) noexcept {
  const __m256i levels = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(codes.levels)));
  std::uint8_t residuals[kTokens * kMaxDim / 2 + kLine] = {};
  Tile tile;
  for (std::int64_t token = begin; token < end; token += kTokens) {
    copy_tokens(table, codes, token, end, residuals, tile);
    unpack<Bits, RunBytes>(residuals, levels, kTokens * codes.row_bytes, tile);
    for (std::int64_t strip = 0; strip * kLanes < query.count; ++strip) {
      raise_maxima(query, table.steps, context, strip, tile, codes.row_bytes, 8 / Bits, best);
    }
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

COLMODERN_TARGET void code_maxima_avx2(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                                       const CodeColumns& codes, std::int64_t begin, std::int64_t end,
                                       float* best) noexcept {
  switch (codes.bits) {
    case 1: return maxima_by_run<1>(query, table, context, codes, begin, end, best);
    case 2: return maxima_by_run<2>(query, table, context, codes, begin, end, best);
    default: return maxima<4, kMaxRunBytes>(query, table, context, codes, begin, end, best);
  }
}

}  // namespace colmodern

#endif
