// Which vector instructions the kernels may use, decided once a process.
#pragma once

namespace safelight {

enum class Isa { kScalar, kAvx2, kAvx512 };  // kScalar: whatever every machine of the architecture has

// The widest set that this machine and its kernel support. The environment variable SAFELIGHT_ISA
// (scalar, avx2, avx512) lowers it, so that tests can force each set in turn; it never raises it.
// kAvx2 implies FMA; kAvx512 implies F, BW, DQ and VL. Both are false on other architectures.
Isa isa();

const char* name(Isa);

}  // namespace safelight
