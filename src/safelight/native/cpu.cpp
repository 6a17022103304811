#include "cpu.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace safelight {
namespace {

Isa supported() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx512 ? Isa::kAvx512 : avx2 ? Isa::kAvx2 : Isa::kScalar;
#else
  return Isa::kScalar;
#endif
}

Isa choose() {
  const char* wanted = std::getenv("SAFELIGHT_ISA");
  for (Isa each : {Isa::kScalar, Isa::kAvx2})
    if (wanted != nullptr && std::strcmp(wanted, name(each)) == 0) return std::min(each, supported());
  return supported();
}

}  // namespace

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

const char* name(Isa each) {
  switch (each) {
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx2: return "avx2";
    case Isa::kScalar: break;
  }
  return "scalar";
}

}  // namespace safelight
