// MaxSim over codes with NEON: four tokens against one strip of sixteen query tokens.
#include "neon.h"

#if COLMODERN_ARM

#include <algorithm>
#include <cstring>

#include "half.h"
#include "runs.h"

namespace colmodern {
namespace {

using namespace neon;

constexpr std::int64_t kLine = 16;
// Planes of a tile, each rounded up to a line, and a group that reads past a row's last byte.
constexpr std::int64_t kTileBytes = kRows * kMaxDim + 8 * kLine + kLine;

// Four tokens, ready to be multiplied: levels as [plane][token][row_bytes], with their offset, which a byte with a sign
// holds as well.
struct Tile {
  alignas(kLine) std::uint8_t levels[kTileBytes];
  std::int64_t plane_size;
  const std::int16_t* rows[kRows];  // their centroids' scores
  float gains[kRows];
  float norms[kRows];
};

// The tokens' bytes are copied first, so that whole registers can be read past the last of them. Past the last
// token the tile repeats it: a maximum does not mind.
COLMODERN_INLINE void copy_tokens(const CentroidRows& table, const CodeColumns& codes, std::int64_t first,
                                  std::int64_t end, std::uint8_t* residuals, Tile& tile) {
  for (int t = 0; t < kRows; ++t) {
    const std::int64_t from = std::min(first + t, end - 1);
    tile.rows[t] = table.row(codes.ids[from]);
    tile.gains[t] = from_half(codes.gains[from]);
    tile.norms[t] = from_half(codes.norms[from]);
    std::memcpy(residuals + t * codes.row_bytes, codes.residuals + from * codes.row_bytes,
                static_cast<std::size_t>(codes.row_bytes));
  }
}

// The bits of the next dimensions come down from the next byte of the run; zeros follow its last one. A shift to the
// left by less than nothing is one to the right.
template <int RunBytes>
COLMODERN_INLINE uint8x16_t shift_runs(uint8x16_t bytes, int bits) {
  if constexpr (RunBytes == 2) {
    return vreinterpretq_u8_u16(vshlq_u16(vreinterpretq_u16_u8(bytes), vdupq_n_s16(static_cast<std::int16_t>(-bits))));
  }
  if constexpr (RunBytes == 4) {
    return vreinterpretq_u8_u32(vshlq_u32(vreinterpretq_u32_u8(bytes), vdupq_n_s32(-bits)));
  }
  return vreinterpretq_u8_u64(vshlq_u64(vreinterpretq_u64_u8(bytes), vdupq_n_s64(-bits)));
}

template <int Bits, int RunBytes>
COLMODERN_INLINE void unpack(const std::uint8_t* residuals, uint8x16_t table, std::int64_t n, Tile& tile) {
  const uint8x16_t mask = vdupq_n_u8(kLevels - 1);
  tile.plane_size = round_up(n, kLine);
  for (std::int64_t i = 0; i < n; i += kLine) {
    const uint8x16_t bytes = vld1q_u8(residuals + i);
#pragma GCC unroll 8
    for (int plane = 0; plane < 8 / Bits; ++plane) {
      const uint8x16_t codes = vandq_u8(shift_runs<RunBytes>(bytes, plane * Bits), mask);
      vst1q_u8(tile.levels + plane * tile.plane_size + i, vqtbl1q_u8(table, codes));
    }
  }
}

COLMODERN_INLINE void raise_maxima(const PackedQuery& query, const float* steps, const std::int16_t* context,
                                   std::int64_t strip, const Tile& tile, std::int64_t row_bytes, int planes,
                                   float* best) {
  Sums sums;
  begin_sums(query.start + strip * kLanes, sums);
  for (int plane = 0; plane < planes; ++plane) {
    const auto* levels = reinterpret_cast<const std::int8_t*>(tile.levels + plane * tile.plane_size);
    const std::int8_t* const rows[kRows] = {levels, levels + row_bytes, levels + 2 * row_bytes, levels + 3 * row_bytes};
    add_products(query.packed + (strip * planes + plane) * query.groups_a_plane * kGroupBytes, query.groups_a_plane,
                 rows, sums);
  }
#pragma GCC unroll 4
  for (int part = 0; part < kQuarters; ++part) {
    const std::int64_t first = strip * kLanes + part * kWidth;
    const float32x4_t step = vld1q_f32(steps + first);
    const float32x4_t scales = vld1q_f32(query.scales + first);
    const int16x4_t shift = vld1_s16(context + first);
    float32x4_t greatest = vld1q_f32(best + first);
#pragma GCC unroll 4
    for (int t = 0; t < kRows; ++t) {
      const float32x4_t product = vmulq_f32(vcvtq_f32_s32(sums[t][part]), scales);
      const float32x4_t row = vcvtq_f32_s32(vmovl_s16(vqadd_s16(vld1_s16(tile.rows[t] + first), shift)));
      const float32x4_t sum = vfmaq_n_f32(vmulq_f32(row, step), product, tile.gains[t]);
      const float32x4_t score = vmulq_n_f32(sum, tile.norms[t]);
      // Not vmaxq_f32: a NaN never wins.
      greatest = vbslq_f32(vcgtq_f32(score, greatest), score, greatest);
    }
    vst1q_f32(best + first, greatest);
  }
}

template <int Bits, int RunBytes>
COLMODERN_TARGET void maxima(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                             const CodeColumns& codes, std::int64_t begin, std::int64_t end, float* best) noexcept {
  const uint8x16_t levels = vld1q_u8(codes.levels);
  std::uint8_t residuals[kRows * kMaxDim / 2 + kLine] = {};
  Tile tile;
  for (std::int64_t token = begin; token < end; token += kRows) {
    copy_tokens(table, codes, token, end, residuals, tile);
    unpack<Bits, RunBytes>(residuals, levels, kRows * codes.row_bytes, tile);
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

COLMODERN_TARGET void code_maxima_neon(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
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
