// Which instruction sets this machine can run.
#pragma once

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define COLMODERN_X86 1
#else
#define COLMODERN_X86 0
#endif

namespace colmodern {

// In rising order of preference. The numbers are part of the binding's private face.
enum class Isa : int { scalar = 0, avx2 = 1, avx512vnni = 2 };

constexpr int kIsaCount = 3;

const char* name_of(Isa isa) noexcept;
bool is_supported(Isa isa) noexcept;

}  // namespace colmodern
