// The dense kernels with AVX2.
#include "strips_avx2.h"

#if COLMODERN_X86

#include "dense/loops.h"

namespace colmodern {

COLMODERN_DEFINE_DENSE(avx2)

}  // namespace colmodern

#endif
