// The Python face of this room: thin bindings only.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "image/hash_file.hpp"

namespace nb = nanobind;

NB_MODULE(_images, m) {
  m.doc() = "JPEG, PNG and WebP from a descriptor to PDQ hashes; see the headers in native/image.";
  m.def(
      "hash_unprotected",
      [](int fd, std::uint64_t max_pixels) {
        std::vector<std::string> messages;
        {
          nb::gil_scoped_release unlocked;
          safelight::image::hash_file(fd, max_pixels, [&messages](std::string_view message) {
            messages.emplace_back(message);
            return true;
          });
        }
        return messages;
      },
      nb::arg("fd"), nb::arg("max_pixels"));
}
