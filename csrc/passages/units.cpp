// Units of a text, as colmodern/text/units.py defines them: the same names, the same order.
#include <algorithm>
#include <optional>
#include <string_view>

#include "passages/characters.h"
#include "passages/passages.h"

namespace colmodern {
namespace {

using Text = std::u32string_view;
using Index = std::int64_t;

constexpr Index kLeastWrapped = 55, kMostWrapped = 130, kWidth = 72;
constexpr Index kLeastBeforeLower = 30;

struct Line {
  Index line_start;
  Index start;
  Index end;
};

struct Block {
  Index start;
  Index end;
  UnitKind kind;
  Line last;
};

bool is_abbreviation(const std::string& word) {
  static constexpr std::string_view kAll[] = {"mr",  "mrs", "ms",   "dr", "prof",   "st", "no",
                                              "vs",  "fig", "figs", "eq", "sec",    "cf", "al",
                                              "etc", "e.g", "i.e",  "ca", "approx", "jr", "sr"};
  return std::find(std::begin(kAll), std::end(kAll), word) != std::end(kAll);
}

class Cutter {
 public:
  explicit Cutter(Text text) : text_(text), size_(static_cast<Index>(text.size())) {}

  std::vector<Unit> code_lines() {
    bool first = true;
    each_line([&](const Line& line) {
      if (line.start < line.end) put(line.line_start, line.end, UnitKind::kCode, first);
      first = line.start == line.end;
    });
    return std::move(units_);
  }

  std::vector<Unit> units() {
    each_line([&](const Line& line) { take(line); });
    close();
    return std::move(units_);
  }

 private:
  template <class Body>
  void each_line(const Body& body) const {
    for (Index at = 0; at <= size_;) {
      Index stop = at;
      while (stop < size_ && text_[stop] != U'\n' && text_[stop] != U'\f') ++stop;
      Index start = at, end = stop;
      while (start < end && is_space(text_[start])) ++start;
      while (end > start && is_space(text_[end - 1])) --end;
      body(Line{at, start, end});
      if (stop < size_ && text_[stop] == U'\f') body(Line{stop, stop, stop});
      at = stop + 1;
    }
  }

  void take(const Line& line) {
    if (line.start == line.end) return close();
    const Text mark = text_.substr(line.start, std::min<Index>(3, size_ - line.start));
    const bool is_fence = mark == U"```" || mark == U"~~~";
    if (!fence_.empty() || is_fence) {
      close();
      put(line.line_start, line.end, UnitKind::kCode, fence_.empty());
      if (fence_.empty()) {
        fence_ = mark;
      } else if (mark == fence_) {
        fence_ = {};
      }
      return;
    }
    const UnitKind kind = kind_of(line);
    if (is_rule(line)) {
      if (block_ && block_->last.start == block_->start && block_->kind != UnitKind::kItem) {
        put(block_->start, line.end, UnitKind::kHeading, true);
        block_.reset();
      } else {
        close();
      }
    } else if (kind == UnitKind::kHeading || kind == UnitKind::kRow) {
      close();
      put(line.start, line.end, kind, true);
    } else if (kind == UnitKind::kSentence && block_ && continues(*block_, line)) {
      block_->end = line.end;
      block_->last = line;
    } else {
      close();
      block_ = Block{line.start, line.end, kind, line};
    }
  }

  UnitKind kind_of(const Line& line) const {
    const Index at = line.start, end = line.end;
    if (text_[at] == U'|' || has_columns(line)) return UnitKind::kRow;
    Index after = at;
    while (after < end && text_[after] == U'#') ++after;
    if (0 < after - at && after - at <= 6 && after < end && is_space(text_[after])) return UnitKind::kHeading;
    if (is_bullet(text_[at]) && at + 1 < end && is_space(text_[at + 1])) return UnitKind::kItem;
    after = at;
    while (after < end && is_digit(text_[after])) ++after;
    const bool is_number =
        0 < after - at && after - at <= 3 && after + 1 < end && (text_[after] == U'.' || text_[after] == U')');
    return is_number && is_space(text_[after + 1]) ? UnitKind::kItem : UnitKind::kSentence;
  }

