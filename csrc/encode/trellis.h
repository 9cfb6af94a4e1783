// Codes of 1 and 2 bits: of all codes that a run can have, those whose levels come closest to the residual, by the
// Viterbi algorithm. As in rows.h, one text for all instruction sets; here as many tokens lie side by side as a
// register has lanes, a lane a token, so that no code depends on another token, nor on how many they are.
//
// A run is worked on from its last dimension to its first. The state is what the next dimensions leave: their codes,
// kLevelBits - Bits bits, which are zeros at the end of the run. A dimension's code makes a level number of it (the
// code in the lowest bits), whose lower bits are the state for the dimension before. Each state keeps the cheapest
// level number that leads to it, `way << (kLevelBits - Bits) | state`; its survivor is that way.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels.h"
#include "lanes.h"
#include "runs.h"

namespace colmodern {

template <int Bits>
constexpr int kStates = 1 << (kLevelBits - Bits);
template <int Bits>
constexpr int kWays = 1 << Bits;  // into a state
constexpr int kMaxRun = kMaxRunBytes * 8;

// A register of so many lanes. (Of wider ones than the machine has, GCC 12 compares lane by lane.)
template <int Count>
struct Register;
template <>
struct Register<4> {
  using Floats = float __attribute__((vector_size(16)));
  using Ints = std::int32_t __attribute__((vector_size(16)));
};
template <>
struct Register<8> {
  using Floats = float __attribute__((vector_size(32)));
  using Ints = std::int32_t __attribute__((vector_size(32)));
};
template <>
struct Register<16> {
  using Floats = float __attribute__((vector_size(64)));
  using Ints = std::int32_t __attribute__((vector_size(64)));
};

// What a level l costs for a component x, both in steps, is (x - l)^2 - x^2 = l^2 - 2x * l.
struct TrellisLevels {
  float levels[kLevels];
  float squares[kLevels];

  explicit TrellisLevels(const std::int8_t* from) noexcept {
    for (int i = 0; i < kLevels; ++i) {
      levels[i] = static_cast<float>(from[i]);
      squares[i] = levels[i] * levels[i];
    }
  }
};

// Raises the costs of all states by a dimension. The survivors of all states share the lowest eight bits of a lane.
template <int Bits, class Floats, class Ints>
COLMODERN_LANES void go_back(const TrellisLevels& book, const Floats& twice, Floats* costs, Ints& survivors) noexcept {
  Floats cheapest[kStates<Bits>];
  survivors = Ints{};
#pragma GCC unroll 8
  for (int state = 0; state < kStates<Bits>; ++state) {
    Floats best = costs[state >> Bits] + (book.squares[state] - twice * book.levels[state]);
    Ints survivor{};
#pragma GCC unroll 4
    for (int way = 1; way < kWays<Bits>; ++way) {
      const int number = way << (kLevelBits - Bits) | state;
      const Floats cost = costs[number >> Bits] + (book.squares[number] - twice * book.levels[number]);
      const Ints cheaper = cost < best;
      best = cheaper ? cost : best;
      survivor = cheaper ? Ints{} + (way << (state * Bits)) : survivor;
    }
    cheapest[state] = best;
    survivors |= survivor;
  }
  std::copy_n(cheapest, kStates<Bits>, costs);
}

// The cheapest state, the lowest of equals.
template <int Bits, class Floats, class Ints>
COLMODERN_LANES void find_cheapest(const Floats* costs, Ints& cheapest) noexcept {
  Floats best = costs[0];
  cheapest = Ints{};
  for (int state = 1; state < kStates<Bits>; ++state) {
    const Ints cheaper = costs[state] < best;
    best = cheaper ? costs[state] : best;
    cheapest = cheaper ? Ints{} + state : cheapest;
  }
}

// The bytes of a run. twice: twice the component in steps, a register a dimension.
template <int Bits, class Floats, class Ints>
COLMODERN_LANES void code_run(const TrellisLevels& book, const Floats* twice, int run_bytes, Ints* bytes) noexcept {
  constexpr int kPlanes = 8 / Bits;
  Ints survivors[kMaxRun / Bits];
  Floats costs[kStates<Bits>];
  std::fill_n(costs, kStates<Bits>, Floats{} + std::numeric_limits<float>::infinity());
  costs[0] = Floats{};
  for (int i = run_bytes * kPlanes - 1; i >= 0; --i) go_back<Bits>(book, twice[i], costs, survivors[i]);
  Ints state;
  find_cheapest<Bits>(costs, state);
  for (int byte = 0; byte < run_bytes; ++byte) {
    bytes[byte] = Ints{};
    for (int plane = 0; plane < kPlanes; ++plane) {
      const Ints way = survivors[byte * kPlanes + plane] >> (state * Bits) & (kWays<Bits> - 1);
      const Ints number = way << (kLevelBits - Bits) | state;
      bytes[byte] |= (number & (kWays<Bits> - 1)) << (plane * Bits);
      state = number >> Bits;
    }
  }
}

// Residual bytes of n tokens, no more than there are lanes. left: (n, dim), residuals of these sizes.
template <int Bits, int Lanes>
COLMODERN_LANES void code_block(const TrellisLevels& book, float level_step, std::int64_t dim, const float* left,
                                const float* sizes, std::int64_t n, std::uint8_t* residuals) noexcept {
  using Floats = typename Register<Lanes>::Floats;
  using Ints = typename Register<Lanes>::Ints;
  constexpr float kNothing = 0x1p-100F;  // has no direction
  const std::int64_t row_bytes = dim * Bits / 8;
  const int run_bytes = run_bytes_of(row_bytes);
  const int run = run_bytes * 8 / Bits;
  alignas(64) float factors[Lanes] = {};
  for (std::int64_t t = 0; t < n; ++t) {
    const float step = sizes[t] * level_step;
    factors[t] = step > kNothing ? 2.0F / step : 0.0F;
  }
  Floats factor;
  load(factor, factors);
  alignas(64) float components[kMaxRun / Bits][Lanes] = {};
  Floats twice[kMaxRun / Bits];
  Ints bytes[kMaxRunBytes];
  for (std::int64_t first = 0; first < row_bytes; first += run_bytes, left += run) {
    for (std::int64_t t = 0; t < n; ++t) {
      for (int i = 0; i < run; ++i) components[i][t] = left[t * dim + i];
    }
    for (int i = 0; i < run; ++i) {
      load(twice[i], components[i]);
      twice[i] *= factor;
    }
    code_run<Bits>(book, twice, run_bytes, bytes);
    for (std::int64_t t = 0; t < n; ++t) {
      for (int byte = 0; byte < run_bytes; ++byte) {
        residuals[t * row_bytes + first + byte] = static_cast<std::uint8_t>(bytes[byte][t]);
      }
    }
  }
}

}  // namespace colmodern
