// Which channels of the residual stream stick out? Rows of bytes have a step each, a 127th of their greatest value. In
// checkpoints that descend from BERT that value is in the same channel for punctuation and function words, half of all
// tokens, and several times as great as any other one. Dividing a channel by a power of two before it becomes bytes, and
// multiplying its weights, changes no product but for those steps.
#pragma once

#include <cstdint>
#include <vector>

#include "encoder/kernels.h"
#include "encoder/pack.h"

namespace colmodern::encoder {

// What to divide each channel by, judging by the normalised embeddings of frequent tokens: what sticks out there does
// so in all layers.
std::vector<float> balance_of(const Tables& tables, const Tensor& embeddings, const std::vector<std::int64_t>& frequent,
                              const Norm& norm);

}  // namespace colmodern::encoder
