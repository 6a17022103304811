#include "kernels.hpp"

#include "cpu.hpp"

namespace safelight::pdq {

extern const Kernels kernels_scalar;
#if defined(__x86_64__)
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

const Kernels& kernels() {
#if defined(__x86_64__)
  switch (isa()) {
    case Isa::kAvx512: return kernels_avx512;
    case Isa::kAvx2: return kernels_avx2;
    case Isa::kScalar: break;
  }
#endif
  return kernels_scalar;
}

}  // namespace safelight::pdq
