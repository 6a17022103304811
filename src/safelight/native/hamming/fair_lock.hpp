// Many readers or one writer, where waiting writers go before new readers.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace safelight::hamming {

// std::shared_mutex may prefer readers for ever; under steady searching a withdrawal would never take effect.
class FairLock {
 public:
  std::shared_lock<std::shared_mutex> read() const {
    const std::lock_guard<std::mutex> in_line(turnstile_);
    return std::shared_lock<std::shared_mutex>(room_);
  }
  std::unique_lock<std::shared_mutex> write() const {
    const std::lock_guard<std::mutex> in_line(turnstile_);
    return std::unique_lock<std::shared_mutex>(room_);
  }

 private:
  mutable std::mutex turnstile_;
  mutable std::shared_mutex room_;
};

}  // namespace safelight::hamming
