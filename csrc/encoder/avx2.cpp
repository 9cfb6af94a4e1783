// The forward pass with AVX2 and FMA: float32, and linear layers in bytes.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <cmath>
#include <cstring>

#define COLMODERN_TARGET __attribute__((target("avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx2.h"

#include "encoder/conversion.h"
#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/linear.h"
#include "encoder/rows.h"
#include "encoder/word_linear.h"

namespace colmodern::encoder {
namespace {

using Single = SingleOp<1>;

}  // namespace

const RowKernels kRows_avx2{widen, norm, gated<gelu_of>, gated<rough_gelu_of>, gelu, normalise};
const LinearKernels kSingle_avx2 = linear_of<Single>(convert_rows<Single>);
const LinearKernels kBytes_avx2{4, kLanes, convert_to_bytes, multiply_in_words, spread, true};
const AttentionKernels kSingleAttention_avx2 = attention_of<Single>();
// Powers of two by a look-up in words would take longer than products of floats do.
const AttentionKernels kByteAttention_avx2 = kSingleAttention_avx2;

}  // namespace colmodern::encoder

#endif
