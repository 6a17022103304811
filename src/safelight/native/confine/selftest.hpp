// Proves a child's walls from inside, by trying harmless forms of what they forbid.
#pragma once

#include "confine/confine.hpp"

namespace safelight::confine {

// Runs in a confined child. Sends {"confinement": {...}}, {"attempt": {"name", "refused", "errno"}} for each
// thing tried, and {"end": {"parts": attempts}}. Where an attempt comes through it does no harm: signal 0,
// arguments that fail after the right to call was checked. Returns the exit code.
int self_test(const Walls&);

}  // namespace safelight::confine
