// The floats of encoding for the baseline of the architecture.
#include "encode/rows.h"

namespace colmodern {

COLMODERN_DEFINE_ENCODING(scalar, 4, )

}  // namespace colmodern
