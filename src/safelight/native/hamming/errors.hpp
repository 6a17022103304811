// What can go wrong with an index file; the bindings turn each into an error of safelight.errors.
#pragma once

#include <stdexcept>
#include <string>

namespace safelight::hamming {

struct Damaged : std::runtime_error { using std::runtime_error::runtime_error; };
struct TooNew : std::runtime_error { using std::runtime_error::runtime_error; };
struct WrongKey : std::runtime_error { using std::runtime_error::runtime_error; };
struct Busy : std::runtime_error { using std::runtime_error::runtime_error; };

// The operating system refused; becomes Python's OSError.
struct SystemError : std::runtime_error {
  SystemError(int code, std::string where)
      : std::runtime_error(where), number(code), path(std::move(where)) {}
  int number;
  std::string path;
};

}  // namespace safelight::hamming
