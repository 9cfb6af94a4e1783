#include "encoder/balance.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace colmodern::encoder {
namespace {

constexpr float kFar = 6.0F;     // root mean squares of a row from which on a channel sticks out
constexpr float kUsual = 4.0F;   // where the greatest value of most rows lies

// Normalises a row in place; returns its root mean square.
float normalise(const Norm& norm, std::vector<float>& row) {
  const auto width = static_cast<float>(norm.width);
  float sum = 0.0F;
  for (std::int64_t i = 0; i < norm.width; ++i) sum += row[static_cast<std::size_t>(i)];
  float squares = 0.0F;
  for (float& value : row) {
    value -= sum / width;
    squares += value * value;
  }
  const float factor = 1.0F / std::sqrt(squares / width + norm.eps);
  float all = 0.0F;
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = row[i] * factor * norm.weight[i] + (norm.bias != nullptr ? norm.bias[i] : 0.0F);
    all += row[i] * row[i];
  }
  return std::sqrt(all / width);
}

}  // namespace

std::vector<float> balance_of(const Tables& tables, const Tensor& embeddings, const std::vector<std::int64_t>& frequent,
                              const Norm& norm) {
  const auto width = static_cast<std::size_t>(norm.width);
  std::vector<float> row(width);
  std::vector<float> balance(width);
  for (const std::int64_t id : frequent) {
    tables.rows->widen(embeddings.kind, row_of(embeddings, id, norm.width), norm.width, row.data());
    const float size = normalise(norm, row);
    if (!(size > 0.0F)) continue;
    for (std::size_t i = 0; i < width; ++i) balance[i] = std::max(balance[i], std::fabs(row[i]) / size);
  }
  for (float& far : balance) far = far > kFar ? std::exp2(std::round(std::log2(far / kUsual))) : 1.0F;
  return balance;
}

}  // namespace colmodern::encoder
