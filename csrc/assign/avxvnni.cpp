// Assignment with AVX-VNNI: AVX2, but for the products of bytes.
#define COLMODERN_VNNI_STRIPS
#include "strips_avx2.h"

#if COLMODERN_X86

#include "assign/loops.h"

#include "assign/above_avx2.h"

namespace colmodern {

COLMODERN_DEFINE_ASSIGNMENT(avxvnni, Ymm)

}  // namespace colmodern

#endif
