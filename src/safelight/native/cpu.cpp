// Asks the CPU, not the compiler, so that one build serves every machine of an architecture.
#include "cpu.hpp"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace safelight {
namespace {

Isa best() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (avx2 && avx512) return Isa::kAvx512;
  if (avx2) return Isa::kAvx2;
#endif
  return Isa::kScalar;
}

Isa choose() {
  const Isa have = best();
  const char* wanted = std::getenv("SAFELIGHT_ISA");
  if (wanted == nullptr || *wanted == '\0') return have;
  for (const Isa candidate : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    if (std::strcmp(name(candidate), wanted) != 0) continue;
    if (candidate <= have) return candidate;
    throw std::runtime_error("SAFELIGHT_ISA=" + std::string(wanted) + ": this CPU offers at most " +
                             name(have) + "; unset the variable");
  }
  throw std::runtime_error("SAFELIGHT_ISA must be scalar, avx2 or avx512, not '" + std::string(wanted) + "'");
}

}  // namespace

Isa isa() {
  static const Isa chosen = choose();
  return chosen;
}

const char* name(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx2: return "avx2";
    case Isa::kScalar: break;
  }
  return "scalar";
}

}  // namespace safelight
