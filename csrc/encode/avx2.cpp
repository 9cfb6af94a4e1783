// The floats of encoding for AVX2.
#include "encode/rows.h"

#if COLMODERN_X86

namespace colmodern {

COLMODERN_DEFINE_ENCODING(avx2, 8, __attribute__((target("avx2,fma,f16c"))))

}  // namespace colmodern

#endif
