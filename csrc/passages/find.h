// Which passages of each of some documents answer a query? All of colmodern/passages/of_documents.py in one pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels.h"
#include "maxsim_codes/maxsim_codes.h"
#include "passages/passages.h"
#include "segments.h"

namespace colmodern {

// Coded documents, and the queries that meet them.
struct CodedSide {
  const Kernels& kernels;
  const CodeQuery& chooser;  // chooses the windows
  const CentroidRows& chooser_table;
  const CodeQuery& scorer;  // scores the tokens of what is shown
  const CentroidRows& scorer_table;
  Listed documents;  // as many as texts, of as many tokens
};

struct PassagesAsked {
  const std::vector<TokenisedText>& texts;
  const std::vector<std::u32string>& words;
  const double* idf;                                      // one for each word
  const std::vector<std::vector<PhrasePlaces>>& phrases;  // of each text; empty: no phrases
  std::int64_t wanted;
  double within;  // how much worse than the best one a passage may be, in standard deviations
  int threads;
};

// A passage, and where its text and what leads it in are in UTF-8.
struct PlacedPassage {
  ShownPassage shown;
  CharacterRange bytes;
  CharacterRange lead_bytes;
};

struct PassagesOfText {
  bool is_valid = true;  // whether the text was UTF-8
  std::vector<PlacedPassage> passages;
};

// The passages of each text, best first. Without `codes` only words are known: a text without a word of the query has
// no passage. Throws std::invalid_argument if documents do not fit their texts or the queries.
std::vector<PassagesOfText> find_passages(const PassagesAsked&, const CodedSide* codes);

}  // namespace colmodern
