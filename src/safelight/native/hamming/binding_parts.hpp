// What the bindings of both kinds of index share: arrays in and out, and what every index tells of itself.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "build.hpp"
#include "index_file.hpp"
#include "mapping.hpp"

namespace safelight::hamming {

namespace nb = nanobind;
using namespace nb::literals;

using ByteRows = nb::ndarray<const std::uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const std::uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <typename T>
using Array = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

inline Key key_from(const nb::bytes& bytes) {
  Key key;
  if (bytes.size() != key.size()) throw std::invalid_argument("a layout key has 32 bytes");
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

template <typename T>
Array<T> array_of(std::vector<T>&& values) {
  auto* owned = new std::vector<T>(std::move(values));
  const nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Array<T>(owned->data(), {owned->size()}, owner);
}

inline Array<bool> flags_of(const std::vector<std::uint8_t>& values) {
  auto* owned = new bool[values.size() + 1];
  std::copy(values.begin(), values.end(), owned);
  const nb::capsule owner(owned, [](void* p) noexcept { delete[] static_cast<bool*>(p); });
  return Array<bool>(owned, {values.size()}, owner);
}

inline void check_width(const ByteRows& values, std::size_t width) {
  if (values.shape(1) != width) {
    throw std::invalid_argument("expected an array of shape (n, " + std::to_string(width) + "), got (n, " +
                                std::to_string(values.shape(1)) + ")");
  }
}

inline void check_pairs(const ByteRows& values, std::size_t width, const Numbers& rows) {
  check_width(values, width);
  if (values.shape(0) != rows.shape(0)) throw std::invalid_argument("as many rows as values are needed");
}

// The records of a build: arrays, or raw files of the same bytes.
class Records {
 public:
  Records(const nb::object& values, std::size_t width, const nb::object& rows) {
    values_ = open(values, value_array_, value_file_, [&](const ByteRows& array) {
      check_width(array, width);
      return array.shape(0) * width;
    });
    const std::uint64_t value_bytes = size_;
    rows_ = open(rows, row_array_, row_file_,
                 [](const Numbers& array) { return array.shape(0) * sizeof(std::uint64_t); });
    if (value_bytes % width != 0 || size_ % sizeof(std::uint64_t) != 0 || value_bytes / width != size_ / 8) {
      throw std::invalid_argument("as many rows of 8 bytes as values of " + std::to_string(width) +
                                  " bytes are needed");
    }
    count = size_ / 8;
  }

  const std::uint8_t* values() const { return values_; }
  const std::uint64_t* rows() const { return reinterpret_cast<const std::uint64_t*>(rows_); }
  std::uint64_t count = 0;

 private:
  template <typename A, typename Size>
  const std::uint8_t* open(const nb::object& source, A& array, std::optional<Mapping>& file, Size size) {
    if (nb::isinstance<nb::str>(source)) {
      file.emplace(Mapping::whole(nb::cast<std::string>(source)));
      size_ = file->size();
      return file->data();
    }
    array = nb::cast<A>(source);
    size_ = size(array);
    return reinterpret_cast<const std::uint8_t*>(array.data());
  }

  ByteRows value_array_;
  Numbers row_array_;
  std::optional<Mapping> value_file_, row_file_;
  const std::uint8_t *values_ = nullptr, *rows_ = nullptr;
  std::uint64_t size_ = 0;
};

inline BuildOptions options_from(const std::string& path, const nb::bytes& stamp, const nb::object& progress,
                          std::size_t buffer_bytes) {
  if (stamp.size() > kMaxStampBytes) throw std::invalid_argument("a stamp has at most 256 bytes");
  BuildOptions options;
  options.path = path;
  options.stamp.assign(stamp.c_str(), stamp.size());
  options.buffer_bytes = buffer_bytes;
  options.progress = [callback = nb::handle(progress)](const char* phase, double fraction) {
    const nb::gil_scoped_acquire python;
    if (PyErr_CheckSignals() != 0) nb::raise_python_error();   // Ctrl-C ends a build at once
    if (!callback.is_none()) callback(phase, fraction);
  };
  return options;
}

template <typename D>
Array<bool> hidden(const D& delta, const Numbers& rows) {
  std::vector<std::uint8_t> flags(rows.shape(0));
  {
    const nb::gil_scoped_release work;
    const auto held = delta.read();
    for (std::size_t i = 0; i < flags.size(); ++i) flags[i] = delta.hides(rows.data()[i]);
  }
  return flags_of(flags);
}

template <typename D>
void add(D& delta, std::size_t width, const ByteRows& values, const Numbers& rows) {
  check_pairs(values, width, rows);
  const nb::gil_scoped_release work;
  delta.add(values.data(), rows.data(), rows.shape(0));
}

template <typename D>
void withdraw(D& delta, const Numbers& rows) {
  const nb::gil_scoped_release work;
  delta.withdraw(rows.data(), rows.shape(0));
}

inline nb::tuple verify(const IndexFile& file, std::uint64_t start_block, std::optional<std::uint64_t> blocks) {
  IndexFile::Verified result{};
  {
    const nb::gil_scoped_release work;
    result = file.verify(start_block, blocks.value_or(file.blocks()));
  }
  return nb::make_tuple(result.checked, result.first_bad);
}

// What both kinds of index file tell about themselves.
template <typename S>
void describe(nb::class_<S>& cls) {
  cls.def("__len__", [](const S& s) { return s.file().header().unique; })
      .def_prop_ro("rows", [](const S& s) { return s.file().header().rows; })
      .def_prop_ro("bytes", [](const S& s) { return s.file().header().file_bytes; })
      .def_prop_ro("path", [](const S& s) { return s.file().path(); })
      .def_prop_ro("stamp",
                   [](const S& s) { return nb::bytes(s.file().stamp().data(), s.file().stamp().size()); })
      .def("blocks", [](const S& s) { return s.file().blocks(); })
      .def("verify",
           [](const S& s, std::uint64_t start_block, std::optional<std::uint64_t> blocks) {
             return verify(s.file(), start_block, blocks);
           },
           "start_block"_a = 0, "blocks"_a = nb::none());
}

template <typename D>
void describe_delta(nb::class_<D>& cls) {
  cls.def("__len__", &D::size)
      .def_prop_ro("withdrawn", &D::withdrawn)
      .def("withdraw", &withdraw<D>, "rows"_a)
      .def("hidden", &hidden<D>, "rows"_a);
}

void bind_exact(nb::module_&);

}  // namespace safelight::hamming
