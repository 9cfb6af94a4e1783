// Centroids with AVX2.
#include "strips_avx2.h"

#if COLMODERN_X86

#include "centroids/lines_avx2.h"
#include "centroids/signed_tile.h"

#include "centroids/loops.h"

namespace colmodern {

COLMODERN_DEFINE_CENTROIDS(avx2)

}  // namespace colmodern

#endif
