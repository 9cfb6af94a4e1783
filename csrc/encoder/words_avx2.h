// Logarithms, words and bytes for attention in bytes, sixteen lanes in two registers of AVX2: included after
// lanes_avx2.h, before byte_attention.h.
#include <algorithm>
#include <cstring>

namespace colmodern::encoder {
namespace {

// Of positive numbers; exact to 1.2e-4.
COLMODERN_INLINE __m256 log2_of(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256 exponent = _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(127)));
  const __m256i mantissa =
      _mm256_or_si256(_mm256_and_si256(bits, _mm256_set1_epi32(0x7fffff)), _mm256_castps_si256(_mm256_set1_ps(1.0F)));
  const __m256 f = _mm256_sub_ps(_mm256_castsi256_ps(mantissa), _mm256_set1_ps(1.0F));
  __m256 p = _mm256_fmadd_ps(_mm256_set1_ps(-8.088411777e-02F), f, _mm256_set1_ps(3.167620447e-01F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(-6.733490082e-01F));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.437246269F));
  return _mm256_fmadd_ps(p, f, _mm256_add_ps(exponent, _mm256_set1_ps(1.179626059e-04F)));
}
COLMODERN_INLINE Floats log2_of(Floats x) { return {log2_of(x.a), log2_of(x.b)}; }

// Units of two words: the low words of two vectors, the greater ones, how far the second are below the first, both
// turned around, the high ones, and the products of two pairs each, added up.
COLMODERN_INLINE __m256i paired_words(__m256i low, __m256i high) {
  return _mm256_blend_epi16(low, _mm256_slli_epi32(high, 16), 0xaa);
}
COLMODERN_INLINE Units paired_words(Units low, Units high) {
  return {paired_words(low.a, high.a), paired_words(low.b, high.b)};
}
COLMODERN_INLINE Units greatest_words(Units x, Units y) {
  return {_mm256_max_epi16(x.a, y.a), _mm256_max_epi16(x.b, y.b)};
}
COLMODERN_INLINE Units words_below(Units x, Units y) {
  return {_mm256_subs_epi16(x.a, y.a), _mm256_subs_epi16(x.b, y.b)};
}
COLMODERN_INLINE __m256i turned_words(__m256i x) {
  return _mm256_or_si256(_mm256_slli_epi32(x, 16), _mm256_srli_epi32(x, 16));
}
COLMODERN_INLINE Units turned_words(Units x) { return {turned_words(x.a), turned_words(x.b)}; }
COLMODERN_INLINE Units octave_above(Units x, int rest) {
  const __m256i rests = _mm256_set1_epi16(static_cast<short>(rest));
  return {_mm256_andnot_si256(rests, _mm256_adds_epi16(x.a, rests)),
          _mm256_andnot_si256(rests, _mm256_adds_epi16(x.b, rests))};
}
COLMODERN_INLINE __m256 high_words(__m256i x) { return _mm256_cvtepi32_ps(_mm256_srai_epi32(x, 16)); }
COLMODERN_INLINE Floats high_words(Units x) { return {high_words(x.a), high_words(x.b)}; }
COLMODERN_INLINE __m256 word_products(__m256i x, __m256i times, __m256i y, __m256i more) {
  return _mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_madd_epi16(x, times), _mm256_madd_epi16(y, more)));
}
COLMODERN_INLINE Floats word_products(Units x, Units times, Units y, Units more) {
  return {word_products(x.a, times.a, y.a, more.a), word_products(x.b, times.b, y.b, more.b)};
}

// Weights by how many 64ths of an octave they are below the greatest, 32 at a time. Sixteen bytes are what one
// instruction looks up: the low and the high bytes of 64 words are four tables each.
struct PowerTable {
  __m256i low[4], high[4];

