#include "cpu_features.h"

#include <cstddef>

#include "cpu.h"

#if COLMODERN_ARM && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#elif COLMODERN_ARM
#include <sys/sysctl.h>
#endif

namespace colmodern {
namespace {

#if COLMODERN_X86
struct Registers {
  unsigned eax, ebx, ecx, edx;
};

Registers cpuid(unsigned leaf, unsigned subleaf) noexcept {
  Registers found{};
  __asm__ volatile("cpuid"
                   : "=a"(found.eax), "=b"(found.ebx), "=c"(found.ecx), "=d"(found.edx)
                   : "a"(leaf), "c"(subleaf));
  return found;
}

// Which registers the system saves when it changes threads; only where `cpuid` says that it may be asked.
unsigned saved_registers() noexcept {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0U));
  return low;
}

bool has_bit(unsigned word, int bit) noexcept { return ((word >> bit) & 1U) != 0; }

Features probe() noexcept {
  Features found{};
  const unsigned highest = cpuid(0, 0).eax;
  if (highest < 7) return found;
  const Registers one = cpuid(1, 0);
  if (!has_bit(one.ecx, 27) || !has_bit(one.ecx, 28)) return found;  // OSXSAVE, AVX
  const unsigned saved = saved_registers();
  const auto keeps = [saved](unsigned all) { return (saved & all) == all; };
  if (!keeps(0x6)) return found;  // of SSE and AVX
  const Registers seven = cpuid(7, 0);
  const Registers more = seven.eax >= 1 ? cpuid(7, 1) : Registers{};
  found.fma = has_bit(one.ecx, 12);
  found.f16c = has_bit(one.ecx, 29);
  found.avx2 = has_bit(seven.ebx, 5);
  found.avxvnni = has_bit(more.eax, 4);
#if defined(__APPLE__)
  const bool keeps_avx512 = true;  // macOS begins to when they are first used
#else
  const bool keeps_avx512 = keeps(0xe6);
#endif
  if (keeps_avx512) {
    found.avx512f = has_bit(seven.ebx, 16);
    found.avx512dq = has_bit(seven.ebx, 17);
    found.avx512bw = has_bit(seven.ebx, 30);
    found.avx512vl = has_bit(seven.ebx, 31);
    found.avx512vnni = has_bit(seven.ecx, 11);
    found.avx512bf16 = has_bit(more.eax, 5);
  }
  if (keeps(0x60000)) {
    found.amx_bf16 = has_bit(seven.edx, 22);
    found.amx_tile = has_bit(seven.edx, 24);
    found.amx_int8 = has_bit(seven.edx, 25);
  }
  return found;
}
#elif COLMODERN_ARM && defined(__linux__)
Features probe() noexcept {
  Features found{};
  found.dotprod = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  constexpr unsigned long kI8mm = 1UL << 13;  // HWCAP2_I8MM, which older headers lack
  found.i8mm = (getauxval(AT_HWCAP2) & kI8mm) != 0;
  return found;
}
#elif COLMODERN_ARM
bool says_yes(const char* question) noexcept {
  int answer = 0;
  std::size_t size = sizeof answer;
  return sysctlbyname(question, &answer, &size, nullptr, 0) == 0 && answer != 0;
}

Features probe() noexcept {
  Features found{};
  found.dotprod = says_yes("hw.optional.arm.FEAT_DotProd");
  found.i8mm = says_yes("hw.optional.arm.FEAT_I8MM");
  return found;
}
#else
Features probe() noexcept { return {}; }
#endif

}  // namespace

const Features& features() noexcept {
  static const Features found = probe();
  return found;
}

}  // namespace colmodern
