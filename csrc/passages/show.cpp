#include "passages/show.h"

#include <algorithm>
#include <limits>

#include "passages/characters.h"

namespace colmodern {
namespace {

using Index = std::int64_t;

// Those of shown.py, highlights.py and lead.py.
constexpr Index kMostCharacters = 2000;
constexpr Index kMostAnswers = 3;
constexpr double kAnswerFloor = 0.6;
constexpr float kHighlightFloor = 0.6F;
constexpr Index kMostUnits = 200, kLongestRule = 2000;

const Unit& unit_of(const CutText& cut, Index number) { return cut.units[static_cast<std::size_t>(number)]; }
const Piece& piece_of(const CutText& cut, Index number) { return cut.pieces[static_cast<std::size_t>(number)]; }

bool is_blank(const Text& text, Index begin, Index end) {
  for (Index at = begin; at < end; ++at) {
    if (!is_in(text.marks()[static_cast<std::size_t>(at)], kSpace | kLine)) return false;
  }
  return true;
}

// Where the characters begin..end end without the white space behind them.
Index stripped(const Text& text, Index begin, Index end) {
  while (end > begin && is_in(text.marks()[static_cast<std::size_t>(end - 1)], kSpace | kLine)) --end;
  return end;
}

// At most kMostCharacters of a window: whole tokens around the best of them.
CharacterRange shortened(const CharacterRange& bounds, const ScoredTokens& tokens) {
  const auto [start, end] = bounds;
  if (end - start <= kMostCharacters) return bounds;
  Index best_one = -1;
  double highest = 0.0;
  for (Index i = 0; i < tokens.count(); ++i) {
    if (!tokens.is_inside(i, start, end)) continue;
    double sum = 0.0;
    for (Index q = 0; q < tokens.width; ++q) sum += tokens.row(i)[q];
    if (best_one < 0 || sum > highest) {
      best_one = i;
      highest = sum;
    }
  }
  if (best_one < 0) return {start, start + kMostCharacters};
  const Index best = tokens.start(best_one);
  const Index begin = std::max(start, best - kMostCharacters / 4), stop = std::min(end, begin + kMostCharacters);
  CharacterRange kept{std::numeric_limits<Index>::max(), 0};
  bool has_best = false;
  for (Index i = 0; i < tokens.count(); ++i) {
    if (!tokens.is_inside(i, start, end) || !tokens.is_inside(i, begin, stop)) continue;
    has_best = has_best || tokens.start(i) == best;
    kept = {std::min(kept.start, tokens.start(i)), std::max(kept.end, tokens.end(i))};
  }
  return has_best ? kept : CharacterRange{best, std::min(end, best + kMostCharacters)};
}

// What a window consists of, the units that answer marked; the best of them is noted.
void put_sentences(const CutText& cut, const std::vector<double>& answers, const ChosenWindow& window,
                   ShownPassage& passage, Index& best_unit) {
  const Index first = piece_of(cut, window.begin).unit, last = piece_of(cut, window.end - 1).unit;
  std::vector<double> of_each(static_cast<std::size_t>(last - first + 1), 0.0);
  for (Index i = window.begin; i < window.end; ++i) {
    double& value = of_each[static_cast<std::size_t>(piece_of(cut, i).unit - first)];
    value = std::max(value, answers[static_cast<std::size_t>(i)]);
  }
  const auto is_kept = [&](std::size_t i) {
    const Unit& unit = unit_of(cut, first + static_cast<Index>(i));
    return unit.start < passage.end && unit.end > passage.start;
  };
  for (std::size_t i = 0; i < of_each.size(); ++i) {
    if (!is_kept(i)) {
      of_each[i] = -1.0;
    } else if (unit_of(cut, first + static_cast<Index>(i)).kind == UnitKind::kHeading) {
      of_each[i] = 0.0;
    }
  }
  std::vector<char> is_marked(of_each.size());
  double floor = 0.0;
  for (Index rank = 0; rank < kMostAnswers; ++rank) {
    std::size_t best = of_each.size();
    for (std::size_t i = 0; i < of_each.size(); ++i) {
      if (is_marked[i] == 0 && (best == of_each.size() || of_each[i] > of_each[best])) best = i;
    }
    if (best == of_each.size()) break;
    if (rank == 0) {
      best_unit = first + static_cast<Index>(best);
      floor = std::max(kAnswerFloor * of_each[best], 1e-9);
    } else if (of_each[best] < floor) {
      break;
    }
    is_marked[best] = 1;
  }
  for (std::size_t i = 0; i < of_each.size(); ++i) {
    if (!is_kept(i)) continue;
    const Unit& unit = unit_of(cut, first + static_cast<Index>(i));
    passage.sentences.push_back({static_cast<std::int32_t>(std::max<Index>(unit.start, passage.start)),
                                 static_cast<std::int32_t>(std::min<Index>(unit.end, passage.end)), unit.kind,
                                 is_marked[i] != 0});
  }
}

// Marks the tokens that the well-matched query tokens matched.
void put_highlights(const ScoredTokens& tokens, ShownPassage& passage) {
  const Index n = tokens.count(), width = tokens.width;
  std::vector<float> best(static_cast<std::size_t>(width), -std::numeric_limits<float>::infinity());
  for (Index i = 0; i < n; ++i) {
    if (!tokens.is_inside(i, passage.start, passage.end)) continue;
    for (Index q = 0; q < width; ++q) {
      best[static_cast<std::size_t>(q)] = std::max(best[static_cast<std::size_t>(q)], tokens.row(i)[q]);
    }
  }
  if (best.empty()) return;
  const float floor = kHighlightFloor * *std::max_element(best.begin(), best.end());
  std::vector<CharacterRange> found;
  for (Index i = 0; i < n; ++i) {
    if (!tokens.is_inside(i, passage.start, passage.end)) continue;
    for (Index q = 0; q < width; ++q) {
      const float most = best[static_cast<std::size_t>(q)];
      if (tokens.row(i)[q] != most || most < floor || !(most > 0)) continue;
      found.push_back({tokens.start(i), tokens.end(i)});
      break;
    }
  }
  std::sort(found.begin(), found.end());
  for (const CharacterRange& one : found) {
    auto& marked = passage.highlights;
    if (!marked.empty() && one.start <= marked.back().end) {
      marked.back().end = std::max(marked.back().end, one.end);
    } else {
      marked.push_back(one);
    }
  }
}

// Whether no empty line parts a row from the one before; items of a list may be apart.
bool touches(const Text& text, const CutText& cut, Index number) {
  const Unit& unit = unit_of(cut, number);
  if (unit.kind == UnitKind::kItem) return true;
  const std::string& marks = text.marks();
  Index line = -1;  // where the line begins that is not the rest of the unit before
  for (Index at = unit_of(cut, number - 1).end; at < unit.start; ++at) {
    if (marks[static_cast<std::size_t>(at)] != '\n') continue;
    if (line >= 0 && is_blank(text, line, at)) return false;
    line = at + 1;
  }
  return true;
}

// Whether the line after a row rules it off, as in Markdown.
bool has_head(const Text& text, const CutText& cut, Index top) {
  const std::string& marks = text.marks();
  const auto size = static_cast<Index>(marks.size());
  Index at = unit_of(cut, top).end;
  const Index stop = std::min(size, at + kLongestRule);
  while (at < stop && is_in(marks[static_cast<std::size_t>(at)], kSpace | kLine)) ++at;
  bool has_dash = false;
  for (; at < stop && marks[static_cast<std::size_t>(at)] != '\n'; ++at) {
    const char mark = marks[static_cast<std::size_t>(at)];
    if (mark != '|' && mark != '-' && mark != ':' && mark != ' ' && mark != '\t') return false;
    has_dash = has_dash || mark == '-';
  }
  return has_dash;
}

// The unit that leads in another: the head of its table, the sentence above its list.
CharacterRange lead_of(const Text& text, const CutText& cut, Index number) {
  const UnitKind kind = unit_of(cut, number).kind;
  if (kind != UnitKind::kRow && kind != UnitKind::kItem) return {0, 0};
  const auto whole = [&](Index unit) { return CharacterRange{unit_of(cut, unit).start, unit_of(cut, unit).end}; };
  Index top = number;
  const Index highest = std::max<Index>(0, number - kMostUnits);
  while (top > highest && unit_of(cut, top - 1).kind == kind && touches(text, cut, top)) --top;
  if (kind == UnitKind::kRow) return top < number && has_head(text, cut, top) ? whole(top) : CharacterRange{0, 0};
  if (top == 0 || unit_of(cut, top - 1).kind != UnitKind::kSentence) return {0, 0};
  const CharacterRange before = whole(top - 1);
  return text.marks()[static_cast<std::size_t>(before.end - 1)] == ':' ? before : CharacterRange{0, 0};
}

}  // namespace

void ScoredTokens::keep(Index begin, Index stop) {
  Index kept = 0;
  for (Index i = 0; i < count(); ++i) {
    if (!is_inside(i, begin, stop)) continue;
    std::copy_n(spans.begin() + 2 * i, 2, spans.begin() + 2 * kept);
    std::copy_n(scores.begin() + width * i, width, scores.begin() + width * kept);
    ++kept;
  }
  spans.resize(static_cast<std::size_t>(2 * kept));
  scores.resize(static_cast<std::size_t>(width * kept));
}

CharacterRange bounds_of(const Text& text, const CutText& cut, const ChosenWindow& window) {
  const Piece& first = piece_of(cut, window.begin);
  const Piece& last = piece_of(cut, window.end - 1);
  const Index unit_start = unit_of(cut, first.unit).start, unit_end = unit_of(cut, last.unit).end;
  const auto count = static_cast<Index>(cut.pieces.size());
  const bool begins_inside = window.begin > 0 && piece_of(cut, window.begin - 1).unit == first.unit;
  const bool ends_inside = window.end < count && piece_of(cut, window.end).unit == last.unit;
  CharacterRange found{begins_inside ? first.character : unit_start,
                       ends_inside ? piece_of(cut, window.end).character : unit_end};
  if (is_blank(text, found.start, found.end)) found = {unit_start, unit_end};  // many tokens at one place
  return {found.start, stripped(text, found.start, found.end)};
}

ShownPassage shown(const Text& text, const CutText& cut, const std::vector<double>& answers, const ChosenWindow& window,
                   const CharacterRange& bounds, ScoredTokens& tokens) {
  const CharacterRange range = shortened(bounds, tokens);
  if (range != bounds) tokens.keep(range.start, range.end);
  ShownPassage passage;
  passage.start = range.start;
  passage.end = range.end;
  Index best_unit = 0;
  put_sentences(cut, answers, window, passage, best_unit);
  passage.best = std::max<Index>(passage.start, unit_of(cut, best_unit).start);
  std::vector<float> best(static_cast<std::size_t>(tokens.width), 0.0F);
  for (Index i = 0; i < tokens.count(); ++i) {
    for (std::size_t q = 0; q < best.size(); ++q) best[q] = std::max(best[q], tokens.row(i)[q]);
  }
  passage.score = 0.0;
  for (const float match : best) passage.score += match;
  put_highlights(tokens, passage);
  passage.lead = lead_of(text, cut, best_unit);
  passage.line = std::count(text.marks().begin(), text.marks().begin() + passage.start, '\n') + 1;
  return passage;
}

}  // namespace colmodern
