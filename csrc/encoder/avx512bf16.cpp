// Products of bfloat16 with AVX-512 BF16, summed in float32.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <cmath>
#include <cstring>

#define COLMODERN_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c")))
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))

#include "encoder/lanes_avx512.h"

#include "encoder/exponential.h"

#include "encoder/attention.h"
#include "encoder/brain_op.h"
#include "encoder/linear.h"

namespace colmodern::encoder {

const LinearKernels kBrain_avx512bf16 = linear_of<BrainOp>(convert_to_brain);
const AttentionKernels kBrainAttention_avx512bf16 = attention_of<BrainOp>();

}  // namespace colmodern::encoder

#endif
