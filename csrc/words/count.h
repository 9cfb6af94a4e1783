// Which words do texts have, and how often? colmodern/text/words.py defines what a word is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace colmodern {

// Numbers of strings of bytes, in the order in which they come.
class Vocabulary {
 public:
  Vocabulary();

  std::uint32_t number_of(std::string_view word);
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(ends_.size()); }
  std::size_t n_bytes() const noexcept { return bytes_.size(); }
  std::string_view operator[](std::uint32_t number) const noexcept;

 private:
  void grow();

  std::string bytes_;
  std::vector<std::size_t> ends_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> slots_;  // a number + 1, or 0
};

// The words of documents, one document after the other.
class WordCounter {
 public:
  // Counts the words of a part of the document. What holds anything but ASCII is for others to split: it is given
  // back, from one character of ASCII that is in no word to the next.
  std::vector<std::string_view> add(std::string_view text);

  // Counts a word of the document as it is.
  void add_word(std::string_view word);

  // Ends the document; the next one begins.
  void end_document();

  std::int64_t n_words() const noexcept { return vocabulary_.size(); }
  std::int64_t n_bytes() const noexcept { return static_cast<std::int64_t>(vocabulary_.n_bytes()); }
  std::int64_t n_postings() const noexcept { return static_cast<std::int64_t>(counts_.size()); }
  std::int64_t n_documents() const noexcept { return static_cast<std::int64_t>(lengths_.size()); }

  // Words ascending by their bytes. word_offsets, offsets: (n_words + 1,); bytes: (n_bytes,); documents, counts:
  // (n_postings,), those of a word by document, what is counted more often than 16 bits hold as their greatest;
  // lengths: (n_documents,): how many words each document has, repeated ones repeated.
  void write(std::int64_t* word_offsets, char* bytes, std::int64_t* offsets, std::uint32_t* documents,
             std::uint16_t* counts, std::uint32_t* lengths) const;

 private:
  void add_name(std::string_view name);

  Vocabulary vocabulary_;
  std::string lower_;                       // room for a name in lower case
  std::vector<std::uint32_t> in_document_;  // for each word, how often the document has it
  std::vector<std::uint32_t> distinct_;     // the words that it has
  std::uint32_t length_ = 0;
  std::vector<std::uint32_t> words_;  // of each posting, document by document
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> n_distinct_;
  std::vector<std::uint32_t> lengths_;
};

}  // namespace colmodern
