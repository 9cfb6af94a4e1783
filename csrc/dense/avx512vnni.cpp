// The dense kernels with AVX-512 VNNI.
#include "strips_avx512.h"

#if COLMODERN_X86

#include "dense/loops.h"

namespace colmodern {

COLMODERN_DEFINE_DENSE(avx512vnni)

}  // namespace colmodern

#endif
