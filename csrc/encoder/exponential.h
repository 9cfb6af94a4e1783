// exp2 and gelu of sixteen lanes: one text, compiled for each instruction set by the file that includes it.

namespace colmodern::encoder {
namespace {

// 2^x by a minimax polynomial on [-1/2, 1/2]: relative error 8e-5 with degree 3, 2e-7 with degree 5. 0 below -126.
template <int Degree>
COLMODERN_INLINE Floats exp2_of(Floats x) {
  const Floats whole = rounded(x);
  const Floats f = x - whole;
  Floats p;
  if constexpr (Degree == 3) {
    p = multiply_add(fill(5.517166853e-02F), f, fill(2.426111251e-01F));
    p = multiply_add(p, f, fill(6.932609677e-01F));
    p = multiply_add(p, f, fill(9.999280572e-01F));
  } else {
    static_assert(Degree == 5);
    p = multiply_add(fill(1.327647245e-03F), f, fill(9.675540961e-03F));
    p = multiply_add(p, f, fill(5.550713092e-02F));
    p = multiply_add(p, f, fill(2.402212024e-01F));
    p = multiply_add(p, f, fill(6.931469440e-01F));
    p = multiply_add(p, f, fill(1.0F));
  }
  return times_power(p, whole);
}

// x / (1 + 2^(x h(x^2))), as colmodern/encoder/forward/arithmetic.py has it with the natural exponential; exact to
// 3e-7 max(1, |x|). Beyond |x| = 8 the power is as good as 0 or infinite.
COLMODERN_INLINE Floats gelu_of(Floats x) {
  const Floats square = minimum(x * x, fill(64.0F));
  Floats h = multiply_add(fill(-5.209904060e-09F), square, fill(3.850447820e-07F));
  h = multiply_add(h, square, fill(-1.145242640e-05F));
  h = multiply_add(h, square, fill(1.593893853e-04F));
  h = multiply_add(h, square, fill(9.559302506e-05F));
  h = multiply_add(h, square, fill(-1.048385814e-01F));
  h = multiply_add(h, square, fill(-2.302207200e+00F));
  const Floats power = exp2_of<5>(minimum(maximum(x * h, fill(-126.0F)), fill(126.0F)));
  return x / (fill(1.0F) + power);
}

// The same, exact to 2e-4 max(1, |x|).
COLMODERN_INLINE Floats rough_gelu_of(Floats x) {
  const Floats near = minimum(maximum(x, fill(-8.0F)), fill(8.0F));
  const Floats square = near * near;
  Floats h = multiply_add(fill(1.016485620e-03F), square, fill(-1.067894260e-01F));
  h = multiply_add(h, square, fill(-2.301106270e+00F));
  return x * rough_inverse(fill(1.0F) + exp2_of<3>(near * h));
}

}  // namespace
}  // namespace colmodern::encoder