  bool has_columns(const Line& line) const {
    Index spaces = 0;
    for (Index i = line.start; i < line.end; ++i) {
      if (text_[i] == U'\t') return true;
      spaces = text_[i] == U' ' ? spaces + 1 : 0;
      if (spaces == 3) return true;
    }
    return false;
  }

  bool is_rule(const Line& line) const {
    const char32_t mark = text_[line.start];
    if (line.end - line.start < 3 || mark >= 0x80 || is_alnum(mark) || mark == U'|') return false;
    for (Index i = line.start; i < line.end; ++i) {
      if (text_[i] != mark) return false;
    }
    return true;
  }

  bool continues(const Block& block, const Line& line) const {
    const Index length = block.last.end - block.last.start;
    const bool is_indented = line.start > line.line_start;
    if (is_indented && block.kind == UnitKind::kItem) return true;
    if (is_lower(text_[line.start]) && length >= kLeastBeforeLower && !is_indented) return true;
    Index word = line.start;
    while (word < line.end && !is_space(text_[word])) ++word;
    const bool fits = length + 1 + (word - line.start) <= kWidth;
    return kLeastWrapped <= length && length <= kMostWrapped && !fits;
  }

  // Puts the sentences of the block, if there is one.
  void close() {
    if (!block_) return;
    const Index stop = block_->end;
    Index start = block_->start;
    bool first = true;
    for (Index at = start; at < stop;) {
      const bool may_end = is_end(text_[at]) || is_wide_end(text_[at]);
      const Index after = may_end ? after_end(start, at, stop) : -1;
      if (after < 0) {
        ++at;
        continue;
      }
      put(start, after, block_->kind, first);
      first = false;
      start = after;
      while (start < stop && is_space_or_line(text_[start])) ++start;
      at = start;
    }
    if (start < stop) put(start, stop, block_->kind, first);
    block_.reset();
  }

  // Where the sentence that began at `start` is over, if it ends with the mark at `at`; -1 if not.
  Index after_end(Index start, Index at, Index stop) const {
    const char32_t mark = text_[at];
    Index after = at + 1;
    while (after < stop && is_closer(text_[after])) ++after;
    if (after >= stop) return stop;
    if (is_wide_end(mark)) return after;
    if (!is_space_or_line(text_[after])) return -1;
    if (at > start && is_space_or_line(text_[at - 1])) return after;
    Index following = after;
    while (following < stop && (is_space_or_line(text_[following]) || is_opener(text_[following]))) ++following;
    if (following < stop && is_lower(text_[following])) return -1;
    return mark == U'.' && is_short_form(start, at) ? -1 : after;
  }

  bool is_short_form(Index start, Index at) const {
    Index word = at;
    while (word > start && at - word < 8 && !is_space_or_line(text_[word - 1]) && !is_opener(text_[word - 1])) --word;
    std::string before;
    bool all_digits = true;
    for (Index i = word; i < at; ++i) {
      const char32_t c = text_[i];
      if (c >= 0x80) return false;
      all_digits = all_digits && is_digit(c);
      before.push_back(static_cast<char>(c >= U'A' && c <= U'Z' ? c + 32 : c));
    }
    if (before.size() == 1 && text_[word] >= U'A' && text_[word] <= U'Z') return true;
    if (word == start && !before.empty() && before.size() <= 3 && all_digits) return true;
    return is_abbreviation(before);
  }

  void put(Index start, Index end, UnitKind kind, bool first) {
    units_.push_back({static_cast<std::int32_t>(start), static_cast<std::int32_t>(end), kind, first ? 1 : 0});
  }

  Text text_;
  Index size_;
  std::optional<Block> block_;
  Text fence_;
  std::vector<Unit> units_;
};

}  // namespace

std::vector<Unit> units_of(const std::u32string& text, bool is_code) {
  Cutter cutter(text);
  return is_code ? cutter.code_lines() : cutter.units();
}

}  // namespace colmodern
