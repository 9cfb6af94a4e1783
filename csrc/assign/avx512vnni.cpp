// Assignment with AVX-512 VNNI: eight rows against two strips of sixteen centroids, all sums in registers.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "vnni.h"

#define COLMODERN_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "assign/select.h"

namespace colmodern {
namespace {

constexpr int kRows = 8;
constexpr std::int64_t kLine = 64;

template <int Strips>
COLMODERN_INLINE void multiply(const PackedRows& packed, std::int64_t strip, const std::uint8_t* const (&rows)[kRows],
                               __m512i (&sums)[kRows][Strips]) {
  const std::int64_t stride = packed.dim * kLanes;
  const std::int8_t* values = packed.values + strip * stride;
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) sums[t][s] = _mm512_loadu_si512(packed.starts + (strip + s) * kLanes);
  }
  for (std::int64_t d = 0; d < packed.dim; d += 4, values += kLine) {
    __m512i lanes[Strips];
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) lanes[s] = _mm512_loadu_si512(values + s * stride);
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      std::int32_t four;
      std::memcpy(&four, rows[t] + d, sizeof four);
      const __m512i row = _mm512_set1_epi32(four);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) sums[t][s] = add_products(sums[t][s], row, lanes[s]);
    }
  }
}

template <int Strips>
COLMODERN_INLINE void store_scores(const PackedRows& packed, std::int64_t strip,
                                   const std::uint8_t* const (&rows)[kRows], std::int64_t count, std::int32_t* scores) {
  __m512i sums[kRows][Strips];
  multiply<Strips>(packed, strip, rows, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    if (t >= count) break;
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
      _mm512_storeu_si512(scores + (t * packed.strips + strip + s) * kLanes, sums[t][s]);
    }
  }
}

template <int Strips>
COLMODERN_INLINE void raise(const PackedRows& packed, std::int64_t strip, const std::uint8_t* const (&rows)[kRows],
                            const std::int64_t (&at)[kRows], std::int32_t* best, std::int32_t* strips) {
  __m512i sums[kRows][Strips];
  multiply<Strips>(packed, strip, rows, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    __m512i greatest = _mm512_loadu_si512(best + at[t]);
    __m512i numbers = _mm512_loadu_si512(strips + at[t]);
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
      const __mmask16 better = _mm512_cmpgt_epi32_mask(sums[t][s], greatest);
      greatest = _mm512_mask_mov_epi32(greatest, better, sums[t][s]);
      numbers = _mm512_mask_set1_epi32(numbers, better, static_cast<int>(strip) + s);
    }
    _mm512_storeu_si512(best + at[t], greatest);
    _mm512_storeu_si512(strips + at[t], numbers);
  }
}

struct Zmm {
  COLMODERN_INLINE static std::uint32_t above(const std::int32_t* scores, std::int32_t bound) noexcept {
    return _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(scores), _mm512_set1_epi32(bound));
  }
  COLMODERN_TARGET static std::int64_t keep(std::int32_t* scores, std::int64_t n, std::int32_t bound,
                                            std::int32_t* kept) noexcept {
    const __m512i bounds = _mm512_set1_epi32(bound);
    __m512i places = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < n; i += kLanes) {
      const __m512i values = _mm512_loadu_si512(scores + i);
      const __mmask16 above = _mm512_cmpgt_epi32_mask(values, bounds);
      // Whole registers are stored, never beyond what has been read.
      _mm512_storeu_si512(scores + count, _mm512_maskz_compress_epi32(above, values));
      _mm512_storeu_si512(kept + count, _mm512_maskz_compress_epi32(above, places));
      count += __builtin_popcount(above);
      places = _mm512_add_epi32(places, _mm512_set1_epi32(static_cast<int>(kLanes)));
    }
    return count;
  }
};

}  // namespace

COLMODERN_TARGET void row_scores_avx512vnni(const PackedRows& packed, const std::uint8_t* rows, std::int64_t begin,
                                            std::int64_t end, std::int32_t* scores) noexcept {
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * packed.strips * kLanes) {
    const std::uint8_t* tile[kRows];
    for (int t = 0; t < kRows; ++t) tile[t] = rows + std::min(row + t, end - 1) * packed.dim;
    std::int64_t strip = 0;
    for (; strip + 2 <= packed.strips; strip += 2) store_scores<2>(packed, strip, tile, end - row, scores);
    if (strip < packed.strips) store_scores<1>(packed, strip, tile, end - row, scores);
  }
}

// Past the last row a tile repeats it, which a maximum does not mind.
COLMODERN_TARGET void raise_nearest_avx512vnni(const PackedRows& packed, std::int64_t first, std::int64_t last,
                                               const std::uint8_t* rows, const std::int32_t* listed, std::int64_t n,
                                               std::int32_t* best, std::int32_t* strips) noexcept {
  for (std::int64_t i = 0; i < n; i += kRows) {
    const std::uint8_t* tile[kRows];
    std::int64_t at[kRows];
    for (int t = 0; t < kRows; ++t) {
      const std::int64_t row = listed[std::min(i + t, n - 1)];
      tile[t] = rows + row * packed.dim;
      at[t] = row * kLanes;
    }
    std::int64_t strip = first;
    for (; strip + 2 <= last; strip += 2) raise<2>(packed, strip, tile, at, best, strips);
    if (strip < last) raise<1>(packed, strip, tile, at, best, strips);
  }
}

COLMODERN_TARGET void greatest_avx512vnni(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places,
                                          std::int32_t* scratch) noexcept {
  select_greatest<Zmm>(scores, n, k, places, scratch);
}

}  // namespace colmodern

#endif
