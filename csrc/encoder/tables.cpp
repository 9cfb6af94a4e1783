// Which loops belong to an instruction set, and which precisions it has.
#include "cpu_features.h"
#include "encoder/kernels.h"
#include "encoder/model.h"

namespace colmodern::encoder {

bool has_brain_products() noexcept { return features().avx512bf16 && features().avx512dq; }

Tables tables_for(Isa isa) {
#define COLMODERN_TABLES(isa)                                                                                     \
  Tables {                                                                                                        \
    &kRows_##isa, &kSingle_##isa, nullptr, &kBytes_##isa, &kSingleAttention_##isa, nullptr, &kByteAttention_##isa \
  }
#if COLMODERN_X86
  if (isa == Isa::amx) {
    Tables tables = COLMODERN_TABLES(avx512vnni);
    tables.brain = &kBrain_amx;
    tables.bytes = &kBytes_amx;
    tables.brain_attention = &kBrainAttention_amx;
    tables.byte_attention = &kByteAttention_amx;
    return tables;
  }
  if (isa == Isa::avx512vnni) {
    Tables tables = COLMODERN_TABLES(avx512vnni);
    if (has_brain_products()) {
      tables.brain = &kBrain_avx512bf16;
      tables.brain_attention = &kBrainAttention_avx512bf16;
    }
    return tables;
  }
  if (isa == Isa::avxvnni) {
    Tables tables = COLMODERN_TABLES(avx2);
    tables.bytes = &kBytes_avxvnni;
    tables.byte_attention = &kByteAttention_avxvnni;
    return tables;
  }
  if (isa == Isa::avx2) return COLMODERN_TABLES(avx2);
#elif COLMODERN_ARM
  if (isa == Isa::neon) {
    Tables tables = COLMODERN_TABLES(neon);
#if COLMODERN_I8MM
    if (features().i8mm) tables.bytes = &kBytes_i8mm;
#endif
    return tables;
  }
#endif
  return COLMODERN_TABLES(scalar);
#undef COLMODERN_TABLES
}

bool can_run(Isa isa, Precision precision) noexcept {
  return is_supported(isa) && (precision != Precision::bf16 || tables_for(isa).brain != nullptr);
}

}  // namespace colmodern::encoder
