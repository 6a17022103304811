// Still WebP by libwebp's incremental decoder, which yields the rows of a file that ends early.
#include <webp/decode.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "image/exif.hpp"
#include "image/reader.hpp"

namespace safelight::image {

namespace {

constexpr std::size_t kRiffHeader = 12;
constexpr std::size_t kChunkHeader = 8;

std::uint32_t little_endian(const std::uint8_t* p) {
  return std::uint32_t{p[3]} << 24 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[1]} << 8 | p[0];
}

// The EXIF chunk comes after the pixels (WebP container specification, "Extended file format").
int orientation_of(const std::vector<std::uint8_t>& bytes) {
  std::size_t at = kRiffHeader;
  while (bytes.size() >= at + kChunkHeader) {
    const std::size_t length = little_endian(bytes.data() + at + 4);
    const std::size_t content = at + kChunkHeader;
    if (std::memcmp(bytes.data() + at, "EXIF", 4) == 0) {
      return exif_orientation(bytes.data() + content, std::min(length, bytes.size() - content));
    }
    at = content + length + (length & 1);
  }
  return 1;
}

class WebpReader final : public Reader {
 public:
  explicit WebpReader(const File& file) {
    std::uint8_t header[kChunkHeader] = {};
    file.read(0, header, sizeof header);
    const std::uint64_t declared = std::uint64_t{little_endian(header + 4)} + kChunkHeader;
    declared_more_ = declared > file.size();
    bytes_.resize(static_cast<std::size_t>(std::min(declared, file.size())));
    bytes_.resize(file.read(0, bytes_.data(), bytes_.size()));
    WebPInitDecoderConfig(&config_);
  }

  ~WebpReader() override {
    if (decoder_ != nullptr) WebPIDelete(decoder_);
    WebPFreeDecBuffer(&config_.output);
  }

  WebpReader(const WebpReader&) = delete;
  WebpReader& operator=(const WebpReader&) = delete;

  Ending open(Header& header) override {
    const VP8StatusCode status = WebPGetFeatures(bytes_.data(), bytes_.size(), &config_.input);
    if (status != VP8_STATUS_OK) return failed(status);
    if (config_.input.has_animation != 0) return {Ending::Kind::kDefer, ""};
    header.width = static_cast<std::uint32_t>(config_.input.width);
    header.height = static_cast<std::uint32_t>(config_.input.height);
    header.channels = config_.input.has_alpha != 0 ? 4 : 3;
    header.orientation = orientation_of(bytes_);
    config_.output.colorspace = config_.input.has_alpha != 0 ? MODE_RGBA : MODE_RGB;
    return {};
  }

  Ending decode(Sink& sink) override {
    decoder_ = WebPIDecode(nullptr, 0, &config_);
    if (decoder_ == nullptr) return {Ending::Kind::kOutOfMemory, "decoding a WebP"};
    const VP8StatusCode status = WebPIUpdate(decoder_, bytes_.data(), bytes_.size());
    int rows_done = 0;
    int width = 0;
    int height = 0;
    int stride = 0;
    if (const std::uint8_t* pixels = WebPIDecGetRGB(decoder_, &rows_done, &width, &height, &stride)) {
      sink.push(pixels, stride, rows_done);
    }
    if (status == VP8_STATUS_OK) return {};
    Ending ending = failed(status);
    if (rows_done > 0) {
      ending.detail += " after row " + std::to_string(rows_done) + " of " + std::to_string(height);
    }
    return ending;
  }

 private:
  Ending failed(VP8StatusCode status) const {
    switch (status) {
      case VP8_STATUS_OUT_OF_MEMORY: return {Ending::Kind::kOutOfMemory, "decoding a WebP"};
      case VP8_STATUS_UNSUPPORTED_FEATURE: return {Ending::Kind::kDefer, ""};
      case VP8_STATUS_SUSPENDED:
      case VP8_STATUS_NOT_ENOUGH_DATA:
        if (declared_more_) return {Ending::Kind::kTruncated, "the WebP data ends early"};
        return {Ending::Kind::kDamaged, "the WebP data is shorter than its header says"};
      default: return {Ending::Kind::kDamaged, "the WebP data is corrupt"};
    }
  }

  std::vector<std::uint8_t> bytes_;
  bool declared_more_ = false;
  WebPDecoderConfig config_{};
  WebPIDecoder* decoder_ = nullptr;
};

}  // namespace

std::unique_ptr<Reader> read_webp(const File& file) { return std::make_unique<WebpReader>(file); }

}  // namespace safelight::image
