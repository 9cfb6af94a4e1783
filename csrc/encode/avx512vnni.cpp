// The floats of encoding for AVX-512.
#include "encode/rows.h"

#if COLMODERN_X86

namespace colmodern {

COLMODERN_DEFINE_ENCODING(avx512vnni, 16, __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c"))))

}  // namespace colmodern

#endif
