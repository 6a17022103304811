// Nearly every hash has one row; the few with many share the overflow.
#include "postings.hpp"

namespace safelight::hamming {

void PostingsWriter::add(const std::vector<std::uint64_t>& rows) {
  std::uint64_t posting = rows.front();
  if (rows.size() > 1) {
    posting = kManyRows | (overflow_.size() / sizeof(std::uint64_t));
    const std::uint64_t count = rows.size();
    overflow_.append(&count, sizeof count);
    overflow_.append(rows.data(), rows.size() * sizeof(std::uint64_t));
  }
  postings_.append(&posting, sizeof posting);
  rows_ += rows.size();
}

void PostingsWriter::write(IndexWriter& writer) {
  const std::size_t postings = writer.begin(Kind::kPostings, postings_.size());
  postings_.copy_to(writer, postings);
  writer.end(postings);
  const std::size_t overflow = writer.begin(Kind::kOverflow, overflow_.size());
  overflow_.copy_to(writer, overflow);
  writer.end(overflow);
}

Postings::Postings(const IndexFile& file, std::uint64_t values) : file_(&file) {
  postings_ = file.array<std::uint64_t>(Kind::kPostings, values);
  overflow_words_ = file.length(Kind::kOverflow) / sizeof(std::uint64_t);
  overflow_ = file.array<std::uint64_t>(Kind::kOverflow, overflow_words_);
}

void Postings::append_rows(std::uint64_t value, std::vector<std::uint64_t>& rows) const {
  const std::uint64_t posting = postings_[value];
  if ((posting & kManyRows) == 0) {
    rows.push_back(posting);
    return;
  }
  const std::uint64_t at = posting & kMaxRow;
  if (at >= overflow_words_ || overflow_[at] > overflow_words_ - at - 1) {
    file_->damaged("the rows of a value lie outside it");
  }
  rows.insert(rows.end(), overflow_ + at + 1, overflow_ + at + 1 + overflow_[at]);
}

}  // namespace safelight::hamming
