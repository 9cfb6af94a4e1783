// MaxSim over codes with AVX-VNNI: AVX2, but for the products of bytes.
#define COLMODERN_VNNI_STRIPS
#include "strips_avx2.h"

#if COLMODERN_X86

#include "maxsim_codes/levels_avx2.h"

#include "maxsim_codes/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CODE_MAXIMA(avxvnni)

}  // namespace colmodern

#endif
