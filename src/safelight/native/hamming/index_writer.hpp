// Writes an index file beside its final name, and gives it that name only when all of it is on the disk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format.hpp"
#include "mapping.hpp"

namespace safelight::hamming {

// Every write goes through pwrite: a full disk is an error here (SystemError, ENOSPC), never a signal. The
// constructor throws Busy while another process writes the same index.
// The partial file is `path` + ".partial", locked while it is written; a killed build's is taken over by the
// next. It is removed when the writer goes out of scope before commit().
class IndexWriter {
 public:
  explicit IndexWriter(const std::string& path);
  ~IndexWriter();
  IndexWriter(const IndexWriter&) = delete;
  IndexWriter& operator=(const IndexWriter&) = delete;

  // Opens a section of unknown length at the end (only one such at a time), or of a known length.
  std::size_t begin(Kind kind);
  std::size_t begin(Kind kind, std::uint64_t length);
  void append(std::size_t section, const void* data, std::size_t size);
  void end(std::size_t section);   // its remaining bytes are written and its checksums final

  // The bytes of a section that was ended, for reading while other sections are written.
  Mapping view(std::size_t section) const;

  // Writes checksums and header, syncs, renames, syncs the directory. The header's magic, version, lengths,
  // sections and checksums are filled in here. Returns the file's size.
  std::uint64_t commit(Header header, std::string_view stamp);

 private:
  struct Open {
    Section section;
    std::uint64_t written = 0;
    std::vector<std::uint8_t> pending;         // at most one block
    std::vector<std::uint32_t> checksums;
  };

  void open_partial();
  void flush(Open&);
  void write_at(std::uint64_t offset, const void* data, std::size_t size);
  void sync_directory() const;

  std::string path_, partial_;
  int fd_ = -1;
  bool committed_ = false;
  std::uint64_t end_ = kHeaderBytes;
  std::vector<Open> sections_;
};

// An unnamed file for what must wait until the size of what precedes it is known.
class Scratch {
 public:
  explicit Scratch(const std::string& beside);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void append(const void* data, std::size_t size);
  std::uint64_t size() const { return size_ + pending_.size(); }
  void copy_to(IndexWriter&, std::size_t section);

 private:
  void flush();

  std::string where_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::vector<std::uint8_t> pending_;
};

}  // namespace safelight::hamming
