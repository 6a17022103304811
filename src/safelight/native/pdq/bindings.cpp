// The Python face of this room: thin bindings only.
#include <nanobind/nanobind.h>
#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "conclude.hpp"
#include "cpu.hpp"
#include "fast.hpp"
#include "pdq.hpp"
#include "reference.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

namespace pdq = safelight::pdq;

// A C-contiguous buffer for as long as this lives; nothing else is asked of the object, so NumPy is not needed.
class Buffer {
 public:
  explicit Buffer(nb::handle object) {
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
  }
  ~Buffer() { PyBuffer_Release(&view_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  const std::uint8_t* data() const { return static_cast<const std::uint8_t*>(view_.buf); }
  std::int64_t size() const { return view_.len; }

 private:
  Py_buffer view_{};
};

struct Picture {
  int width, height, channels, orientation;
  std::ptrdiff_t stride;
};

constexpr int kMaximumSide = 1 << 20;  // far beyond any format's; keeps every product below within 64 bits

Picture picture(int width, int height, int channels, std::int64_t stride, int orientation) {
  if (width < 1 || height < 1 || width > kMaximumSide || height > kMaximumSide)
    throw std::invalid_argument("width and height must be 1 to " + std::to_string(kMaximumSide) + ", not " +
                                std::to_string(width) + " x " + std::to_string(height));
  if (channels != 1 && channels != 3)
    throw std::invalid_argument("channels must be 1 (grey) or 3 (RGB), not " + std::to_string(channels));
  if (orientation < 1 || orientation > 8)
    throw std::invalid_argument("orientation must be an EXIF value of 1 to 8, not " + std::to_string(orientation));
  const std::int64_t row = std::int64_t{width} * channels;
  if (stride == 0) stride = row;
  if (stride < row)
    throw std::invalid_argument("a stride of " + std::to_string(stride) + " bytes is shorter than a row of " +
                                std::to_string(row));
  return {width, height, channels, orientation, static_cast<std::ptrdiff_t>(stride)};
}

// How many whole rows lie in the buffer; the last one may lack the padding that its stride asks for.
std::int64_t rows_in(const Buffer& buffer, const Picture& p) {
  const std::int64_t row = std::int64_t{p.width} * p.channels;
  return buffer.size() < row ? 0 : (buffer.size() - row) / p.stride + 1;
}

void require_whole(const Buffer& buffer, const Picture& p) {
  if (rows_in(buffer, p) < p.height)
    throw std::invalid_argument("the buffer of " + std::to_string(buffer.size()) + " bytes holds " +
                                std::to_string(rows_in(buffer, p)) + " of " + std::to_string(p.height) + " rows");
}

nb::tuple to_tuple(const pdq::Result& result) {
  nb::list hashes;
  for (const pdq::Hash& hash : result.hashes) hashes.append(nb::bytes(hash.data(), hash.size()));
  return nb::make_tuple(nb::tuple(hashes), result.quality, result.certain);
}

pdq::Result run(const Buffer& buffer, const Picture& p, pdq::Arithmetic arithmetic, std::int64_t rows, int chunk) {
  pdq::Stream stream(p.width, p.height, p.channels, p.orientation, arithmetic);
  for (std::int64_t y = 0; y < rows; y += chunk)
    stream.push(buffer.data() + y * p.stride, p.stride, static_cast<int>(std::min<std::int64_t>(chunk, rows - y)));
  return stream.finish();
}

nb::tuple hash(nb::handle pixels, int width, int height, int channels, std::int64_t stride, int orientation) {
  const Picture p = picture(width, height, channels, stride, orientation);
  const Buffer buffer(pixels);
  require_whole(buffer, p);
  pdq::Result result;
  {
    nb::gil_scoped_release unlocked;
    result = run(buffer, p, pdq::Arithmetic::kFast, p.height, p.height);
    if (!result.certain) {
      result = run(buffer, p, pdq::Arithmetic::kReference, p.height, p.height);
      result.certain = false;
    }
  }
  return to_tuple(result);
}

nb::tuple hash_reference(nb::handle pixels, int width, int height, int channels, std::int64_t stride,
                         int orientation) {
  const Picture p = picture(width, height, channels, stride, orientation);
  const Buffer buffer(pixels);
  require_whole(buffer, p);
  pdq::Result result;
  {
    nb::gil_scoped_release unlocked;
    result = run(buffer, p, pdq::Arithmetic::kReference, p.height, p.height);
  }
  return to_tuple(result);
}

nb::tuple stream(nb::handle pixels, int width, int height, int channels, std::int64_t stride, int orientation,
                 int chunk, bool reference) {
  const Picture p = picture(width, height, channels, stride, orientation);
  if (chunk < 1) throw std::invalid_argument("chunk must be at least 1 row");
  const Buffer buffer(pixels);
  pdq::Result result;
  {
    nb::gil_scoped_release unlocked;
    result = run(buffer, p, reference ? pdq::Arithmetic::kReference : pdq::Arithmetic::kFast,
                 std::min<std::int64_t>(rows_in(buffer, p), p.height), chunk);
  }
  return to_tuple(result);
}

nb::tuple rounding(nb::handle pixels, int width, int height, int channels) {
  const Picture p = picture(width, height, channels, 0, 1);
  const Buffer buffer(pixels);
  require_whole(buffer, p);
  pdq::FastSampler fast(width, height, channels, pdq::Orientation(1));
  pdq::ReferenceSampler exact(width, height, channels, pdq::Orientation(1));
  fast.push(buffer.data(), p.stride, height);
  exact.push(buffer.data(), p.stride, height);
  const pdq::RoundingShare share =
      pdq::share_of_bound(fast.finish(), exact.finish(), pdq::Rounding(width, height));
  return nb::make_tuple(share.coefficients, share.gradients, fast.texture_bits());
}

int hamming(nb::bytes a, nb::bytes b) {
  if (a.size() != pdq::kHashBytes || b.size() != pdq::kHashBytes)
    throw std::invalid_argument("a PDQ hash is 32 bytes; these are " + std::to_string(a.size()) + " and " +
                                std::to_string(b.size()));
  int distance = 0;
  for (std::size_t i = 0; i < pdq::kHashBytes; i += sizeof(std::uint64_t)) {
    std::uint64_t left, right;
    std::memcpy(&left, static_cast<const char*>(a.data()) + i, sizeof left);
    std::memcpy(&right, static_cast<const char*>(b.data()) + i, sizeof right);
    distance += __builtin_popcountll(left ^ right);
  }
  return distance;
}

}  // namespace

NB_MODULE(_pdq, m) {
  m.doc() = "See the headers in native/pdq.";
  m.def("hash", &hash, "pixels"_a, "width"_a, "height"_a, "channels"_a, "stride"_a = 0, "orientation"_a = 1);
  m.def("hash_reference", &hash_reference, "pixels"_a, "width"_a, "height"_a, "channels"_a, "stride"_a = 0,
        "orientation"_a = 1);
  m.def("stream", &stream, "pixels"_a, "width"_a, "height"_a, "channels"_a, "stride"_a = 0, "orientation"_a = 1,
        "chunk"_a = 1, "reference"_a = false);
  m.def("rounding", &rounding, "pixels"_a, "width"_a, "height"_a, "channels"_a);
  m.def("hamming", &hamming, "a"_a, "b"_a);
  m.def("isa", [] { return safelight::name(safelight::isa()); });
}
