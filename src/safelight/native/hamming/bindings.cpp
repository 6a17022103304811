// The Python face of this room: thin bindings only. The lock of the interpreter is released during work.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "answers.hpp"
#include "errors.hpp"
#include "exact.hpp"
#include "snapshot.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace safelight::hamming {
namespace {

using ByteRows = nb::ndarray<const std::uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const std::uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <typename T>
using Array = nb::ndarray<nb::numpy, T, nb::ndim<1>>;

Key key_from(const nb::bytes& bytes) {
  Key key;
  if (bytes.size() != key.size()) throw std::invalid_argument("a layout key has 32 bytes");
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

Plan plan_from(const std::string& name) {
  if (name == "auto") return Plan::kAuto;
  if (name == "tables") return Plan::kTables;
  if (name == "scan") return Plan::kScan;
  throw std::invalid_argument("a plan is 'auto', 'tables' or 'scan', not '" + name + "'");
}

unsigned radius_from(std::int64_t radius) {
  if (radius < 0 || radius > kBits) throw std::invalid_argument("a radius is 0 to 256 bits");
  return static_cast<unsigned>(radius);
}

template <typename T>
Array<T> array_of(std::vector<T>&& values) {
  auto* owned = new std::vector<T>(std::move(values));
  const nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return Array<T>(owned->data(), {owned->size()}, owner);
}

Array<bool> flags_of(const std::vector<std::uint8_t>& values) {
  auto* owned = new bool[values.size() + 1];
  std::copy(values.begin(), values.end(), owned);
  const nb::capsule owner(owned, [](void* p) noexcept { delete[] static_cast<bool*>(p); });
  return Array<bool>(owned, {values.size()}, owner);
}

void check_width(const ByteRows& values, std::size_t width) {
  if (values.shape(1) != width) {
    throw std::invalid_argument("expected an array of shape (n, " + std::to_string(width) + "), got (n, " +
                                std::to_string(values.shape(1)) + ")");
  }
}

void check_pairs(const ByteRows& values, std::size_t width, const Numbers& rows) {
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

BuildOptions options_from(const std::string& path, const nb::bytes& stamp, const nb::object& progress,
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

nb::tuple tuple_of(Answers&& answers, std::size_t queries) {
  if (answers.capped.size() != queries) throw std::logic_error("a query went unanswered");
  auto capped = flags_of(answers.capped);
  return nb::make_tuple(array_of(std::move(answers.rows)), array_of(std::move(answers.distances)),
                        array_of(std::move(answers.offsets)), std::move(capped));
}

nb::tuple search_batch(const Snapshot* snapshot, const Delta* delta, const ByteRows& queries, std::int64_t radius,
                       std::size_t cap, const std::string& plan) {
  check_width(queries, 32);
  const Plan way = plan_from(plan);
  const unsigned bits = radius_from(radius);
  Answers answers;
  {
    const nb::gil_scoped_release work;
    for (std::size_t i = 0; i < queries.shape(0); ++i) {
      search(snapshot, delta, queries.data() + 32 * i, bits, cap, way, answers);
    }
  }
  return tuple_of(std::move(answers), queries.shape(0));
}

nb::tuple pairs_of(const Answers& answers) {
  const std::size_t n = answers.rows.size();
  nb::list pairs;
  for (std::size_t i = 0; i < n; ++i) pairs.append(nb::make_tuple(answers.distances[i], answers.rows[i]));
  return nb::make_tuple(std::move(pairs), answers.capped.front() != 0);
}

nb::tuple search_one(const Snapshot* snapshot, const Delta* delta, const nb::bytes& query, std::int64_t radius,
                     std::size_t cap) {
  if (query.size() != 32) throw std::invalid_argument("a query has 32 bytes");
  const auto* bytes = static_cast<const std::uint8_t*>(query.data());
  const unsigned bits = radius_from(radius);
  Answers answers;
  {
    const nb::gil_scoped_release work;
    search(snapshot, delta, bytes, bits, cap, Plan::kAuto, answers);
  }
  return pairs_of(answers);
}

nb::tuple search_exact_batch(const ExactSnapshot* snapshot, const ExactDelta* delta, const ByteRows& values,
                             std::size_t cap) {
  Answers answers;
  {
    const nb::gil_scoped_release work;
    for (std::size_t i = 0; i < values.shape(0); ++i) {
      search_exact(snapshot, delta, values.data() + values.shape(1) * i, values.shape(1), cap, answers);
    }
  }
  if (answers.capped.size() != values.shape(0)) throw std::logic_error("a query went unanswered");
  auto capped = flags_of(answers.capped);
  return nb::make_tuple(array_of(std::move(answers.rows)), array_of(std::move(answers.offsets)),
                        std::move(capped));
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

nb::tuple verify(const IndexFile& file, std::uint64_t start_block, std::optional<std::uint64_t> blocks) {
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

void raise_as(const char* name, const std::exception& error) {
  const nb::object type = nb::module_::import_("safelight.errors").attr(name);
  PyErr_SetString(type.ptr(), error.what());
}

void translate(const std::exception_ptr& thrown, void*) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Damaged& error) {
    raise_as("IndexDamaged", error);
  } catch (const TooNew& error) {
    raise_as("IndexTooNew", error);
  } catch (const WrongKey& error) {
    raise_as("IndexKeyMismatch", error);
  } catch (const Busy& error) {
    raise_as("WorkspaceBusy", error);
  } catch (const SystemError& error) {
    errno = error.number;
    PyErr_SetFromErrnoWithFilename(PyExc_OSError, error.path.c_str());
  }
}

}  // namespace
}  // namespace safelight::hamming

NB_MODULE(_hamming, m) {
  using namespace safelight;
  using namespace safelight::hamming;
  m.doc() = "Exact search over hashes and values; see the headers in native/hamming.";
  nb::register_exception_translator(translate);

  m.def("isa", [] { return std::string(name(kernels_isa())); });

  nb::class_<BuildStats>(m, "BuildStats")
      .def_ro("unique", &BuildStats::unique)
      .def_ro("rows", &BuildStats::rows)
      .def_ro("bytes", &BuildStats::bytes);

  nb::class_<Delta> delta(m, "Delta");
  delta.def("__init__", [](Delta* self, const nb::bytes& key) { new (self) Delta(key_from(key)); },
            "layout_key"_a)
      .def("add", [](Delta& d, const ByteRows& hashes, const Numbers& rows) { add(d, 32, hashes, rows); },
           "hashes"_a, "rows"_a)
      .def("search",
           [](const Delta& d, const ByteRows& queries, std::int64_t radius, std::size_t cap) {
             return search_batch(nullptr, &d, queries, radius, cap, "auto");
           },
           "queries"_a, "radius"_a, "cap"_a);
  describe_delta(delta);

  nb::class_<Snapshot> snapshot(m, "Snapshot");
  snapshot
      .def_static("build",
                  [](const std::string& path, const nb::object& hashes, const nb::object& rows,
                     const nb::bytes& layout_key, const nb::bytes& stamp, const nb::object& progress,
                     std::size_t buffer_bytes, std::uint64_t scan_below) {
                    const Records records(hashes, 32, rows);
                    const BuildOptions options = options_from(path, stamp, progress, buffer_bytes);
                    const Key key = key_from(layout_key);
                    const nb::gil_scoped_release work;
                    return build_snapshot(records.values(), records.rows(), records.count, key, options,
                                          scan_below);
                  },
                  "path"_a, "hashes"_a, "rows"_a, "layout_key"_a, "stamp"_a, "progress"_a = nb::none(),
                  "buffer_bytes"_a = BuildOptions{}.buffer_bytes, nb::kw_only(), "scan_below"_a = kScanBelow)
      .def_static("open",
                  [](const std::string& path, const nb::bytes& key) {
                    return std::make_unique<Snapshot>(path, key_from(key));
                  },
                  "path"_a, "layout_key"_a)
      .def("search",
           [](const Snapshot& s, const ByteRows& queries, std::int64_t radius, std::size_t cap,
              const std::string& plan) { return search_batch(&s, nullptr, queries, radius, cap, plan); },
           "queries"_a, "radius"_a, "cap"_a, nb::kw_only(), "plan"_a = "auto")
      .def("touched",
           [](const Snapshot& s, const nb::bytes& query, std::int64_t radius) {
             if (query.size() != 32) throw std::invalid_argument("a query has 32 bytes");
             const Hash stored = s.layout().apply(static_cast<const std::uint8_t*>(query.data()));
             const Touched touched = s.touched_by(stored, radius_from(radius));
             return nb::make_tuple(touched.members, touched.survivors, touched.scanned, touched.bytes);
           },
           "query"_a, "radius"_a);
  describe(snapshot);

  nb::class_<ExactDelta> exact_delta(m, "ExactDelta");
  exact_delta
      .def("__init__",
           [](ExactDelta* self, const nb::bytes& key, std::size_t width) {
             new (self) ExactDelta(key_from(key), width);
           },
           "layout_key"_a, "width"_a)
      .def("add",
           [](ExactDelta& d, const ByteRows& values, const Numbers& rows) {
             add(d, d.layout().width(), values, rows);
           },
           "values"_a, "rows"_a)
      .def("search",
           [](const ExactDelta& d, const ByteRows& values, std::size_t cap) {
             return search_exact_batch(nullptr, &d, values, cap);
           },
           "values"_a, "cap"_a);
  describe_delta(exact_delta);

  nb::class_<ExactSnapshot> exact(m, "ExactSnapshot");
  exact
      .def_static("build",
                  [](const std::string& path, const nb::object& values, std::size_t width,
                     const nb::object& rows, const nb::bytes& layout_key, const nb::bytes& stamp,
                     const nb::object& progress, std::size_t buffer_bytes) {
                    const TagLayout checked(key_from(layout_key), width);
                    const Records records(values, width, rows);
                    const BuildOptions options = options_from(path, stamp, progress, buffer_bytes);
                    const Key key = key_from(layout_key);
                    const nb::gil_scoped_release work;
                    return build_exact(records.values(), width, records.rows(), records.count, key, options);
                  },
                  "path"_a, "values"_a, "width"_a, "rows"_a, "layout_key"_a, "stamp"_a,
                  "progress"_a = nb::none(), "buffer_bytes"_a = BuildOptions{}.buffer_bytes)
      .def_static("open",
                  [](const std::string& path, const nb::bytes& key, std::size_t width) {
                    return std::make_unique<ExactSnapshot>(path, key_from(key), width);
                  },
                  "path"_a, "layout_key"_a, "width"_a)
      .def("search",
           [](const ExactSnapshot& s, const ByteRows& values, std::size_t cap) {
             return search_exact_batch(&s, nullptr, values, cap);
           },
           "values"_a, "cap"_a);
  describe(exact);

  m.def("search",
        [](const Snapshot* s, const Delta* d, const ByteRows& queries, std::int64_t radius, std::size_t cap) {
          return search_batch(s, d, queries, radius, cap, "auto");
        },
        "snapshot"_a.none(), "delta"_a.none(), "queries"_a, "radius"_a, "cap"_a);
  m.def("search_one", &search_one, "snapshot"_a.none(), "delta"_a.none(), "query"_a, "radius"_a, "cap"_a);
  m.def("search_exact", &search_exact_batch, "snapshot"_a.none(), "delta"_a.none(), "values"_a, "cap"_a);
}
