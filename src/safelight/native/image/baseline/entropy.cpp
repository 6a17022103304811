#include "image/baseline/entropy.hpp"

#include <cstring>

namespace safelight::image::baseline {

namespace {

constexpr int kPrefix = 0xff;
constexpr int kFirstRestart = 0xd0;
constexpr int kEndOfFile = 0x100;

}  // namespace

Entropy::Entropy(const File& file, std::uint64_t offset)
    : file_(file), offset_(offset), raw_(kChunk), clean_(2 * kChunk + kMargin) {}

Entropy::Bytes Entropy::more(const std::uint8_t* from) {
  const std::size_t left = from == nullptr ? 0 : static_cast<std::size_t>(clean_.data() + clean_end_ - from);
  if (left > 0) std::memmove(clean_.data(), from, left);
  clean_end_ = left;
  while (!interval_ended() && clean_end_ < kChunk) unstuff();
  std::memset(clean_.data() + clean_end_, 0, kMargin);
  return {clean_.data(), clean_.data() + clean_end_};
}

bool Entropy::restart(int number) {
  if (marker_ != kFirstRestart + number) return false;
  marker_ = 0;
  return true;
}

void Entropy::read_file() {
  raw_at_ = 0;
  raw_end_ = file_.read(offset_, raw_.data(), raw_.size());
  offset_ += raw_end_;
}

// Appends until a chunk's end or the interval's. A 0xff is data where a zero follows (T.81 B.1.1.5).
void Entropy::unstuff() {
  if (raw_at_ == raw_end_) read_file();
  if (raw_at_ == raw_end_) {
    marker_ = kEndOfFile;
    return;
  }
  const std::uint8_t* const at = raw_.data() + raw_at_;
  const auto* const prefix = static_cast<const std::uint8_t*>(std::memchr(at, kPrefix, raw_end_ - raw_at_));
  const std::size_t plain = prefix == nullptr ? raw_end_ - raw_at_ : static_cast<std::size_t>(prefix - at);
  std::memcpy(clean_.data() + clean_end_, at, plain);
  clean_end_ += plain;
  raw_at_ += plain;
  if (prefix == nullptr) return;
  ++raw_at_;
  if (raw_at_ == raw_end_) read_file();
  const int next = raw_at_ < raw_end_ ? raw_[raw_at_++] : kEndOfFile;
  if (next == 0) {
    clean_[clean_end_++] = kPrefix;
  } else {
    marker_ = next;
  }
}

}  // namespace safelight::image::baseline
