// How a function may use the dot product of Armv8.2.
#pragma once

// Apple's compiler has it in its baseline, and older ones take no attribute for it.
#if defined(__ARM_FEATURE_DOTPROD)
#define COLMODERN_TARGET
#else
#define COLMODERN_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif
#define COLMODERN_INLINE COLMODERN_TARGET inline __attribute__((always_inline))
