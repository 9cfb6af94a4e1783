// How much a token counts in a smooth maximum.
#pragma once

#include <bit>
#include <cstdint>

namespace colmodern {

// A row's number r stands for a weight of about 2^(62.5 * r / 32768): its high half is made directly, the exponent and
// seven bits of the mantissa of a float (linear between powers of two, at most 6 % too great). What 16 bits of
// integer multiplication give is the same on every machine, and no sum of weights overflows.
constexpr std::int16_t kWeightSlope = 16000;   // 62.5 * 128 * 65536 / 32768
constexpr std::int16_t kWeightStart = 0x3f80;  // the high half of 1.0F
constexpr double kRowsAnOctave = 32768.0 / 62.5;

inline float weight(std::int16_t row) noexcept {
  const std::int32_t high = ((static_cast<std::int32_t>(row) * kWeightSlope) >> 16) + kWeightStart;
  return std::bit_cast<float>(static_cast<std::uint32_t>(high) << 16);
}

}  // namespace colmodern
