// An index file mapped read-only and shared: verified at the edges when opened, block by block on request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format.hpp"
#include "mapping.hpp"

namespace safelight::hamming {

// Files are only ever replaced by rename, so that a mapping stays whole for as long as it is held, also after
// the file was unlinked. Cutting a mapped file short would kill its readers (SIGBUS): nothing here does that.
class IndexFile {
 public:
  // Time does not depend on the size: reads the header, checks its checksum, version, key and length, and
  // that every section lies inside the file. Throws Damaged, TooNew, WrongKey or SystemError.
  IndexFile(const std::string& path, Content content, const KeyCheck& key);
  IndexFile(const IndexFile&) = delete;   // others point at it
  IndexFile& operator=(const IndexFile&) = delete;

  const Header& header() const { return header_; }
  const std::string& path() const { return path_; }
  std::string_view stamp() const {
    return {reinterpret_cast<const char*>(header_.stamp.data()), header_.stamp_bytes};
  }

  bool has(Kind kind) const { return find(kind) != nullptr; }

  // The section as `count` values of T. Throws Damaged if it is missing or not exactly as long.
  template <typename T>
  const T* array(Kind kind, std::uint64_t count) const {
    return static_cast<const T*>(bytes(kind, count, sizeof(T)));
  }
  std::uint64_t length(Kind kind) const;

  struct Verified {
    std::uint64_t checked;
    std::optional<std::uint64_t> first_bad;
  };
  std::uint64_t blocks() const { return blocks_; }
  // Compares `count` blocks from `first` with their checksums and stops at the first that differs.
  Verified verify(std::uint64_t first, std::uint64_t count) const;

  [[noreturn]] void damaged(const std::string& what) const;

 private:
  const Section* find(Kind kind) const;
  const void* bytes(Kind kind, std::uint64_t count, std::size_t size) const;
  void check_header(const KeyCheck& key, Content content) const;
  void check_sections();

  std::string path_;
  Mapping map_;
  Header header_{};   // a copy, so that what was checked is what is used
  std::uint64_t blocks_ = 0;
};

}  // namespace safelight::hamming
