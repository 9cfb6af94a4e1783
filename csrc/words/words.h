// Which documents have the words of a query, and what do they score by them?
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace colmodern {

// The words of a segment as they are stored, ascending by their bytes, and the documents that have each.
struct StoredWords {
  const std::int64_t* word_offsets;  // (n_words + 1,): where the bytes of each word begin
  const char* bytes;
  std::int64_t n_bytes;
  std::int64_t n_words;
  const std::int64_t* posting_offsets;  // (n_words + 1,)
  const void* documents;                // (n_postings,)
  bool wide;                            // 32 bits, else 16
  const std::uint16_t* counts;          // (n_postings,): how often a document has the word
  std::int64_t n_postings;
  std::int64_t n_documents;
};

// Words of several segments, whose documents are numbered through all of them.
class WordSegments {
 public:
  void add(const StoredWords& words) {
    segments_.push_back(words);
    starts_.push_back(starts_.back() + words.n_documents);
  }

  std::int64_t count() const noexcept { return static_cast<std::int64_t>(segments_.size()); }
  std::int64_t n_documents() const noexcept { return starts_.back(); }
  std::int64_t start_of(std::int64_t i) const noexcept { return starts_[static_cast<std::size_t>(i)]; }
  const StoredWords& operator[](std::int64_t i) const noexcept { return segments_[static_cast<std::size_t>(i)]; }

 private:
  std::vector<StoredWords> segments_;
  std::vector<std::int64_t> starts_{0};
};

// rows: (segments.count(), words.size()): the row of each word in each segment, -1 where it has none. frequencies:
// (words.size(),): how many documents have each word, of those that are `live`, or of all where it is null.
// Throws std::invalid_argument if a word, a list or a document lies outside what there is.
void find_words(const WordSegments&, const std::vector<std::string_view>& words, const bool* live, std::int64_t* rows,
                std::int64_t* frequencies);

// scores: (n_documents,): for each word in order, weight * (count / (count + saturation of the document)) is added in
// float32, each operation rounded for itself. Threads share segments. rows: from `find_words`; weights: (n_words,);
// saturations: (n_documents,). Throws as `find_words` does.
void score_words(const WordSegments&, const std::int64_t* rows, const float* weights, std::int64_t n_words,
                 const float* saturations, int threads, float* scores);

}  // namespace colmodern
