// JPEG: libjpeg-turbo reads the header; the data are our own decoder's where it takes them, else libjpeg-turbo's,
// row by row.
//
// The accurate integer DCT and smooth chroma upsampling are what viewers use; pixels equal Pillow's.
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <vector>

#include <jpeglib.h>
// after jpeglib.h
#include <jerror.h>

#include "image/baseline/decoder.hpp"
#include "image/exif.hpp"
#include "image/jpeg_frame.hpp"
#include "image/reader.hpp"

namespace safelight::image {

namespace {

constexpr std::size_t kBuffer = 16 * 1024;
constexpr int kRowsAtOnce = 16;  // an MCU row at 4:2:0
constexpr unsigned kWholeMarker = 0xffff;
constexpr char kExif[] = "Exif\0";    // and the terminating zero: six bytes
constexpr char kMultiPicture[] = "MPF";

bool begins(const jpeg_marker_struct* marker, const char* prefix, std::size_t size) {
  return marker->data_length >= size && std::memcmp(marker->data, prefix, size) == 0;
}

class JpegReader final : public Reader {
 public:
  JpegReader(const File& file, JpegBy by) : file_(file), by_(by), buffer_(kBuffer) {
    jpeg_.err = jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr cinfo) { std::longjmp(self(cinfo)->escape_, 1); };
    errors_.emit_message = [](j_common_ptr cinfo, int level) {
      if (level < 0) self(cinfo)->warned(cinfo->err->msg_code);
    };
    errors_.output_message = [](j_common_ptr) {};
    jpeg_.client_data = this;
    source_.init_source = [](j_decompress_ptr) {};
    source_.fill_input_buffer = [](j_decompress_ptr cinfo) -> boolean {
      self(cinfo)->fill();
      return TRUE;
    };
    source_.skip_input_data = [](j_decompress_ptr cinfo, long count) { self(cinfo)->skip(count); };
    source_.resync_to_restart = jpeg_resync_to_restart;
    source_.term_source = [](j_decompress_ptr) {};
  }

  ~JpegReader() override {
    if (created_) jpeg_destroy_decompress(&jpeg_);
  }

  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Ending open(Header& header) override {
    if (setjmp(escape_) != 0) return refused();
    jpeg_create_decompress(&jpeg_);
    created_ = true;
    jpeg_.src = &source_;
    jpeg_save_markers(&jpeg_, JPEG_APP0 + 1, kWholeMarker);
    jpeg_save_markers(&jpeg_, JPEG_APP0 + 2, sizeof kMultiPicture);
    jpeg_read_header(&jpeg_, TRUE);
    switch (jpeg_.jpeg_color_space) {
      case JCS_GRAYSCALE: jpeg_.out_color_space = JCS_GRAYSCALE; break;
      case JCS_RGB:
      case JCS_YCbCr: jpeg_.out_color_space = JCS_RGB; break;
      default: return {Ending::Kind::kDefer, ""};
    }
    bool exif_seen = false;
    for (const jpeg_marker_struct* m = jpeg_.marker_list; m != nullptr; m = m->next) {
      if (m->marker == JPEG_APP0 + 2 && begins(m, kMultiPicture, sizeof kMultiPicture)) {
        return {Ending::Kind::kDefer, ""};
      }
      if (m->marker == JPEG_APP0 + 1 && !exif_seen && begins(m, kExif, sizeof kExif)) {
        exif_seen = true;
        header.orientation = exif_orientation(m->data, m->data_length);
      }
    }
    header.width = jpeg_.image_width;
    header.height = jpeg_.image_height;
    header.channels = jpeg_.out_color_space == JCS_GRAYSCALE ? 1 : 3;
    return {};
  }

  Ending decode(Sink& sink) override {
    if (decode_baseline(sink)) return {};
    return decode_by_library(sink);
  }

  bool repeat(Sink& sink) override { return decoder_ && decoder_->repeat(sink); }

 private:
  // Once it gives up it leaves nothing behind: libjpeg's source has not moved since the header.
  bool decode_baseline(Sink& sink) {
    if (by_ == JpegBy::kLibrary || ended_early_) return false;
    frame_ = baseline_frame(jpeg_);
    if (!frame_) return false;
    frame_->data_at = offset_ - source_.bytes_in_buffer;
    decoder_ = std::make_unique<baseline::Decoder>(*frame_);
    if (decoder_->decode(file_, sink)) return true;
    decoder_.reset();
    sink.start_over();
    return false;
  }

