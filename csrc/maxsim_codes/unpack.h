// Codes to levels with AVX-512: one text, compiled by the files that include it.

namespace colmodern {
namespace {

// The bits of the next dimensions come down from the next byte of the run; zeros follow its last one.
template <int RunBytes>
COLMODERN_INLINE __m512i shift_runs(__m512i bytes, unsigned bits) {
  if constexpr (RunBytes == 2) return _mm512_srli_epi16(bytes, bits);
  if constexpr (RunBytes == 4) return _mm512_srli_epi32(bytes, bits);
  return _mm512_srli_epi64(bytes, bits);
}

// Sixteen levels in each quarter of a register.
COLMODERN_INLINE __m512i level_table(const std::uint8_t* levels) {
  return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(levels)));
}

// The first 64 bytes of residuals, or `left` of them.
COLMODERN_INLINE __m512i load_codes(const std::uint8_t* residuals, std::int64_t left) {
  const __mmask64 lanes = left >= 64 ? ~__mmask64{0} : (__mmask64{1} << left) - 1;
  return _mm512_maskz_loadu_epi8(lanes, residuals);
}

// The levels of a plane.
template <int Bits, int RunBytes>
COLMODERN_INLINE __m512i levels_of(__m512i bytes, int plane, __m512i table) {
  const __m512i mask = _mm512_set1_epi8(kLevels - 1);
  return _mm512_shuffle_epi8(table, _mm512_and_si512(shift_runs<RunBytes>(bytes, plane * Bits), mask));
}

}  // namespace
}  // namespace colmodern
