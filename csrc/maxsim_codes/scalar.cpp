// MaxSim over codes in portable C++: the twin that the other instruction sets agree with, bit for bit.
#include <algorithm>
#include <cmath>

#include "contexts/contexts.h"
#include "half.h"
#include "kernels.h"
#include "maxsim_codes/levels.h"

namespace colmodern {
namespace {

std::int32_t product(const std::int8_t* values, const std::int16_t* levels, std::int64_t dim) noexcept {
  std::int32_t sum = 0;
  for (std::int64_t d = 0; d < dim; ++d) sum += static_cast<std::int16_t>(values[d]) * levels[d];
  return sum;
}

}  // namespace

void code_maxima_scalar(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                        const CodeColumns& codes, std::int64_t begin, std::int64_t end, float* best) noexcept {
  std::int16_t of_number[kLevels];
  std::int16_t levels[kMaxDim];
  for (int i = 0; i < kLevels; ++i) of_number[i] = static_cast<std::int16_t>(codes.levels[i] - kLevelOffset);
  for (std::int64_t token = begin; token < end; ++token) {
    look_up(codes.residuals + token * codes.row_bytes, codes.row_bytes, codes.bits, of_number, levels);
    const float gain = from_half(codes.gains[token]);
    const float norm = from_half(codes.norms[token]);
    const std::int16_t* row = table.row(codes.ids[token]);
    for (std::int64_t q = 0; q < query.count; ++q) {
      const auto integer = product(query.values + q * query.dim, levels, query.dim);
      const float residual = static_cast<float>(integer) * query.scales[q];
      const float centroid = static_cast<float>(in_context(row[q], context[q])) * table.steps[q];
      const float score = std::fma(residual, gain, centroid) * norm;
      best[q] = score > best[q] ? score : best[q];
    }
  }
}

}  // namespace colmodern
