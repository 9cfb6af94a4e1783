// The dense kernels with AVX-512: eight rows against two strips of sixteen, all sums in registers.
#include "kernels.h"

#if COLMODERN_X86

#include <immintrin.h>

#include <algorithm>
#include <limits>

#define COLMODERN_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

namespace colmodern {
namespace {

constexpr int kRows = 8;
constexpr std::int64_t kPanel = 128;

struct Tile {
  const float* rows[kRows];
  std::int64_t count;
};

// Past the last row the tile repeats it: a maximum does not mind, and scores are not stored.
COLMODERN_INLINE Tile tile_at(const float* rows, std::int64_t dim, std::int64_t row, std::int64_t end) {
  Tile tile;
  tile.count = std::min<std::int64_t>(kRows, end - row);
  for (int t = 0; t < kRows; ++t) tile.rows[t] = rows + std::min(row + t, end - 1) * dim;
  return tile;
}

template <int Strips>
COLMODERN_INLINE void multiply(const PackedVectors& packed, std::int64_t strip, const Tile& tile,
                               __m512 (&sums)[kRows][Strips]) {
  const float* values = packed.values + strip * packed.dim * kLanes;
  const std::int64_t stride = packed.dim * kLanes;
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) sums[t][s] = _mm512_loadu_ps(packed.start + (strip + s) * kLanes);
  }
  for (std::int64_t d = 0; d < packed.dim; ++d) {
    __m512 lanes[Strips];
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) lanes[s] = _mm512_loadu_ps(values + s * stride + d * kLanes);
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) {
      const __m512 value = _mm512_set1_ps(tile.rows[t][d]);
#pragma GCC unroll 2
      for (int s = 0; s < Strips; ++s) sums[t][s] = _mm512_fmadd_ps(lanes[s], value, sums[t][s]);
    }
  }
}

template <int Strips>
COLMODERN_INLINE void store_scores(const PackedVectors& packed, std::int64_t strip, const Tile& tile, float* scores) {
  __m512 sums[kRows][Strips];
  multiply<Strips>(packed, strip, tile, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    if (t >= tile.count) break;
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
      const std::int64_t first = (strip + s) * kLanes;
      const std::int64_t width = std::min(kLanes, packed.count - first);
      _mm512_mask_storeu_ps(scores + t * packed.count + first, static_cast<__mmask16>((1U << width) - 1), sums[t][s]);
    }
  }
}

template <int Strips>
COLMODERN_INLINE void raise_maxima(const PackedVectors& packed, std::int64_t strip, const Tile& tile, float* best) {
  __m512 sums[kRows][Strips];
  multiply<Strips>(packed, strip, tile, sums);
#pragma GCC unroll 2
  for (int s = 0; s < Strips; ++s) {
    float* at = best + (strip + s) * kLanes;
    __m512 greatest = _mm512_load_ps(at);
#pragma GCC unroll 8
    for (int t = 0; t < kRows; ++t) greatest = _mm512_max_ps(sums[t][s], greatest);
    _mm512_store_ps(at, greatest);
  }
}

// The best product of each row so far, a lane for each place in a strip.
struct Panel {
  alignas(64) float best[kPanel][kLanes];
  alignas(64) std::int32_t ids[kPanel][kLanes];
};

template <int Strips>
COLMODERN_INLINE void raise_nearest(const PackedVectors& packed, std::int64_t strip, const Tile& tile,
                                    std::int64_t first_row, Panel& panel) {
  __m512 sums[kRows][Strips];
  multiply<Strips>(packed, strip, tile, sums);
#pragma GCC unroll 8
  for (int t = 0; t < kRows; ++t) {
    __m512 best = _mm512_load_ps(panel.best[first_row + t]);
    __m512i ids = _mm512_load_si512(panel.ids[first_row + t]);
#pragma GCC unroll 2
    for (int s = 0; s < Strips; ++s) {
      const __mmask16 better = _mm512_cmp_ps_mask(sums[t][s], best, _CMP_GT_OQ);
      best = _mm512_mask_mov_ps(best, better, sums[t][s]);
      ids = _mm512_mask_set1_epi32(ids, better, static_cast<int>(strip) + s);
    }
    _mm512_store_ps(panel.best[first_row + t], best);
    _mm512_store_si512(panel.ids[first_row + t], ids);
  }
}

