// MaxSim over codes with AVX2.
#include "strips_avx2.h"

#if COLMODERN_X86

#include "maxsim_codes/levels_avx2.h"

#include "maxsim_codes/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CODE_MAXIMA(avx2)

}  // namespace colmodern

#endif
