// Which of sixteen scores are above a bound, with AVX2: included after loops.h.
#pragma once

namespace colmodern {
namespace {

struct Ymm {
  COLMODERN_INLINE static std::uint32_t above(const std::int32_t* scores, std::int32_t bound) noexcept {
    const __m256i bounds = _mm256_set1_epi32(bound);
    const auto low = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(load(scores), bounds)));
    const auto high = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(load(scores + kWidth), bounds)));
    return static_cast<std::uint32_t>(low) | static_cast<std::uint32_t>(high) << kWidth;
  }
  COLMODERN_TARGET static std::int64_t keep(std::int32_t* scores, std::int64_t n, std::int32_t bound,
                                            std::int32_t* kept) noexcept {
    return keep_by_bits<Ymm>(scores, n, bound, kept);
  }
};

}  // namespace

}  // namespace colmodern
