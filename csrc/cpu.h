// Which instruction sets this machine can run.
#pragma once

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define COLMODERN_X86 1
#else
#define COLMODERN_X86 0
#endif
#if defined(__aarch64__) && defined(__ARM_NEON) && (defined(__linux__) || defined(__APPLE__))
#define COLMODERN_ARM 1
#else
#define COLMODERN_ARM 0
#endif
// Older versions of Clang have products of matrices of bytes only where they are in the baseline.
#if COLMODERN_ARM && (defined(__ARM_FEATURE_MATMUL_INT8) || !defined(__clang__) || __clang_major__ >= 16)
#define COLMODERN_I8MM 1
#else
#define COLMODERN_I8MM 0
#endif

namespace colmodern {

// In rising order of preference. The numbers are part of the binding's private face. `neon` is NEON with the dot
// product of Armv8.2; `avxvnni` is avx2 but for products of bytes; `amx` is all of avx512vnni, and tiles of bytes and
// bfloat16.
enum class Isa : int { scalar = 0, avx2 = 1, avxvnni = 2, avx512vnni = 3, neon = 4, amx = 5 };

constexpr int kIsaCount = 6;

const char* name_of(Isa isa) noexcept;
bool is_supported(Isa isa) noexcept;

}  // namespace colmodern
