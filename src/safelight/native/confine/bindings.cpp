// The Python face of this room: thin bindings only.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

NB_MODULE(_confine, m) { m.doc() = "See the headers in native/confine."; }
