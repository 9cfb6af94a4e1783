// Which kernels run on this machine: probed once, then a table of function pointers.
#include <stdexcept>
#include <string>

#include "cpu.h"
#include "cpu_features.h"
#include "kernels.h"

#if COLMODERN_X86 && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace colmodern {
namespace {

#define COLMODERN_TABLE(isa)                                                                                           \
  Kernels {                                                                                                            \
    dense_scores_##isa, dense_maxima_##isa, dense_nearest_##isa, centroid_products_##isa, centroid_sums_##isa,         \
        group_maxima_##isa, rows_from_##isa, code_maxima_##isa, row_scores_##isa, raise_nearest_##isa, greatest_##isa, \
        unit_rows_##isa, round_rows_##isa, code_context_##isa, code_rows_##isa                                         \
  }

constexpr Kernels kScalar = COLMODERN_TABLE(scalar);
#if COLMODERN_X86
constexpr Kernels kAvx2 = COLMODERN_TABLE(avx2);
constexpr Kernels kAvxvnni = [] {
  Kernels kernels = kAvx2;
  kernels.centroid_products = centroid_products_avxvnni;
  kernels.code_maxima = code_maxima_avxvnni;
  kernels.row_scores = row_scores_avxvnni;
  kernels.raise_nearest = raise_nearest_avxvnni;
  return kernels;
}();
constexpr Kernels kAvx512vnni = COLMODERN_TABLE(avx512vnni);
constexpr Kernels kAmx = [] {
  Kernels kernels = kAvx512vnni;
  kernels.code_maxima = code_maxima_amx;
  return kernels;
}();
#endif
#if COLMODERN_ARM
// `encode` is one text for all instruction sets, and vectors are in the baseline.
constexpr Kernels kNeon{dense_scores_neon,  dense_maxima_neon,   dense_nearest_neon, centroid_products_neon,
                        centroid_sums_neon, group_maxima_neon,   rows_from_neon,     code_maxima_neon,
                        row_scores_neon,    raise_nearest_neon,  greatest_neon,      unit_rows_scalar,
                        round_rows_scalar,  code_context_scalar, code_rows_scalar};
#endif
#undef COLMODERN_TABLE

#if COLMODERN_X86
bool probe_avx2() noexcept { return features().avx2 && features().fma && features().f16c; }

bool probe_avxvnni() noexcept { return probe_avx2() && features().avxvnni; }

bool probe_avx512vnni() noexcept {
  const Features& has = features();
  return probe_avx2() && has.avx512f && has.avx512bw && has.avx512vl && has.avx512vnni;
}

// Linux lets a process use tiles when it has asked, and not where its signal stacks are too small for them.
bool probe_amx() noexcept {
  if (!probe_avx512vnni() || !features().avx512dq || !features().avx512bf16) return false;
#if defined(COLMODERN_EMULATED_TILES)
  return true;
#elif defined(__linux__)
  constexpr int kRequest = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTiles = 18;
  const Features& has = features();
  return has.amx_tile && has.amx_int8 && has.amx_bf16 && syscall(SYS_arch_prctl, kRequest, kTiles) == 0;
#else
  return false;
#endif
}
#endif

}  // namespace

const char* name_of(Isa isa) noexcept {
  switch (isa) {
    case Isa::avx2: return "avx2";
    case Isa::avxvnni: return "avxvnni";
    case Isa::avx512vnni: return "avx512vnni";
    case Isa::neon: return "neon";
    case Isa::amx: return "amx";
    case Isa::scalar: break;
  }
  return "scalar";
}

bool is_supported(Isa isa) noexcept {
#if COLMODERN_X86
  static const bool has_avx2 = probe_avx2();
  static const bool has_avxvnni = probe_avxvnni();
  static const bool has_avx512vnni = probe_avx512vnni();
  if (isa == Isa::avx2) return has_avx2;
  if (isa == Isa::avxvnni) return has_avxvnni;
  static const bool has_amx = probe_amx();
  if (isa == Isa::avx512vnni) return has_avx512vnni;
  if (isa == Isa::amx) return has_amx;
#elif COLMODERN_ARM
  if (isa == Isa::neon) return features().dotprod;
#endif
  return isa == Isa::scalar;
}

const Kernels& kernels_for(Isa isa) {
  if (!is_supported(isa)) {
    throw std::invalid_argument("this machine cannot run the kernels for " + std::string(name_of(isa)));
  }
#if COLMODERN_X86
  if (isa == Isa::avx2) return kAvx2;
  if (isa == Isa::avxvnni) return kAvxvnni;
  if (isa == Isa::avx512vnni) return kAvx512vnni;
  if (isa == Isa::amx) return kAmx;
#elif COLMODERN_ARM
  if (isa == Isa::neon) return kNeon;
#endif
  return kScalar;
}

}  // namespace colmodern
