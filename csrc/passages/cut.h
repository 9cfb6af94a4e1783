// A document in pieces, one after the other in memory that is kept.
#pragma once

#include <cstdint>
#include <vector>

#include "passages/passages.h"
#include "passages/words.h"

namespace colmodern {

// The tokens that stand in a text, and where they do: rising.
struct PlacedTokens {
  std::vector<std::int32_t> tokens;
  std::vector<std::int32_t> starts;
};

// One thread's.
class TextCutter {
 public:
  explicit TextCutter(const WordNumbers& numbers) : numbers_(numbers) {}

  // Reads and cuts a text; `into` is overwritten.
  void cut(const TokenisedText& text, CutText& into);

  // The text that was read last, and its words.
  const Text& text() const noexcept { return text_; }
  const WordRuns& runs() const noexcept { return runs_; }
  const WordNumbers& numbers() const noexcept { return numbers_; }

 private:
  const WordNumbers& numbers_;
  Text text_;
  WordRuns runs_;
  PlacedTokens placed_;
};

}  // namespace colmodern
