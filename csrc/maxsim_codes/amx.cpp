// MaxSim over codes with AMX: sixteen tokens against two strips of sixteen query tokens.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "runs.h"
#include "tiles.h"

#define COLMODERN_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c,amx-tile,amx-int8,amx-bf16")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "maxsim_codes/unpack.h"

namespace colmodern {
namespace {

constexpr std::int64_t kLine = 64;

// Sixteen tokens, ready to be multiplied: levels as [token][plane][row_bytes], as a packed query has its groups.
struct TokenTile {
  alignas(kLine) std::uint8_t levels[kTileRows * kMaxDim + kLine];
  const std::int16_t* rows[kTileRows];  // their centroids' scores
  alignas(kLine) float gains[kTileRows];
  alignas(kLine) float norms[kTileRows];
};

// Products of a tile of tokens that have not raised the maxima yet.
struct Products {
  alignas(kLine) std::int32_t sums[kTileRows * 2 * kLanes];
  const TokenTile* tile = nullptr;
  std::int64_t strip = 0;
  int strips = 0;
};

// Rows of 16 and 32 bytes have registers of their own.
template <int Bits>
COLMODERN_INLINE void unpack_16(const std::uint8_t* residuals, __m128i table, std::uint8_t* levels) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(residuals));
  const __m128i mask = _mm_set1_epi8(kLevels - 1);
#pragma GCC unroll 8
  for (int plane = 0; plane < 8 / Bits; ++plane) {
    const __m128i codes = _mm_and_si128(_mm_srli_epi64(bytes, plane * Bits), mask);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(levels + 16 * plane), _mm_shuffle_epi8(table, codes));
  }
}

template <int Bits>
COLMODERN_INLINE void unpack_32(const std::uint8_t* residuals, __m256i table, std::uint8_t* levels) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(residuals));
  const __m256i mask = _mm256_set1_epi8(kLevels - 1);
#pragma GCC unroll 8
  for (int plane = 0; plane < 8 / Bits; ++plane) {
    const __m256i codes = _mm256_and_si256(_mm256_srli_epi64(bytes, plane * Bits), mask);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(levels + 32 * plane), _mm256_shuffle_epi8(table, codes));
  }
}

// The levels of a token, plane by plane. RowBytes: 16, 32, 64, or 0 for any.
template <int Bits, int RowBytes>
COLMODERN_INLINE void unpack(const std::uint8_t* residuals, std::int64_t row_bytes, __m512i table,
                             std::uint8_t* levels) {
  if constexpr (RowBytes == 16) {
    unpack_16<Bits>(residuals, _mm512_castsi512_si128(table), levels);
  } else if constexpr (RowBytes == 32) {
    unpack_32<Bits>(residuals, _mm512_castsi512_si256(table), levels);
  } else if constexpr (RowBytes == 64) {
    const __m512i bytes = _mm512_loadu_si512(residuals);
#pragma GCC unroll 8
    for (int plane = 0; plane < 8 / Bits; ++plane) {
      _mm512_storeu_si512(levels + 64 * plane, levels_of<Bits, kMaxRunBytes>(bytes, plane, table));
    }
  } else {
    // Each store runs into what the next one writes.
    for (int plane = 0; plane < 8 / Bits; ++plane, levels += row_bytes) {
      for (std::int64_t i = 0; i < row_bytes; i += kLine) {
        const __m512i bytes = load_codes(residuals + i, row_bytes - i);
        _mm512_storeu_si512(levels + i, levels_of<Bits, kMaxRunBytes>(bytes, plane, table));
      }
    }
  }
}

// Past the last token the tile repeats it: a maximum does not mind.
template <int Bits, int RowBytes>
COLMODERN_INLINE void load_tokens(const CentroidRows& table, const CodeColumns& codes, std::int64_t first,
                                  std::int64_t end, __m512i levels, TokenTile& tile) {
  const std::int64_t row_bytes = RowBytes > 0 ? RowBytes : codes.row_bytes;
  const std::int64_t dim = row_bytes * (8 / Bits);
  const std::int64_t n = std::min<std::int64_t>(kTileRows, end - first);
  const std::uint8_t* residuals = codes.residuals + first * row_bytes;
  for (std::int64_t t = 0; t < n; ++t) {
    tile.rows[t] = table.row(codes.ids[first + t]);
    unpack<Bits, RowBytes>(residuals + t * row_bytes, row_bytes, levels, tile.levels + t * dim);
  }
  const __mmask16 lanes = static_cast<__mmask16>((1U << n) - 1U);
  _mm512_store_ps(tile.gains, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, codes.gains + first)));
  _mm512_store_ps(tile.norms, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, codes.norms + first)));
  for (std::int64_t t = n; t < kTileRows; ++t) {
    tile.rows[t] = tile.rows[n - 1];
    tile.gains[t] = tile.gains[n - 1];
    tile.norms[t] = tile.norms[n - 1];
    std::memcpy(tile.levels + t * dim, tile.levels + (n - 1) * dim, static_cast<std::size_t>(dim));
  }
}

