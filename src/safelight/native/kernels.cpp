// The Python face of the kernels: thin bindings only; each room below binds its own functions.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

NB_MODULE(_kernels, m) { m.doc() = "Native kernels of Safelight."; }
