// The forward pass with AVX-512: float32, and bytes by VNNI.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <algorithm>
#include <cmath>
#include <cstring>

#define COLMODERN_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx512.h"

#include "encoder/conversion.h"
#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/byte_attention.h"
#include "encoder/byte_op.h"
#include "encoder/linear.h"
#include "encoder/rows.h"

namespace colmodern::encoder {
namespace {

using Single = SingleOp<4>;

}  // namespace

const RowKernels kRows_avx512vnni{widen, norm, gated<gelu_of>, gated<rough_gelu_of>, gelu, normalise};
const LinearKernels kSingle_avx512vnni = linear_of<Single>(convert_rows<Single>);
const LinearKernels kBytes_avx512vnni = linear_of<ByteOp>(convert_to_bytes, spread);
const AttentionKernels kSingleAttention_avx512vnni = attention_of<Single>();
const AttentionKernels kByteAttention_avx512vnni = byte_attention_of<ByteOp>();

}  // namespace colmodern::encoder

#endif
