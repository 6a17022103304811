// The Python face of this room: a warm parent whose handler is a Python function.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <new>
#include <stdexcept>

#include "confine/confine.hpp"
#include "confine/reply.hpp"
#include "confine/warm_parent.hpp"

namespace nb = nanobind;
using namespace safelight::confine;

namespace {

// In the child; a Python exception becomes an exit code, and nothing unwinds into the parent's loop.
int call_handler(const nb::callable& handler, const Request& request, std::string_view payload) {
  try {
    handler(request, nb::bytes(payload.data(), payload.size()));
    return kDone;
  } catch (nb::python_error& error) {
    return error.matches(PyExc_MemoryError) ? kOutOfMemory : kHandlerFailed;
  }
}

int run(const nb::callable& handler, const std::vector<std::string>& arguments, bool threads) {
  ParentOptions options;
  options.confinement.threads = threads;
  read_options(arguments, options);
  options.before_fork = PyOS_BeforeFork;
  options.after_fork_in_parent = PyOS_AfterFork_Parent;
  options.after_fork_in_child = PyOS_AfterFork_Child;
  return run_warm_parent(options, [&handler](const Request& request, std::string_view payload) {
    return call_handler(handler, request, payload);
  });
}

bool send(const nb::bytes& message) { return send_message({message.c_str(), message.size()}); }

}  // namespace

NB_MODULE(_confine, m) {
  m.doc() = "See the headers in native/confine.";
  m.attr("MAGIC") = kMagic;
  m.attr("PROTOCOL") = kProtocol;
  m.attr("MAX_MESSAGE") = kMaxMessage;
  m.attr("SELF_TEST") = kSelfTest;
  m.attr("FILE_FD") = kFileFd;
  m.attr("REPLY_FD") = kReplyFd;
  nb::class_<Request>(m, "Request")
      .def_prop_ro("wall_ms", [](const Request& r) { return r.wall_ms; })
      .def_prop_ro("cpu_s", [](const Request& r) { return r.cpu_s; })
      .def_prop_ro("memory", [](const Request& r) { return r.memory; })
      .def_prop_ro("max_pixels", [](const Request& r) { return r.max_pixels; })
      .def_prop_ro("max_parts", [](const Request& r) { return r.max_parts; });
  m.def("run_warm_parent", &run, nb::arg("handler"), nb::arg("arguments"), nb::kw_only(),
        nb::arg("threads") = false);
  m.def("send_message", &send, nb::arg("message"));
  m.def("landlock_abi", &landlock_abi);
  m.def("seccomp_available", &seccomp_available);
}
