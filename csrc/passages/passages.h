// Where in a text is the answer? colmodern/text/units.py, colmodern/passages/pieces.py and choice.py define it.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace colmodern {

// What a unit of a text is; the numbers of `UnitKind` in colmodern/text/units.py.
enum class UnitKind : std::int32_t { kSentence = 0, kRow = 1, kItem = 2, kHeading = 3, kCode = 4 };

// Characters start..end of a text; `first`: a paragraph or an item begins.
struct Unit {
  std::int32_t start;
  std::int32_t end;
  UnitKind kind;
  std::int32_t first;
};

// The characters of a text in UTF-8, one mark each (see characters.h). What is no UTF-8 is one character a byte.
class Text {
 public:
  Text() = default;
  Text(const char* bytes, std::int64_t size) { read(bytes, size); }

  // Takes another text in place of this one.
  void read(const char* bytes, std::int64_t size);

  const std::string& marks() const noexcept { return marks_; }
  // Whether all of it is ASCII.
  bool is_plain() const noexcept { return wide_.empty(); }
  // Whether the bytes were UTF-8.
  bool is_valid() const noexcept { return is_valid_; }
  // At which byte a character begins, or the text ends.
  std::int64_t byte_of(std::int64_t character) const;
  // Puts characters begin..end, in lower case.
  void folded_run(std::int64_t begin, std::int64_t end, std::u32string& into) const;

 private:
  // A character that is not ASCII.
  struct Wide {
    std::int64_t at;
    std::int64_t end;  // the byte behind it
    char32_t character;
  };

  std::string marks_;
  std::vector<Wide> wide_;
  bool is_valid_ = true;
};

// The units of a text, in order.
std::vector<Unit> units_of(const Text& text, bool is_code);

// Tokens begin..end of a unit, and the character at which the first of them starts.
struct Piece {
  std::int64_t unit;
  std::int64_t begin;
  std::int64_t end;
  std::int64_t kind;
  std::int64_t character;
};

// A text in UTF-8, and where its tokens stand in it: (n_tokens, 2), characters.
struct TokenisedText {
  const char* bytes;
  std::int64_t size;
  const std::int32_t* spans;
  std::int64_t n_tokens;
  bool is_code;
};

// What a text consists of. counts: (pieces.size(), number of words).
struct CutText {
  std::vector<Unit> units;
  std::vector<Piece> pieces;
  std::vector<float> counts;
};

// Cuts each text; `words` are in lower case. Without spans the words of a text are its tokens.
std::vector<CutText> cut_texts(const std::vector<TokenisedText>&, const std::vector<std::u32string>& words,
                               int threads);

// The characters of UTF-8; what is no UTF-8 becomes one character a byte.
std::u32string decoded(const char* bytes, std::int64_t size);

// Where a phrase stands in a text: characters first..second.
using PhrasePlaces = std::vector<std::pair<std::int64_t, std::int64_t>>;

// The pieces of documents, those of document i being offsets[i]..offsets[i + 1].
struct PiecesOfAll {
  const Piece* pieces;
  const std::int64_t* offsets;   // (count + 1,)
  const std::int64_t* n_tokens;  // (count,)
  std::int64_t count;
};

// What is known of pieces. maxima: (n_pieces, n_query), null where only words are known; counts: (n_pieces, n_words).
struct Evidence {
  const float* maxima;
  std::int64_t n_query;
  const float* counts;
  const double* idf;
  std::int64_t n_words;
};

// chosen: (count, wanted, 2): the pieces of the best windows of each document, counted within it, -1 where there are no
// more; scores: (count, wanted); answers: (n_pieces,): how much of the query each piece answers.
void choose_windows(const PiecesOfAll&, const Evidence&, std::int64_t wanted, int threads, std::int64_t* chosen,
                    double* scores, double* answers);

// Characters start..end of a text.
struct CharacterRange {
  std::int64_t start;
  std::int64_t end;

  auto operator<=>(const CharacterRange&) const = default;
};

// A unit that is shown, and whether it answers.
struct ShownUnit {
  std::int32_t start;
  std::int32_t end;
  UnitKind kind;
  bool answers;
};

// A passage; see `Passage` of colmodern/passages/passage.py.
struct ShownPassage {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t line = 1;
  std::int64_t best = 0;  // where the unit begins that answers best
  double score = 0.0;
  std::vector<CharacterRange> highlights;
  std::vector<ShownUnit> sentences;
  CharacterRange lead{0, 0};  // empty: none
};

}  // namespace colmodern
