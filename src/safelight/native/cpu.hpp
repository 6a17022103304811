// Which instruction sets the kernels may use on this machine, decided once a process.
#pragma once

namespace safelight {

enum class Isa { kScalar, kAvx2, kAvx512 };

// The best set this CPU has, or the one that the environment variable SAFELIGHT_ISA names ("scalar", "avx2",
// "avx512"; for tests and for measuring). Throws std::runtime_error if the variable names a set that is
// unknown or that the CPU lacks. kAvx2 implies FMA; kAvx512 implies F, BW, DQ and VL; a kernel that needs more
// asks for it itself.
Isa isa();

const char* name(Isa);

}  // namespace safelight
