// What the processor says that it can do, and whether the system keeps the registers for it.
//
// On x86-64 asked by CPUID itself: `__builtin_cpu_supports` wants a library of the compiler, which clang-cl does not
// link and Zig leaves empty.
#pragma once

namespace colmodern {

struct Features {
  bool avx2, fma, f16c, avxvnni;
  bool avx512f, avx512dq, avx512bw, avx512vl, avx512vnni, avx512bf16;
  bool amx_tile, amx_int8, amx_bf16;
  bool dotprod, i8mm;
};

// Those of this machine; those of another architecture are false.
const Features& features() noexcept;

}  // namespace colmodern
