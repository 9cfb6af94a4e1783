// Levels of codes in registers of AVX2: included after strips_avx2.h, before loops.h.
#pragma once

#include <cstring>

#include "runs.h"

namespace colmodern {
namespace {

constexpr std::int64_t kLine = 32;

COLMODERN_INLINE __m256i level_table(const std::uint8_t* levels) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(levels)));
}

COLMODERN_INLINE __m256i load_codes(const std::uint8_t* residuals, std::int64_t left) {
  if (left >= kLine) return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(residuals));
  alignas(kLine) std::uint8_t bytes[kLine] = {};
  std::memcpy(bytes, residuals, static_cast<std::size_t>(left));
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes));
}

// The bits of the next dimensions come down from the next byte of the run; zeros follow its last one.
template <int RunBytes>
COLMODERN_INLINE __m256i shift_runs(__m256i bytes, int bits) {
  if constexpr (RunBytes == 2) return _mm256_srli_epi16(bytes, bits);
  if constexpr (RunBytes == 4) return _mm256_srli_epi32(bytes, bits);
  return _mm256_srli_epi64(bytes, bits);
}

template <int Bits, int RunBytes>
COLMODERN_INLINE __m256i levels_of(__m256i bytes, int plane, __m256i table) {
  const __m256i mask = _mm256_set1_epi8(kLevels - 1);
  return _mm256_shuffle_epi8(table, _mm256_and_si256(shift_runs<RunBytes>(bytes, plane * Bits), mask));
}

COLMODERN_INLINE void store_levels(std::uint8_t* to, __m256i levels) {
  _mm256_store_si256(reinterpret_cast<__m256i*>(to), levels);
}

}  // namespace
}  // namespace colmodern
