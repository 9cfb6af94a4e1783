// The dense kernels with NEON.
#include "strips_neon.h"

#if COLMODERN_ARM

#include "dense/loops.h"

namespace colmodern {

COLMODERN_DEFINE_DENSE(neon)

}  // namespace colmodern

#endif
