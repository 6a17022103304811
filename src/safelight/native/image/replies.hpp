// The messages in which a decoder says what it found; the Python side reads them as a stranger's.
//
//   {"picture":{"selectors":[["over","white"]],"width":640,"height":480,"quality":100,"hashes":[8 x 64 hex]}}
//   {"problem":{"reason":"truncated","detail":"...","selectors":[]}}
//   {"defer":{"to":"pillow"}}
//   {"end":{"parts":1}}          always last; `parts` counts the pictures
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "image/picture.hpp"

namespace safelight::image {

class Replies {
 public:
  // `send` takes one message and says whether it went out.
  using Send = std::function<bool(std::string_view)>;

  explicit Replies(Send send) : send_(std::move(send)) {}

  void picture(std::uint32_t width, std::uint32_t height, const Hashed&);  // size as displayed
  void problem(const char* reason, std::string_view detail);
  void defer();
  bool end();  // whether every message went out

 private:
  void say(const std::string& message);

  Send send_;
  int parts_ = 0;
  bool sent_ = true;
};

}  // namespace safelight::image
