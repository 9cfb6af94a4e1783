#include "encoder/balance.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "aligned.h"

namespace colmodern::encoder {
namespace {

constexpr float kFar = 6.0F;    // root mean squares of a row from which on a channel sticks out
constexpr float kUsual = 4.0F;  // where the greatest value of most rows lies

}  // namespace

std::vector<float> balance_of(const Tables& tables, const Tensor& embeddings, const std::vector<std::int64_t>& frequent,
                              const Norm& norm) {
  const auto padded = static_cast<std::size_t>(round_up(norm.width, kLanes));
  AlignedArray<float> stored(padded);
  AlignedArray<float> row(padded);
  std::vector<float> balance(static_cast<std::size_t>(norm.width));
  for (const std::int64_t id : frequent) {
    tables.rows->widen(embeddings.kind, row_of(embeddings, id, norm.width), norm.width, stored.data());
    tables.rows->norm(norm, stored.data(), norm.width, 1, row.data(), norm.width);
    float squares = 0.0F;
    for (std::size_t i = 0; i < balance.size(); ++i) squares += row[i] * row[i];
    const float size = std::sqrt(squares / static_cast<float>(norm.width));
    if (!(size > 0.0F)) continue;
    for (std::size_t i = 0; i < balance.size(); ++i) balance[i] = std::max(balance[i], std::fabs(row[i]) / size);
  }
  for (float& far : balance) far = far > kFar ? std::exp2(std::round(std::log2(far / kUsual))) : 1.0F;
  return balance;
}

}  // namespace colmodern::encoder
