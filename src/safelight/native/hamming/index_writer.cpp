// The order of commit() is what makes a crash harmless: data, sync, rename, sync of the directory.
#include "index_writer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "crc32c.hpp"
#include "errors.hpp"

namespace safelight::hamming {
namespace {

std::uint64_t aligned(std::uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void write_all(int fd, std::uint64_t offset, const void* data, std::size_t size, const std::string& path) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  while (size > 0) {
    const ssize_t n = ::pwrite(fd, bytes, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw SystemError(n < 0 ? errno : EIO, path);
    bytes += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
}

}  // namespace

IndexWriter::IndexWriter(const std::string& path) : path_(path), partial_(path + ".partial") {
  sections_.reserve(kMaxSections);
  open_partial();
}

void IndexWriter::open_partial() {
  for (;;) {
    fd_ = ::open(partial_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) throw SystemError(errno, partial_);
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      const int code = errno;
      ::close(fd_);
      if (code != EWOULDBLOCK) throw SystemError(code, partial_);
      throw Busy("another process is writing the index file " + path_ + "; wait until it is done");
    }
    // Between open and lock its writer may have committed: then this is the live index and must stay whole.
    struct stat locked {}, named {};
    if (::fstat(fd_, &locked) == 0 && ::stat(partial_.c_str(), &named) == 0 && locked.st_ino == named.st_ino &&
        locked.st_dev == named.st_dev) {
      break;
    }
    ::close(fd_);
  }
  if (::ftruncate(fd_, 0) != 0) {
    const int code = errno;
    ::close(fd_);
    throw SystemError(code, partial_);
  }
}

IndexWriter::~IndexWriter() {
  if (!committed_) ::unlink(partial_.c_str());
  ::close(fd_);
}

std::size_t IndexWriter::begin(Kind kind) { return begin(kind, 0); }

std::size_t IndexWriter::begin(Kind kind, std::uint64_t length) {
  if (sections_.size() == kMaxSections) throw std::logic_error("too many sections");
  const std::uint64_t offset = aligned(end_);
  Open open;
  open.section = {kind, 0, offset, length};
  sections_.push_back(std::move(open));
  end_ = offset + length;
  return sections_.size() - 1;
}

void IndexWriter::append(std::size_t index, const void* data, std::size_t size) {
  Open& open = sections_[index];
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  while (size > 0) {
    const std::size_t take = std::min(size, kBlockBytes - open.pending.size());
    open.pending.insert(open.pending.end(), bytes, bytes + take);
    bytes += take;
    size -= take;
    if (open.pending.size() == kBlockBytes) flush(open);
  }
}

void IndexWriter::flush(Open& open) {
  if (open.pending.empty()) return;
  write_at(open.section.offset + open.written, open.pending.data(), open.pending.size());
  open.checksums.push_back(crc32c(0, open.pending.data(), open.pending.size()));
  open.written += open.pending.size();
  open.pending.clear();
}

void IndexWriter::end(std::size_t index) {
  Open& open = sections_[index];
  flush(open);
  std::vector<std::uint8_t>().swap(open.pending);
  if (open.section.length == 0) {
    open.section.length = open.written;
    end_ = std::max(end_, open.section.offset + open.written);
  }
  if (open.section.length != open.written) throw std::logic_error("a section has another length than announced");
}

void IndexWriter::write_at(std::uint64_t offset, const void* data, std::size_t size) {
  write_all(fd_, offset, data, size, partial_);
}

Mapping IndexWriter::view(std::size_t index) const {
  const Section& section = sections_[index].section;
  return Mapping(fd_, section.offset, section.length, partial_);
}

std::uint64_t IndexWriter::commit(Header header, std::string_view stamp) {
  std::vector<std::uint32_t> sums;
  for (const Open& open : sections_) sums.insert(sums.end(), open.checksums.begin(), open.checksums.end());
  const std::size_t last = begin(Kind::kChecksums, sums.size() * sizeof(std::uint32_t));
  append(last, sums.data(), sums.size() * sizeof(std::uint32_t));
  end(last);
  const std::uint64_t size = aligned(end_) + kReadAhead;
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw SystemError(errno, partial_);

  header.magic = kMagic;
  header.version = kFormatVersion;
  header.file_bytes = size;
  header.checksums_checksum = crc32c(0, sums.data(), sums.size() * sizeof(std::uint32_t));
  header.stamp_bytes = static_cast<std::uint32_t>(stamp.size());
  std::memcpy(header.stamp.data(), stamp.data(), stamp.size());
  header.sections = static_cast<std::uint32_t>(sections_.size());
  for (std::size_t i = 0; i < sections_.size(); ++i) header.section[i] = sections_[i].section;
  header.checksum = 0;
  header.checksum = crc32c(0, &header, sizeof header);
  write_at(0, &header, sizeof header);

  if (::fsync(fd_) != 0) throw SystemError(errno, partial_);
  if (::rename(partial_.c_str(), path_.c_str()) != 0) throw SystemError(errno, path_);
  committed_ = true;
  sync_directory();
  return size;
}

void IndexWriter::sync_directory() const {
  const std::string directory = directory_of(path_);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw SystemError(errno, directory);
  const int result = ::fsync(fd);
  const int code = errno;
  ::close(fd);
  if (result != 0) throw SystemError(code, directory);
}

Scratch::Scratch(const std::string& beside) : where_(directory_of(beside)) {
  fd_ = ::open(where_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ >= 0) return;
  std::string name = where_ + "/.scratch-XXXXXX";   // a file system without unnamed files
  fd_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd_ < 0) throw SystemError(errno, where_);
  ::unlink(name.c_str());
}

Scratch::~Scratch() { ::close(fd_); }

void Scratch::append(const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  pending_.insert(pending_.end(), bytes, bytes + size);
  if (pending_.size() >= kBlockBytes) flush();
}

void Scratch::flush() {
  write_all(fd_, size_, pending_.data(), pending_.size(), where_);
  size_ += pending_.size();
  pending_.clear();
}

void Scratch::copy_to(IndexWriter& writer, std::size_t section) {
  flush();
  std::vector<std::uint8_t> buffer(std::min<std::uint64_t>(kBlockBytes, size_));
  for (std::uint64_t at = 0; at < size_;) {
    const ssize_t n = ::pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw SystemError(n < 0 ? errno : EIO, where_);
    writer.append(section, buffer.data(), static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

}  // namespace safelight::hamming
