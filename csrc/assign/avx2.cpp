// Assignment with AVX2.
#include "strips_avx2.h"

#if COLMODERN_X86

#include "assign/loops.h"

#include "assign/above_avx2.h"

namespace colmodern {

COLMODERN_DEFINE_ASSIGNMENT(avx2, Ymm)

}  // namespace colmodern

#endif
