// safelight-image-worker: the warm parent of the native image decoders.
//
//   safelight-image-worker --control FD | --listen FD [--max-children N] [--without landlock|scoping|seccomp]
//
// It loads nothing but the decoders, since what it maps is what every fork has to copy.
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "confine/reply.hpp"
#include "confine/warm_parent.hpp"
#include "image/hash_file.hpp"

namespace {

namespace confine = safelight::confine;

int hash_request(const confine::Request& request, std::string_view) {
  using safelight::image::hash_file;
  return hash_file(confine::kFileFd, request.max_pixels, confine::send_message) ? confine::kDone
                                                                                : confine::kHandlerFailed;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    confine::ParentOptions options;
    confine::read_options(std::vector<std::string>(argv + 1, argv + argc), options);
    return confine::run_warm_parent(options, hash_request);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "safelight-image-worker: %s\n", error.what());
    return 2;
  }
}
