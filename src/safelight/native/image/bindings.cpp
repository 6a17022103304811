// The Python face of this room: thin bindings only.
#include <nanobind/nanobind.h>

namespace nb = nanobind;

NB_MODULE(_images, m) { m.doc() = "See the headers in native/image."; }