  COLMODERN_INLINE Units weights(Units below) const {
    const __m256i inside = _mm256_set1_epi16(63);
    const __m256i places = _mm256_packus_epi16(_mm256_and_si256(below.a, inside), _mm256_and_si256(below.b, inside));
    __m256i lows = _mm256_setzero_si256(), highs = lows;
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const __m256i own = found_by(_mm256_sub_epi8(places, _mm256_set1_epi8(static_cast<char>(16 * i))));
      lows = _mm256_or_si256(lows, _mm256_shuffle_epi8(low[i], own));
      highs = _mm256_or_si256(highs, _mm256_shuffle_epi8(high[i], own));
    }
    return halved({_mm256_unpacklo_epi8(lows, highs), _mm256_unpackhi_epi8(lows, highs)}, below);
  }
  // As often as `below` has whole octaves; sixteen leave nothing. The high half of a product with 2^(16 - octaves).
  COLMODERN_INLINE static Units halved(Units words, Units below) {
    const __m256i octaves = found_by(_mm256_packus_epi16(_mm256_srli_epi16(below.a, 6), _mm256_srli_epi16(below.b, 6)));
    const __m256i ends = _mm256_set1_epi64x(0x0102040810204080);
    const __m256i nothing = _mm256_setzero_si256();
    const __m256i lows = _mm256_shuffle_epi8(_mm256_unpacklo_epi64(nothing, ends), octaves);
    const __m256i highs = _mm256_shuffle_epi8(_mm256_unpacklo_epi64(ends, nothing), octaves);
    return {_mm256_mulhi_epu16(_mm256_add_epi16(words.a, words.a), _mm256_unpacklo_epi8(lows, highs)),
            _mm256_mulhi_epu16(_mm256_add_epi16(words.b, words.b), _mm256_unpackhi_epi8(lows, highs))};
  }
  // Places of a table of sixteen; those that are none find nothing.
  COLMODERN_INLINE static __m256i found_by(__m256i places) { return _mm256_adds_epu8(places, _mm256_set1_epi8(0x70)); }
};
COLMODERN_INLINE PowerTable power_table(const std::uint16_t* words) {
  PowerTable table;
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const auto* from = reinterpret_cast<const __m128i*>(words + 16 * i);
    const __m128i first = _mm_load_si128(from), second = _mm_load_si128(from + 1);
    const __m128i mask = _mm_set1_epi16(0xff);
    table.low[i] =
        _mm256_broadcastsi128_si256(_mm_packus_epi16(_mm_and_si128(first, mask), _mm_and_si128(second, mask)));
    table.high[i] = _mm256_broadcastsi128_si256(_mm_packus_epi16(_mm_srli_epi16(first, 8), _mm_srli_epi16(second, 8)));
  }
  return table;
}

// Words in 128ths to the nearest bytes: those of `even` are the first and third of a unit.
COLMODERN_INLINE __m256i rounded_bytes(__m256i even, __m256i odd) {
  const __m256i share = _mm256_set1_epi16(256);
  return _mm256_or_si256(_mm256_mulhrs_epi16(even, share), _mm256_slli_epi32(_mm256_mulhrs_epi16(odd, share), 8));
}
COLMODERN_INLINE Units rounded_bytes(Units even, Units odd) {
  return {rounded_bytes(even.a, odd.a), rounded_bytes(even.b, odd.b)};
}

// Of each four floats: words of the first and third, of the second and fourth, and the scale of both.
COLMODERN_INLINE __m256i unit_shares(__m256 x, float most, float unit) {
  const __m256 pair = _mm256_max_ps(x, _mm256_permute_ps(x, 0xb1));
  const __m256 greatest = _mm256_max_ps(pair, _mm256_permute_ps(pair, 0x4e));
  const __m256 scale = _mm256_mul_ps(greatest, _mm256_set1_ps(unit));
  const __m256i whole = _mm256_cvtps_epi32(_mm256_mul_ps(x, _mm256_div_ps(_mm256_set1_ps(most), greatest)));
  const __m256i words = _mm256_or_si256(whole, _mm256_slli_epi32(_mm256_shuffle_epi32(whole, 0x4e), 16));
  return _mm256_blend_epi32(words, _mm256_castps_si256(scale), 0xcc);
}
COLMODERN_INLINE Units unit_shares(const float* from, std::int64_t n, float most, float unit) {
  float lanes[16] = {};
  std::memcpy(lanes, from, static_cast<std::size_t>(std::min<std::int64_t>(n, 16)) * sizeof *lanes);
  const Floats x = load(lanes);
  return {unit_shares(x.a, most, unit), unit_shares(x.b, most, unit)};
}

// The nearest whole numbers of four vectors, each |x| <= 127, as units of four bytes with a sign.
COLMODERN_INLINE __m256i four_signed_bytes(__m256 a, __m256 b, __m256 c, __m256 d) {
  const __m256i mask = _mm256_set1_epi32(0xff);
  const __m256i first = _mm256_and_si256(_mm256_cvtps_epi32(a), mask);
  const __m256i second = _mm256_slli_epi32(_mm256_and_si256(_mm256_cvtps_epi32(b), mask), 8);
  const __m256i third = _mm256_slli_epi32(_mm256_and_si256(_mm256_cvtps_epi32(c), mask), 16);
  const __m256i fourth = _mm256_slli_epi32(_mm256_cvtps_epi32(d), 24);
  return _mm256_or_si256(_mm256_or_si256(first, second), _mm256_or_si256(third, fourth));
}
COLMODERN_INLINE Units four_signed_bytes(Floats a, Floats b, Floats c, Floats d) {
  return {four_signed_bytes(a.a, b.a, c.a, d.a), four_signed_bytes(a.b, b.b, c.b, d.b)};
}

}  // namespace
}  // namespace colmodern::encoder
