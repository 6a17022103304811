// Writes JSON by hand: five shapes, and the only free text is a decoder's error message.
#include "image/replies.hpp"

namespace safelight::image {

namespace {

constexpr std::size_t kLongestDetail = 200;

// Printable ASCII only; whatever else a message could quote from a file becomes a question mark.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, kLongestDetail)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  return out + '"';
}

std::string hexadecimal(const pdq::Hash& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : hash) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace

void Replies::picture(std::uint32_t width, std::uint32_t height, const Hashed& hashed) {
  std::string hashes;
  for (const pdq::Hash& hash : hashed.result.hashes) {
    hashes += (hashes.empty() ? "\"" : ",\"") + hexadecimal(hash) + '"';
  }
  const std::string selectors = hashed.over == nullptr ? "" : "[\"over\"," + quoted(hashed.over) + "]";
  ++parts_;
  say("{\"picture\":{\"selectors\":[" + selectors + "],\"width\":" + std::to_string(width) +
      ",\"height\":" + std::to_string(height) + ",\"quality\":" + std::to_string(hashed.result.quality) +
      ",\"hashes\":[" + hashes + "]}}");
}

void Replies::problem(const char* reason, std::string_view detail) {
  say("{\"problem\":{\"reason\":" + quoted(reason) + ",\"detail\":" + quoted(detail) + ",\"selectors\":[]}}");
}

void Replies::defer() { say("{\"defer\":{\"to\":\"pillow\"}}"); }

bool Replies::end() {
  say("{\"end\":{\"parts\":" + std::to_string(parts_) + "}}");
  return sent_;
}

void Replies::say(const std::string& message) { sent_ = send_(message) && sent_; }

}  // namespace safelight::image
