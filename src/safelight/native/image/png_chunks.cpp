// Walks the chunk headers once; reads contents only of acTL and eXIf.
#include "image/png_chunks.hpp"

#include <algorithm>
#include <cstring>

#include "image/exif.hpp"

namespace safelight::image {

namespace {

constexpr std::size_t kSignature = 8;
constexpr std::size_t kChunkHeader = 8;
constexpr std::size_t kCrc = 4;
constexpr std::size_t kMostExif = 64 * 1024;   // IFD0 comes first in every EXIF writer's output
constexpr std::size_t kMostSpans = 4096;       // runs of chunks kept; an encoder's files have two to four
constexpr std::size_t kMostChunks = 1 << 20;   // walked; 8 GB in the chunks that encoders write
constexpr std::uint8_t kEnd[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};

std::uint32_t big_endian(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}

bool is(const std::uint8_t* type, const char* name) { return std::memcmp(type, name, 4) == 0; }

}  // namespace

PngChunks::PngChunks(const File& file) : file_(file) { walk(); }

void PngChunks::walk() {
  keep(0, kSignature);
  bool pixels_seen = false;
  std::uint64_t at = kSignature;
  for (std::size_t chunks = 0; chunks < kMostChunks && spans_.size() < kMostSpans; ++chunks) {
    std::uint8_t header[kChunkHeader];
    if (file_.read(at, header, sizeof header) < sizeof header) {
      truncated_ = true;
      make(kEnd, sizeof kEnd);
      return;
    }
    const std::uint64_t length = big_endian(header);
    const std::uint8_t* type = header + 4;
    const std::uint64_t content = at + kChunkHeader;
    const std::uint64_t next = content + length + kCrc;
    const bool pixels = is(type, "IDAT");
    if (pixels || is(type, "IHDR") || is(type, "PLTE") || is(type, "tRNS") || is(type, "IEND")) {
      if (next > file_.size()) {
        truncated_ = true;
        if (pixels && file_.size() > content) {
          const auto left = static_cast<std::uint32_t>(std::min(length, file_.size() - content));
          const std::uint8_t mended[kChunkHeader] = {
              std::uint8_t(left >> 24), std::uint8_t(left >> 16), std::uint8_t(left >> 8), std::uint8_t(left),
              'I', 'D', 'A', 'T'};
          const std::uint8_t no_crc[kCrc] = {};
          make(mended, sizeof mended);
          keep(content, left);
          make(no_crc, sizeof no_crc);
        }
        make(kEnd, sizeof kEnd);
        return;
      }
      keep(at, next - at);
      transparent_ = transparent_ || is(type, "tRNS");
      pixels_seen = pixels_seen || pixels;
      if (is(type, "IEND")) return;
    } else if (is(type, "acTL") && !pixels_seen && length == 8) {
      std::uint8_t frames[4];
      if (file_.read(content, frames, sizeof frames) == sizeof frames) frames_ = big_endian(frames);
    } else if (is(type, "eXIf")) {
      std::vector<std::uint8_t> exif(static_cast<std::size_t>(std::min<std::uint64_t>(length, kMostExif)));
      orientation_ = exif_orientation(exif.data(), file_.read(content, exif.data(), exif.size()));
    }
    at = next;
  }
  mangled_ = true;
}

void PngChunks::keep(std::uint64_t offset, std::uint64_t size) {
  if (!spans_.empty() && !spans_.back().made && spans_.back().offset + spans_.back().size == offset) {
    spans_.back().size += size;
  } else {
    spans_.push_back({offset, size, false});
  }
}

void PngChunks::make(const std::uint8_t* bytes, std::size_t size) {
  spans_.push_back({made_.size(), size, true});
  made_.insert(made_.end(), bytes, bytes + size);
}

bool PngChunks::read(void* into, std::size_t count) {
  auto* out = static_cast<std::uint8_t*>(into);
  while (count > 0) {
    if (span_ == spans_.size()) return false;
    const Span& span = spans_[span_];
    const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(count, span.size - within_));
    const std::uint64_t from = span.offset + within_;
    if (span.made) {
      std::memcpy(out, made_.data() + from, piece);
    } else if (file_.read(from, out, piece) < piece) {
      return false;
    }
    out += piece;
    count -= piece;
    within_ += piece;
    if (within_ == span.size) {
      ++span_;
      within_ = 0;
    }
  }
  return true;
}

}  // namespace safelight::image
