// The Python face of this room: thin bindings only. The lock of the interpreter is released during work.
#include <cerrno>

#include "answers.hpp"
#include "binding_parts.hpp"
#include "errors.hpp"

namespace safelight::hamming {
namespace {

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

  bind_exact(m);
  m.def("search",
        [](const Snapshot* s, const Delta* d, const ByteRows& queries, std::int64_t radius, std::size_t cap) {
          return search_batch(s, d, queries, radius, cap, "auto");
        },
        "snapshot"_a.none(), "delta"_a.none(), "queries"_a, "radius"_a, "cap"_a);
  m.def("search_one", &search_one, "snapshot"_a.none(), "delta"_a.none(), "query"_a, "radius"_a, "cap"_a);
}
