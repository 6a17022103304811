// Picks the kernels once; a search never asks the CPU again.
#include "kernels.hpp"

#include "cpu.hpp"

namespace safelight::hamming {

namespace {

struct Choice {
  Isa isa;
  const Kernels* kernels;
};

Choice choose() {
#if defined(__x86_64__)
  const Isa allowed = isa();
  if (allowed == Isa::kAvx512 && __builtin_cpu_supports("avx512vpopcntdq") &&
      __builtin_cpu_supports("avx512bitalg")) {
    return {Isa::kAvx512, &kAvx512Kernels};
  }
  if (allowed >= Isa::kAvx2 && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi2")) {
    return {Isa::kAvx2, &kAvx2Kernels};
  }
#endif
  return {Isa::kScalar, &kScalarKernels};
}

const Choice& chosen() {
  static const Choice choice = choose();
  return choice;
}

}  // namespace

const Kernels& kernels() { return *chosen().kernels; }

Isa kernels_isa() { return chosen().isa; }

}  // namespace safelight::hamming
