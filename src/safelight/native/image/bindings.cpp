// The Python face of this room: thin bindings only.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "image/baseline/kernels.hpp"
#include "image/hash_file.hpp"
#include "image/reader.hpp"

namespace nb = nanobind;
namespace image = safelight::image;

namespace {

class Collected final : public image::Sink {
 public:
  explicit Collected(std::size_t row_bytes) : row_bytes_(row_bytes) {}

  void push(const std::uint8_t* rows, std::ptrdiff_t stride, int count) override {
    for (; count > 0; --count, rows += stride) pixels.append(reinterpret_cast<const char*>(rows), row_bytes_);
  }
  void start_over() override { pixels.clear(); }

  std::string pixels;

 private:
  std::size_t row_bytes_;
};

// The pixels of a JPEG as stored, by either decoder, and how it ended: for the test that both say the same.
nb::object jpeg_pixels(int fd, std::uint64_t max_pixels, bool by_library) {
  const image::File file(fd);
  const auto reader = image::read_jpeg(file, by_library ? image::JpegBy::kLibrary : image::JpegBy::kFastest);
  image::Header header;
  const image::Ending opened = reader->open(header);
  if (opened.kind != image::Ending::Kind::kWell) return nb::none();
  if (std::uint64_t{header.width} * header.height > max_pixels) return nb::none();
  const std::size_t row_bytes = std::size_t{header.width} * static_cast<std::size_t>(header.channels);
  Collected decoded(row_bytes), again(row_bytes);
  const image::Ending ending = reader->decode(decoded);
  const bool kept = ending.kind == image::Ending::Kind::kWell && reader->repeat(again);
  if (kept && again.pixels != decoded.pixels) throw std::runtime_error("the rows differ when repeated");
  return nb::make_tuple(nb::bytes(decoded.pixels.data(), decoded.pixels.size()), static_cast<int>(ending.kind),
                        ending.detail, kept);
}

}  // namespace

NB_MODULE(_images, m) {
  m.doc() = "JPEG, PNG and WebP from a descriptor to PDQ hashes; see the headers in native/image.";
  m.def(
      "hash_unprotected",
      [](int fd, std::uint64_t max_pixels) {
        std::vector<std::string> messages;
        {
          nb::gil_scoped_release unlocked;
          image::hash_file(fd, max_pixels, [&messages](std::string_view message) {
            messages.emplace_back(message);
            return true;
          });
        }
        return messages;
      },
      nb::arg("fd"), nb::arg("max_pixels"));
  m.def("own_jpeg_decoder", &image::baseline::kernels_usable);
  m.def("jpeg_pixels", &jpeg_pixels, nb::arg("fd"), nb::arg("max_pixels"), nb::arg("by_library"));
}