template <int Strips>
COLMODERN_INLINE void multiply(const PackedQuery& query, std::int64_t strip, const TokenTile& tile,
                               Products& products) {
  const std::int64_t stride = query.dim * kLanes;  // bytes of a strip
  const std::int8_t* values = query.packed + strip * stride;
  load_tile<0>(query.start + strip * kLanes, 0);
  if constexpr (Strips == 2) load_tile<1>(query.start + (strip + 1) * kLanes, 0);
  for (std::int64_t d = 0; d < query.dim; d += kLine, values += kLine * kLanes) {
    load_tile<4>(tile.levels + d, query.dim / 4);
    load_tile<5>(values, kLanes);
    add_byte_products<0, 4, 5>();
    if constexpr (Strips == 2) {
      load_tile<6>(values + stride, kLanes);
      add_byte_products<1, 4, 6>();
    }
  }
  store_tile<0>(products.sums, 2 * kLanes);
  if constexpr (Strips == 2) store_tile<1>(products.sums + kLanes, 2 * kLanes);
  products.tile = &tile;
  products.strip = strip;
  products.strips = Strips;
}

template <int Strips>
COLMODERN_INLINE void raise_strips(const PackedQuery& query, const float* steps, const std::int16_t* context,
                                   const Products& products, float* best) {
  const TokenTile& tile = *products.tile;
  __m512 scales[Strips];
  __m512 step[Strips];
  __m256i shift[Strips];
  __m512 greatest[Strips];
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) {
    const std::int64_t first = (products.strip + s) * kLanes;
    scales[s] = _mm512_load_ps(query.scales + first);
    step[s] = _mm512_loadu_ps(steps + first);
    shift[s] = _mm256_load_si256(reinterpret_cast<const __m256i*>(context + first));
    greatest[s] = _mm512_load_ps(best + first);
  }
  for (std::int64_t t = 0; t < kTileRows; ++t) {
    const __m512 gain = _mm512_set1_ps(tile.gains[t]);
    const __m512 norm = _mm512_set1_ps(tile.norms[t]);
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
      const std::int64_t first = (products.strip + s) * kLanes;
      const __m512i sums = _mm512_load_si512(products.sums + (2 * t + s) * kLanes);
      const __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scales[s]);
      const __m256i row =
          _mm256_adds_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(tile.rows[t] + first)), shift[s]);
      const __m512 centroid = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(row)), step[s]);
      const __m512 sum = _mm512_fmadd_ps(product, gain, centroid);
      greatest[s] = _mm512_max_ps(_mm512_mul_ps(sum, norm), greatest[s]);
    }
  }
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) _mm512_store_ps(best + (products.strip + s) * kLanes, greatest[s]);
}

COLMODERN_INLINE void raise_maxima(const PackedQuery& query, const float* steps, const std::int16_t* context,
                                   const Products& products, float* best) {
  if (products.strips == 2) raise_strips<2>(query, steps, context, products, best);
  if (products.strips == 1) raise_strips<1>(query, steps, context, products, best);
}

// Maxima are raised by products while the next ones are made.
template <int Bits, int RowBytes>
COLMODERN_TARGET void maxima(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                             const CodeColumns& codes, std::int64_t begin, std::int64_t end, float* best) noexcept {
  const __m512i levels = level_table(codes.levels);
  const std::int64_t strips = round_up(query.count, kLanes) / kLanes;
  const TileScope scope;
  TokenTile tiles[2];
  Products products[2];
  TokenTile* tile = &tiles[0];
  TokenTile* next_tile = &tiles[1];
  Products* now = &products[0];
  Products* last = &products[1];
  load_tokens<Bits, RowBytes>(table, codes, begin, end, levels, *tile);
  for (std::int64_t token = begin; token < end; token += kTileRows) {
    for (std::int64_t strip = 0; strip < strips; strip += 2) {
      if (strip + 2 <= strips) {
        multiply<2>(query, strip, *tile, *now);
      } else {
        multiply<1>(query, strip, *tile, *now);
      }
      raise_maxima(query, table.steps, context, *last, best);
      std::swap(now, last);
    }
    if (token + kTileRows < end) {
      load_tokens<Bits, RowBytes>(table, codes, token + kTileRows, end, levels, *next_tile);
      std::swap(tile, next_tile);
    }
  }
  raise_maxima(query, table.steps, context, *last, best);
}

}  // namespace

COLMODERN_TARGET void code_maxima_amx(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                                      const CodeColumns& codes, std::int64_t begin, std::int64_t end,
                                      float* best) noexcept {
  if (query.dim % kLine != 0 || begin == end) {
    return code_maxima_avx512vnni(query, table, context, codes, begin, end, best);
  }
  // Rows of whole lines of dimensions are whole runs of eight bytes.
#define COLMODERN_MAXIMA(bits, row_bytes) maxima<bits, row_bytes>(query, table, context, codes, begin, end, best)
  switch (codes.bits) {
    case 1: return query.dim == 128 ? COLMODERN_MAXIMA(1, 16) : COLMODERN_MAXIMA(1, 0);
    case 2: return query.dim == 128 ? COLMODERN_MAXIMA(2, 32) : COLMODERN_MAXIMA(2, 0);
    default: return query.dim == 128 ? COLMODERN_MAXIMA(4, 64) : COLMODERN_MAXIMA(4, 0);
  }
#undef COLMODERN_MAXIMA
}

}  // namespace colmodern

#endif
