// The forward pass with AVX2 and FMA: float32, and linear layers in bytes with attention in words.
#include "encoder/kernels.h"

#if COLMODERN_X86

#include <algorithm>
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
#include "encoder/word_attention.h"
#include "encoder/word_linear.h"

namespace colmodern::encoder {
namespace {

using Single = SingleOp<1>;

}  // namespace

const RowKernels kRows_avx2{widen, norm, gated<gelu_of>, gated<rough_gelu_of>, gelu, normalise};
const LinearKernels kSingle_avx2 = linear_of<Single>(convert_rows<Single>);
const LinearKernels kBytes_avx2{4, kLanes, convert_to_bytes, multiply_in_words, spread, true};
const AttentionKernels kSingleAttention_avx2 = attention_of<Single>();
const AttentionKernels kByteAttention_avx2{2,
                                           kLanes,
                                           0,
                                           place_turned_as_words,
                                           place_turned_as_words,
                                           place_values_as_words,
                                           attend_in_words,
                                           word_attention_bytes};

}  // namespace colmodern::encoder

#endif
