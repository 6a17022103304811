// Chooses the decoder by the first bytes, and decodes again where the first time did not settle the hash.
#include "image/hash_file.hpp"

#include <cstring>
#include <new>

namespace safelight::image {

namespace {

constexpr std::uint32_t kLongestSide = 1 << 20;  // no format that people use goes this far

std::unique_ptr<Reader> reader_for(const File& file, bool check_sums) {
  std::uint8_t head[12] = {};
  file.read(0, head, sizeof head);
  if (std::memcmp(head, "\xff\xd8\xff", 3) == 0) return read_jpeg(file);
  if (std::memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0) return read_png(file, check_sums);
  if (std::memcmp(head, "RIFF", 4) == 0 && std::memcmp(head + 8, "WEBP", 4) == 0) return read_webp(file);
  return nullptr;
}

const char* reason_of(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::kTruncated: return "truncated";
    case Ending::Kind::kOutOfMemory: return "out_of_memory";
    default: return "damaged";
  }
}

struct Attempt {
  std::unique_ptr<Reader> reader;
  Ending ending;
  Header header;
  std::vector<Hashed> hashed;  // empty where not even one row could be read
  bool too_many_pixels = false;

  bool certain() const {
    for (const Hashed& h : hashed) {
      if (!h.result.certain) return false;
    }
    return true;
  }
};

Attempt attempt(const File& file, std::uint64_t max_pixels, bool check_sums, pdq::Arithmetic arithmetic) {
  Attempt a;
  a.reader = reader_for(file, check_sums);
  if (!a.reader) {
    a.ending.kind = Ending::Kind::kDefer;
    return a;
  }
  a.ending = a.reader->open(a.header);
  if (a.ending.kind != Ending::Kind::kWell) return a;
  a.too_many_pixels = std::uint64_t{a.header.width} * a.header.height > max_pixels ||
                      a.header.width > kLongestSide || a.header.height > kLongestSide;
  if (a.too_many_pixels) return a;
  Picture picture(a.header, arithmetic);
  a.ending = a.reader->decode(picture);
  if (picture.any_rows()) a.hashed = picture.finish();
  return a;
}

// By the reference's arithmetic: from the rows that the reader kept, or else from a second decoding.
void hash_exactly(const File& file, std::uint64_t max_pixels, bool check_sums, Attempt& a) {
  if (a.ending.kind == Ending::Kind::kWell) {
    Picture picture(a.header, pdq::Arithmetic::kReference);
    if (a.reader->repeat(picture)) {
      a.hashed = picture.finish();
      return;
    }
  }
  a.reader.reset();
  Attempt exact = attempt(file, max_pixels, check_sums, pdq::Arithmetic::kReference);
  // Of a file that was cut off since, what was seen first is kept.
  if (!exact.hashed.empty()) a.hashed = std::move(exact.hashed);
}

Attempt settle(const File& file, std::uint64_t max_pixels) {
  Attempt a = attempt(file, max_pixels, true, pdq::Arithmetic::kFast);
  const bool checksum = a.ending.kind == Ending::Kind::kChecksum;
  if (checksum) {
    const std::string detail = a.ending.detail;
    a = attempt(file, max_pixels, false, pdq::Arithmetic::kFast);
    if (a.ending.kind == Ending::Kind::kWell) a.ending = {Ending::Kind::kDamaged, detail};
  }
  if (!a.certain()) hash_exactly(file, max_pixels, !checksum, a);
  return a;
}

void report(const Attempt& a, std::uint64_t max_pixels, Replies& replies) {
  const bool turned = a.header.orientation >= 5;
  const std::uint32_t width = turned ? a.header.height : a.header.width;
  const std::uint32_t height = turned ? a.header.width : a.header.height;
  if (a.too_many_pixels) {
    const std::string size = std::to_string(width) + " x " + std::to_string(height) + " pixels";
    const std::string most = "; at most " + std::to_string(max_pixels) + " are allowed";
    return replies.problem("too_many_pixels", size + most);
  }
  if (a.ending.kind == Ending::Kind::kDefer) return replies.defer();
  for (const Hashed& hashed : a.hashed) replies.picture(width, height, hashed);
  if (a.ending.kind != Ending::Kind::kWell) {
    replies.problem(reason_of(a.ending.kind), a.ending.detail);
  } else if (a.hashed.empty()) {
    replies.problem("damaged", "the decoder gave no pixels");
  }
}

}  // namespace

bool hash_file(int fd, std::uint64_t max_pixels, const Replies::Send& send) noexcept {
  Replies replies(send);
  try {
    report(settle(File(fd), max_pixels), max_pixels, replies);
  } catch (const std::bad_alloc&) {
    replies.problem("out_of_memory", "decoding a picture");
  } catch (const std::exception& error) {
    replies.problem("damaged", error.what());
  }
  return replies.end();
}

}  // namespace safelight::image
