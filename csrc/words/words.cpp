#include "words/words.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "parallel.h"

namespace colmodern {
namespace {

std::string from_to(std::int64_t begin, std::int64_t end) {
  return std::to_string(begin) + " to " + std::to_string(end);
}

std::string_view word_at(const StoredWords& words, std::int64_t row) {
  const std::int64_t begin = words.word_offsets[row];
  const std::int64_t end = words.word_offsets[row + 1];
  if (begin < 0 || end < begin || end > words.n_bytes) {
    throw std::invalid_argument("offsets of word " + std::to_string(row) + " are " + from_to(begin, end) +
                                ", expected a range within " + std::to_string(words.n_bytes) + " bytes");
  }
  return {words.bytes + begin, static_cast<std::size_t>(end - begin)};
}

// The row of a word, or -1. Bytes are compared as unsigned ones, as std::string_view does.
std::int64_t row_of(const StoredWords& words, std::string_view wanted) {
  std::int64_t low = 0;
  std::int64_t high = words.n_words;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (word_at(words, middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < words.n_words && word_at(words, low) == wanted ? low : -1;
}

// The postings of a word; its row is checked too, for it comes from a caller.
struct List {
  std::int64_t begin;
  std::int64_t end;
};

List list_of(const StoredWords& words, std::int64_t row) {
  if (row >= words.n_words) {
    throw std::invalid_argument("a word has row " + std::to_string(row) + ", expected below " +
                                std::to_string(words.n_words));
  }
  if (row < 0) return {0, 0};
  const List list{words.posting_offsets[row], words.posting_offsets[row + 1]};
  if (list.begin < 0 || list.end < list.begin || list.end > words.n_postings) {
    throw std::invalid_argument("postings of word " + std::to_string(row) + " run from " +
                                from_to(list.begin, list.end) + ", expected a range within " +
                                std::to_string(words.n_postings));
  }
  return list;
}

// Calls use(document, place) for each posting until one names a document that is not there; returns that, or -1.
template <class Id, class Use>
std::int64_t each_document(const StoredWords& words, const List& list, const Use& use) noexcept {
  const Id* documents = static_cast<const Id*>(words.documents);
  const auto n = static_cast<std::uint64_t>(words.n_documents);
  for (std::int64_t place = list.begin; place < list.end; ++place) {
    const std::uint64_t document = documents[place];
    if (document >= n) return static_cast<std::int64_t>(document);
    use(static_cast<std::int64_t>(document), place);
  }
  return -1;
}

template <class Use>
std::int64_t each_posting(const StoredWords& words, const List& list, const Use& use) noexcept {
  return words.wide ? each_document<std::uint32_t>(words, list, use) : each_document<std::uint16_t>(words, list, use);
}

void raise_if_missing(std::int64_t document, const StoredWords& words) {
  if (document < 0) return;
  throw std::invalid_argument("a posting is document " + std::to_string(document) + ", expected below " +
                              std::to_string(words.n_documents));
}

}  // namespace

void find_words(const WordSegments& segments, const std::vector<std::string_view>& words, const bool* live,
                std::int64_t* rows, std::int64_t* frequencies) {
  std::fill_n(frequencies, words.size(), 0);
  for (std::int64_t i = 0; i < segments.count(); ++i) {
    const StoredWords& stored = segments[i];
    const bool* live_here = live == nullptr ? nullptr : live + segments.start_of(i);
    for (std::size_t word = 0; word < words.size(); ++word) {
      const std::int64_t row = row_of(stored, words[word]);
      *rows++ = row;
      const List list = list_of(stored, row);
      if (live_here == nullptr) {
        frequencies[word] += list.end - list.begin;
        continue;
      }
      raise_if_missing(each_posting(stored, list,
                                    [&](std::int64_t document, std::int64_t) {
                                      frequencies[word] += static_cast<std::int64_t>(live_here[document]);
                                    }),
                       stored);
    }
  }
}

void score_words(const WordSegments& segments, const std::int64_t* rows, const float* weights, std::int64_t n_words,
                 const float* saturations, int threads, float* scores) {
  std::vector<List> lists;
  for (std::int64_t i = 0; i < segments.count(); ++i) {
    for (std::int64_t word = 0; word < n_words; ++word) lists.push_back(list_of(segments[i], rows[i * n_words + word]));
  }
  std::vector<std::int64_t> missing(static_cast<std::size_t>(segments.count()), -1);
  parallel_for(segments.count(), 1, threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const StoredWords& stored = segments[i];
      const float* saturation = saturations + segments.start_of(i);
      float* score = scores + segments.start_of(i);
      std::fill_n(score, stored.n_documents, 0.0F);
      for (std::int64_t word = 0; word < n_words; ++word) {
        const float weight = weights[word];
        const std::int64_t outside = each_posting(stored, lists[static_cast<std::size_t>(i * n_words + word)],
                                                  [&](std::int64_t document, std::int64_t place) {
                                                    const auto count = static_cast<float>(stored.counts[place]);
                                                    score[document] +=
                                                        weight * (count / (count + saturation[document]));
                                                  });
        if (outside >= 0) missing[static_cast<std::size_t>(i)] = outside;
      }
    }
  });
  for (std::int64_t i = 0; i < segments.count(); ++i)
    raise_if_missing(missing[static_cast<std::size_t>(i)], segments[i]);
}

}  // namespace colmodern
