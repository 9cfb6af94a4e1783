// Products of bytes with AVX-512 VNNI and with AVX-VNNI, as an instruction: GCC 12 to 14 keep each sum of a tile in two
// registers by turns when it is an intrinsic, which costs a move for every product.
#pragma once

#include <immintrin.h>

namespace colmodern {

// sum + the products of unsigned and signed bytes, in fours.
__attribute__((target("avx512f"), always_inline)) inline __m512i add_products(__m512i sum, __m512i positive,
                                                                              __m512i with_sign) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(positive), "vm"(with_sign));
  return sum;
}

// The same with AVX-VNNI.
__attribute__((target("avx2"), always_inline)) inline __m256i add_products(__m256i sum, __m256i positive,
                                                                           __m256i with_sign) {
  asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(positive), "xm"(with_sign));
  return sum;
}

}  // namespace colmodern
