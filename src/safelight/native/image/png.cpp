// PNG by libspng, row by row; an interlaced picture needs the whole of it in memory.
#include <spng.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "image/png_chunks.hpp"
#include "image/reader.hpp"

namespace safelight::image {

namespace {

constexpr std::size_t kRowsAtOnce = 16;
constexpr std::size_t kBytesAtOnce = 1 << 20;  // or one row, of pictures wider than that
constexpr std::size_t kMostChunkBytes = 1 << 20;  // PLTE and tRNS are under 1 KB; IDAT is not stored

struct Free {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};

// The high byte of each big-endian 16-bit sample, which is what an 8-bit screen shows.
void high_bytes(std::uint8_t* row, std::size_t samples) {
  for (std::size_t i = 0; i < samples; ++i) row[i] = row[2 * i];
}

class PngReader final : public Reader {
 public:
  PngReader(const File& file, bool check_sums)
      : chunks_(file), check_sums_(check_sums && !chunks_.truncated()) {}

  Ending open(Header& header) override {
    if (chunks_.animated()) return {Ending::Kind::kDefer, ""};
    if (chunks_.mangled()) return {Ending::Kind::kDamaged, "PNG chunks that no encoder writes"};
    context_.reset(spng_ctx_new(check_sums_ ? 0 : SPNG_CTX_IGNORE_ADLER32));
    if (!context_) return {Ending::Kind::kOutOfMemory, "decoding a PNG"};
    if (!check_sums_) spng_set_crc_action(context_.get(), SPNG_CRC_USE, SPNG_CRC_USE);
    spng_set_chunk_limits(context_.get(), kMostChunkBytes, kMostChunkBytes);
    spng_set_png_stream(context_.get(), &PngReader::stream, this);
    if (const int error = spng_get_ihdr(context_.get(), &ihdr_)) return failed(error);
    header.width = ihdr_.width;
    header.height = ihdr_.height;
    header.orientation = chunks_.orientation();
    const bool alpha = chunks_.transparent() || ihdr_.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
                       ihdr_.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
    if (alpha) {
      channels_ = 4;
      format_ = SPNG_FMT_RGBA8;
    } else if (ihdr_.color_type == SPNG_COLOR_TYPE_GRAYSCALE) {
      channels_ = 1;
      format_ = ihdr_.bit_depth == 16 ? SPNG_FMT_RAW : SPNG_FMT_G8;
    }
    header.channels = channels_;
    return {};
  }

  Ending decode(Sink& sink) override {
    const int flags = SPNG_DECODE_PROGRESSIVE | (channels_ == 4 ? SPNG_DECODE_TRNS : 0);
    if (const int error = spng_decode_image(context_.get(), nullptr, 0, format_, flags)) return failed(error);
    const int error = ihdr_.interlace_method == SPNG_INTERLACE_NONE ? decode_rows(sink) : decode_passes(sink);
    return error == SPNG_EOI ? Ending{} : failed(error);
  }

 private:
  static int stream(spng_ctx*, void* user, void* into, std::size_t count) {
    return static_cast<PngReader*>(user)->chunks_.read(into, count) ? 0 : SPNG_IO_EOF;
  }

  std::size_t decoded_stride() const {
    return std::size_t{ihdr_.width} * static_cast<std::size_t>(format_ == SPNG_FMT_RAW ? 2 : channels_);
  }

  int decode_rows(Sink& sink) {
    const std::size_t stride = decoded_stride();
    const std::size_t at_once = std::clamp<std::size_t>(kBytesAtOnce / stride, 1, kRowsAtOnce);
    std::vector<std::uint8_t> pixels(stride * at_once);
    std::size_t waiting = 0;
    int error = 0;
    while (error == 0) {
      std::uint8_t* row = pixels.data() + stride * waiting;
      error = spng_decode_row(context_.get(), row, stride);
      if (error == 0 || error == SPNG_EOI) {
        if (format_ == SPNG_FMT_RAW) high_bytes(row, ihdr_.width);
        ++waiting;
      }
      if (waiting == at_once || error != 0) {
        sink.push(pixels.data(), static_cast<std::ptrdiff_t>(stride), static_cast<int>(waiting));
        rows_done_ += static_cast<std::uint32_t>(waiting);
        waiting = 0;
      }
    }
    return error;
  }

  int decode_passes(Sink& sink) {
    const std::size_t stride = decoded_stride();
    std::vector<std::uint8_t> pixels(stride * ihdr_.height);
    int error = 0;
    while (error == 0) {
      spng_row_info info{};
      error = spng_get_row_info(context_.get(), &info);
      if (error == 0) error = spng_decode_row(context_.get(), pixels.data() + stride * info.row_num, stride);
    }
    for (std::uint32_t y = 0; y < ihdr_.height; ++y) {
      std::uint8_t* row = pixels.data() + stride * y;
      if (format_ == SPNG_FMT_RAW) high_bytes(row, ihdr_.width);
      sink.push(row, static_cast<std::ptrdiff_t>(stride), 1);
    }
    return error;
  }

  Ending failed(int error) const {
    if (error == SPNG_EMEM) return {Ending::Kind::kOutOfMemory, "decoding a PNG"};
    // A wrong Adler-32 is one of the faults of the compressed stream.
    if (check_sums_ && (error == SPNG_ECHUNK_CRC || error == SPNG_EIDAT_STREAM)) {
      return {Ending::Kind::kChecksum, "a checksum of the PNG is wrong"};
    }
    std::string where;  // every pass of an interlaced picture covers it, so that no row can be named
    if (rows_done_ > 0) {
      where = " after row " + std::to_string(rows_done_) + " of " + std::to_string(ihdr_.height);
    }
    if (chunks_.truncated()) return {Ending::Kind::kTruncated, "the PNG data ends early" + where};
    return {Ending::Kind::kDamaged, "PNG: " + (spng_strerror(error) + where)};
  }

  PngChunks chunks_;
  bool check_sums_;
  std::unique_ptr<spng_ctx, Free> context_;
  spng_ihdr ihdr_{};
  int format_ = SPNG_FMT_RGB8;
  int channels_ = 3;
  std::uint32_t rows_done_ = 0;
};

}  // namespace

std::unique_ptr<Reader> read_png(const File& file, bool check_sums) {
  return std::make_unique<PngReader>(file, check_sums);
}

}  // namespace safelight::image
