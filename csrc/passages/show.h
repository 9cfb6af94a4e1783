// What is shown of a window? colmodern/passages/shown.py, highlights.py and lead.py define it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "passages/choose.h"
#include "passages/passages.h"

namespace colmodern {

// Tokens of a window, or words: their characters (n, 2), and what each scores for the query (n, width).
struct ScoredTokens {
  std::vector<std::int32_t> spans;
  std::vector<float> scores;
  std::int64_t width = 0;

  std::int64_t count() const noexcept { return static_cast<std::int64_t>(spans.size()) / 2; }
  std::int64_t start(std::int64_t i) const noexcept { return spans[static_cast<std::size_t>(2 * i)]; }
  std::int64_t end(std::int64_t i) const noexcept { return spans[static_cast<std::size_t>(2 * i + 1)]; }
  const float* row(std::int64_t i) const noexcept { return scores.data() + i * width; }
  bool is_inside(std::int64_t i, std::int64_t begin, std::int64_t stop) const noexcept {
    return start(i) >= begin && end(i) <= stop && end(i) > start(i);
  }
  // Leaves those that stand between two characters of the text.
  void keep(std::int64_t begin, std::int64_t stop);
};

// The characters of a window: whole units, but where one is cut into pieces.
CharacterRange bounds_of(const Text&, const CutText&, const ChosenWindow&);

// Those, with what is marked in them. `answers` has a number for each piece; `tokens` are used up.
ShownPassage shown(const Text&, const CutText&, const std::vector<double>& answers, const ChosenWindow&,
                   const CharacterRange& bounds, ScoredTokens& tokens);

}  // namespace colmodern