  Ending decode_by_library(Sink& sink) {
    const std::size_t channels = jpeg_.out_color_space == JCS_GRAYSCALE ? 1 : 3;
    const std::size_t stride = jpeg_.image_width * channels;
    pixels_.resize(stride * kRowsAtOnce);
    for (int i = 0; i < kRowsAtOnce; ++i) lines_[i] = pixels_.data() + stride * static_cast<std::size_t>(i);
    waiting_ = 0;
    if (setjmp(escape_) != 0) {
      sink.push(pixels_.data(), static_cast<std::ptrdiff_t>(stride), waiting_);
      return refused();
    }
    jpeg_.dct_method = JDCT_ISLOW;
    jpeg_.do_fancy_upsampling = TRUE;
    jpeg_start_decompress(&jpeg_);
    many_scans_ = jpeg_has_multiple_scans(&jpeg_) != FALSE;
    while (jpeg_.output_scanline < jpeg_.output_height) {
      const auto room = static_cast<JDIMENSION>(kRowsAtOnce - waiting_);
      waiting_ = waiting_ + static_cast<int>(jpeg_read_scanlines(&jpeg_, lines_ + waiting_, room));
      if (waiting_ == kRowsAtOnce || jpeg_.output_scanline == jpeg_.output_height) {
        sink.push(pixels_.data(), static_cast<std::ptrdiff_t>(stride), waiting_);
        waiting_ = 0;
      }
    }
    return completed();
  }

  template <typename Info>
  static JpegReader* self(Info* cinfo) {
    return static_cast<JpegReader*>(cinfo->client_data);
  }

  void fill() {
    const std::size_t got = file_.read(offset_, buffer_.data(), buffer_.size());
    offset_ += got;
    source_.next_input_byte = buffer_.data();
    source_.bytes_in_buffer = got;
    if (got == 0) {  // as libjpeg's own sources do: an end-of-image marker, so that the rest is filled in
      ended_early_ = true;
      buffer_[0] = 0xff;
      buffer_[1] = JPEG_EOI;
      source_.bytes_in_buffer = 2;
    }
  }

  void skip(long count) {
    if (count <= 0) return;
    const std::size_t bytes = static_cast<std::size_t>(count);
    if (bytes <= source_.bytes_in_buffer) {
      source_.next_input_byte += bytes;
      source_.bytes_in_buffer -= bytes;
    } else {
      offset_ += bytes - source_.bytes_in_buffer;
      source_.bytes_in_buffer = 0;
    }
  }

  void warned(int code) {
    switch (code) {
      case JWRN_HIT_MARKER:
      case JWRN_HUFF_BAD_CODE:
      case JWRN_ARITH_BAD_CODE:
      case JWRN_MUST_RESYNC:
        if (!corrupt_) corrupt_at_ = jpeg_.output_scanline;
        corrupt_ = true;
        break;
      default:
        break;  // padding between segments, odd version numbers: the picture is whole all the same
    }
  }

  // The file ended, and it mattered. A missing end marker after the last row of a single scan does not.
  bool truncated() const { return ended_early_ && (corrupt_ || many_scans_); }

  Ending completed() const {
    std::string where;  // of several scans each covers the whole picture, so that no row can be named
    if (corrupt_at_ > 0) {
      where = " after about row " + std::to_string(corrupt_at_) + " of " + std::to_string(jpeg_.image_height);
    }
    if (truncated()) return {Ending::Kind::kTruncated, "the JPEG data ends early" + where};
    if (corrupt_) return {Ending::Kind::kDamaged, "corrupt JPEG data" + where};
    return {};
  }

  Ending refused() {
    char message[JMSG_LENGTH_MAX];
    errors_.format_message(reinterpret_cast<j_common_ptr>(&jpeg_), message);
    switch (errors_.msg_code) {
      case JERR_OUT_OF_MEMORY: return {Ending::Kind::kOutOfMemory, "decoding a JPEG"};
      case JERR_ARITH_NOTIMPL:
      case JERR_BAD_PRECISION:
      case JERR_COMPONENT_COUNT:
      case JERR_CONVERSION_NOTIMPL:
      case JERR_IMAGE_TOO_BIG:
      case JERR_NOTIMPL:
      case JERR_SOF_UNSUPPORTED: return {Ending::Kind::kDefer, ""};
      default: return {ended_early_ ? Ending::Kind::kTruncated : Ending::Kind::kDamaged, message};
    }
  }

  File file_;
  JpegBy by_;
  std::unique_ptr<baseline::Frame> frame_;
  std::unique_ptr<baseline::Decoder> decoder_;
  std::vector<JOCTET> buffer_;
  std::vector<std::uint8_t> pixels_;
  JSAMPROW lines_[kRowsAtOnce] = {};
  volatile int waiting_ = 0;
  std::uint64_t offset_ = 0;
  bool created_ = false;
  bool ended_early_ = false;
  bool corrupt_ = false;
  bool many_scans_ = false;
  JDIMENSION corrupt_at_ = 0;
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  jpeg_source_mgr source_{};
  std::jmp_buf escape_{};
};

}  // namespace

std::unique_ptr<Reader> read_jpeg(const File& file, JpegBy by) {
  return std::make_unique<JpegReader>(file, by);
}

}  // namespace safelight::image
