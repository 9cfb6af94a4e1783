// Assignment with AVX-512 VNNI.
#include "strips_avx512.h"

#if COLMODERN_X86

#include "assign/loops.h"

namespace colmodern {
namespace {

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

COLMODERN_DEFINE_ASSIGNMENT(avx512vnni, Zmm)

}  // namespace colmodern

#endif
