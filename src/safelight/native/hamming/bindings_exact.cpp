// The Python face of the indexes of exact values.
#include "binding_parts.hpp"
#include "exact.hpp"

namespace safelight::hamming {
namespace {

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

}  // namespace

void bind_exact(nb::module_& m) {
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
  m.def("search_exact", &search_exact_batch, "snapshot"_a.none(), "delta"_a.none(), "values"_a, "cap"_a);
}

}  // namespace safelight::hamming
