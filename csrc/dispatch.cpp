// Which kernels run on this machine: probed once, then a table of function pointers.
#include <stdexcept>
#include <string>

#include "cpu.h"
#include "kernels.h"

namespace colmodern {
namespace {

#define COLMODERN_TABLE(isa)                                                                          \
  Kernels{dense_scores_##isa,      dense_maxima_##isa,    dense_nearest_##isa,                        \
          centroid_products_##isa, centroid_maxima_##isa, tokens_above_##isa, code_maxima_##isa}

constexpr Kernels kScalar = COLMODERN_TABLE(scalar);
#if COLMODERN_X86
constexpr Kernels kAvx2 = COLMODERN_TABLE(avx2);
constexpr Kernels kAvx512vnni = COLMODERN_TABLE(avx512vnni);
#endif
#undef COLMODERN_TABLE

#if COLMODERN_X86
bool probe_avx2() noexcept {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}

bool probe_avx512vnni() noexcept {
  return probe_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}
#endif

}  // namespace

const char* name_of(Isa isa) noexcept {
  switch (isa) {
    case Isa::avx2: return "avx2";
    case Isa::avx512vnni: return "avx512vnni";
    case Isa::scalar: break;
  }
  return "scalar";
}

bool is_supported(Isa isa) noexcept {
#if COLMODERN_X86
  static const bool has_avx2 = probe_avx2();
  static const bool has_avx512vnni = probe_avx512vnni();
  if (isa == Isa::avx2) return has_avx2;
  if (isa == Isa::avx512vnni) return has_avx512vnni;
#endif
  return isa == Isa::scalar;
}

const Kernels& kernels_for(Isa isa) {
  if (!is_supported(isa)) {
    throw std::invalid_argument("this machine cannot run the kernels for " + std::string(name_of(isa)));
  }
#if COLMODERN_X86
  if (isa == Isa::avx2) return kAvx2;
  if (isa == Isa::avx512vnni) return kAvx512vnni;
#endif
  return kScalar;
}

}  // namespace colmodern