// Lanes hold strip numbers; the lowest centroid wins among equals.
std::uint32_t lowest_of_best(const float (&best)[kLanes], const std::int32_t (&strips)[kLanes]) noexcept {
  float greatest = -std::numeric_limits<float>::infinity();
  std::int64_t id = 0;
  for (std::int64_t lane = 0; lane < kLanes; ++lane) {
    const std::int64_t candidate = strips[lane] * kLanes + lane;
    if (best[lane] > greatest || (best[lane] == greatest && candidate < id)) {
      greatest = best[lane];
      id = candidate;
    }
  }
  return static_cast<std::uint32_t>(id);
}

// Rows [row, end), at most a panel of them.
COLMODERN_TARGET void nearest_in_panel(const PackedVectors& packed, const float* rows, std::int64_t row,
                                       std::int64_t end, std::uint32_t* nearest) noexcept {
  Panel panel;
  for (auto& best : panel.best) std::fill_n(best, kLanes, -std::numeric_limits<float>::infinity());
  for (auto& ids : panel.ids) std::fill_n(ids, kLanes, 0);
  const std::int64_t strips = round_up(packed.count, kLanes) / kLanes;
  for (std::int64_t strip = 0; strip < strips; strip += 2) {
    for (std::int64_t first = 0; first < end - row; first += kRows) {
      const Tile tile = tile_at(rows, packed.dim, row + first, end);
      if (strip + 1 < strips) {
        raise_nearest<2>(packed, strip, tile, first, panel);
      } else {
        raise_nearest<1>(packed, strip, tile, first, panel);
      }
    }
  }
  for (std::int64_t i = 0; i < end - row; ++i) nearest[i] = lowest_of_best(panel.best[i], panel.ids[i]);
}

}  // namespace

COLMODERN_TARGET void dense_scores_avx512vnni(const PackedVectors& packed, const float* rows, std::int64_t begin,
                                              std::int64_t end, float* scores) noexcept {
  const std::int64_t strips = round_up(packed.count, kLanes) / kLanes;
  for (std::int64_t row = begin; row < end; row += kRows, scores += kRows * packed.count) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    std::int64_t strip = 0;
    for (; strip + 2 <= strips; strip += 2) store_scores<2>(packed, strip, tile, scores);
    if (strip < strips) store_scores<1>(packed, strip, tile, scores);
  }
}

COLMODERN_TARGET void dense_maxima_avx512vnni(const PackedVectors& packed, const float* rows, std::int64_t begin,
                                              std::int64_t end, float* best) noexcept {
  const std::int64_t strips = round_up(packed.count, kLanes) / kLanes;
  std::fill_n(best, strips * kLanes, -std::numeric_limits<float>::infinity());
  for (std::int64_t row = begin; row < end; row += kRows) {
    const Tile tile = tile_at(rows, packed.dim, row, end);
    std::int64_t strip = 0;
    for (; strip + 2 <= strips; strip += 2) raise_maxima<2>(packed, strip, tile, best);
    if (strip < strips) raise_maxima<1>(packed, strip, tile, best);
  }
}

COLMODERN_TARGET void dense_nearest_avx512vnni(const PackedVectors& packed, const float* rows, std::int64_t begin,
                                               std::int64_t end, std::uint32_t* nearest) noexcept {
  for (std::int64_t row = begin; row < end; row += kPanel, nearest += kPanel) {
    nearest_in_panel(packed, rows, row, std::min(end, row + kPanel), nearest);
  }
}

}  // namespace colmodern

#endif
