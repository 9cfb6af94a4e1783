// Sixteen lanes as a vector type of the compiler: one text for all instruction sets.
#pragma once

#include <cstdint>
#include <cstring>

namespace colmodern {

#define COLMODERN_LANES inline __attribute__((always_inline))

using Floats = float __attribute__((vector_size(64)));
using Ints = std::int32_t __attribute__((vector_size(64)));
using Shorts = std::uint16_t __attribute__((vector_size(32)));
using SignedShorts = std::int16_t __attribute__((vector_size(32)));
using Bytes = std::int8_t __attribute__((vector_size(16)));

template <class T>
COLMODERN_LANES void load(T& lanes, const void* from) noexcept {
  std::memcpy(&lanes, from, sizeof lanes);
}

}  // namespace colmodern
