// MaxSim over codes with AVX-512 VNNI.
#include "strips_avx512.h"

#if COLMODERN_X86

#include "runs.h"

#include "maxsim_codes/unpack.h"

namespace colmodern {
namespace {

constexpr std::int64_t kLine = 64;

COLMODERN_INLINE void store_levels(std::uint8_t* to, __m512i levels) { _mm512_store_si512(to, levels); }

}  // namespace
}  // namespace colmodern

#include "maxsim_codes/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CODE_MAXIMA(avx512vnni)

}  // namespace colmodern

#endif
