// What the processor says that it can do, and whether the system keeps the registers for it.
//
// Asked by CPUID itself: `__builtin_cpu_supports` wants a library of the compiler, which clang-cl does not link and Zig
// leaves empty.
#pragma once

namespace colmodern {

struct Features {
  bool avx2, fma, f16c, avxvnni;
  bool avx512f, avx512dq, avx512bw, avx512vl, avx512vnni, avx512bf16;
  bool amx_tile, amx_int8, amx_bf16;
};

// Those of this machine; all false where it is no x86-64.
const Features& features() noexcept;

}  // namespace colmodern
