// Units of a text, as colmodern/text/units.py defines them: the same names, the same order.
#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "passages/characters.h"
#include "passages/passages.h"

namespace colmodern {
namespace {

using Marks = std::string_view;
using Index = std::int64_t;

constexpr Index kLeastWrapped = 55, kMostWrapped = 130, kWidth = 72;
constexpr Index kLeastBeforeLower = 30;
constexpr Index kLeastThai = 40;

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
  explicit Cutter(Marks text) : text_(text), size_(static_cast<Index>(text.size())) {}

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
    Index feed = -1;
    for (Index at = 0, line_feed = -1; at <= size_;) {
      if (line_feed < at) line_feed = next_of('\n', at);
      if (feed < at) feed = next_of('\f', at);
      const Index stop = std::min(line_feed, feed);
      Index start = at, end = stop;
      while (start < end && is_in(text_[start], kSpace)) ++start;
      while (end > start && is_in(text_[end - 1], kSpace)) --end;
      body(Line{at, start, end});
      if (stop < size_ && text_[stop] == '\f') body(Line{stop, stop, stop});
      at = stop + 1;
    }
  }

  // Where a mark is next, the size of the text if nowhere.
  Index next_of(char mark, Index at) const {
    const auto found = text_.find(mark, static_cast<std::size_t>(at));
    return found == Marks::npos ? size_ : static_cast<Index>(found);
  }

  void take(const Line& line) {
    if (line.start == line.end) return close();
    const Marks mark = text_.substr(line.start, std::min<Index>(3, size_ - line.start));
    const bool is_fence = mark == "```" || mark == "~~~";
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
    if (text_[at] == '|' || has_columns(line)) return UnitKind::kRow;
    Index after = at;
    while (after < end && text_[after] == '#') ++after;
    if (0 < after - at && after - at <= 6 && after < end && is_in(text_[after], kSpace)) return UnitKind::kHeading;
    if (is_in(text_[at], kBullet) && at + 1 < end && is_in(text_[at + 1], kSpace)) return UnitKind::kItem;
    after = at;
    while (after < end && is_digit(static_cast<unsigned char>(text_[after]))) ++after;
    const bool is_number =
        0 < after - at && after - at <= 3 && after + 1 < end && (text_[after] == '.' || text_[after] == ')');
    return is_number && is_in(text_[after + 1], kSpace) ? UnitKind::kItem : UnitKind::kSentence;
  }

  bool has_columns(const Line& line) const {
    const Marks marks =
        text_.substr(static_cast<std::size_t>(line.start), static_cast<std::size_t>(line.end - line.start));
    if (marks.find('\t') != Marks::npos) return true;
    for (std::size_t i = 2; i < marks.size(); i += 3) {  // one of any three in a row
      if (marks[i] != ' ') continue;
      std::size_t begin = i - 2, spaces = 0;
      for (; begin < std::min(i + 3, marks.size()) && spaces < 3; ++begin)
        spaces = marks[begin] == ' ' ? spaces + 1 : 0;
      if (spaces == 3) return true;
    }
    return false;
  }

  bool is_rule(const Line& line) const {
    const char mark = text_[line.start];
    if (line.end - line.start < 3 || !is_ascii(mark) || is_alnum(static_cast<char32_t>(mark)) || mark == '|')
      return false;
    for (Index i = line.start; i < line.end; ++i) {
      if (text_[i] != mark) return false;
    }
    return true;
  }

  bool continues(const Block& block, const Line& line) const {
    const Index length = block.last.end - block.last.start;
    const bool is_indented = line.start > line.line_start;
    if (is_indented && block.kind == UnitKind::kItem) return true;
    if (is_in(text_[line.start], kLower) && length >= kLeastBeforeLower && !is_indented) return true;
    Index word = line.start;
    while (word < line.end && !is_in(text_[word], kSpace)) ++word;
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
      at = next_mark(at, stop);
      if (at == stop) break;
      const Index after = after_end(start, at, stop);
      if (after < 0) {
        ++at;
        continue;
      }
      put(start, after, block_->kind, first);
      first = false;
      start = after;
      while (start < stop && is_in(text_[start], kSpace | kLine)) ++start;
      at = start;
    }
    if (start < stop) put(start, stop, block_->kind, first);
    block_.reset();
  }

  // Where the next mark is that may end a sentence; stop if there is none. Most groups of eight have none.
  Index next_mark(Index at, Index stop) const {
    constexpr std::uint64_t kOnes = 0x0101010101010101U, kHigh = 0x8080808080808080U;
    const auto has = [](std::uint64_t eight, char mark) {
      const std::uint64_t other = eight ^ (kOnes * static_cast<unsigned char>(mark));
      return (other - kOnes) & ~other & kHigh;
    };
    for (; stop - at >= 8; at += 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, text_.data() + at, 8);
      if (((eight & kHigh) | has(eight, '.') | has(eight, '!') | has(eight, '?')) == 0) continue;
      const Index end = at + 8;
      while (at < end && !is_in(text_[at], kEnd | kWideEnd | kThai)) ++at;
      if (at < end) return at;
      at -= 8;
    }
    while (at < stop && !is_in(text_[at], kEnd | kWideEnd | kThai)) ++at;
    return at;
  }

  // Where the sentence that began at `start` is over, if it ends with the mark at `at`; -1 if not.
  Index after_end(Index start, Index at, Index stop) const {
    const char mark = text_[at];
    if (is_in(mark, kThai)) return after_thai(start, at, stop);
    Index after = at + 1;
    while (after < stop && is_in(text_[after], kCloser)) ++after;
    if (after >= stop) return stop;
    if (is_in(mark, kWideEnd)) return after;
    if (!is_in(text_[after], kSpace | kLine)) return -1;
    if (at > start && is_in(text_[at - 1], kSpace | kLine)) return after;
    Index following = after;
    while (following < stop && is_in(text_[following], kSpace | kLine | kOpener)) ++following;
    if (following < stop && is_in(text_[following], kLower)) return -1;
    return mark == '.' && is_short_form(start, at) ? -1 : after;
  }

  Index after_thai(Index start, Index at, Index stop) const {
    if (at + 1 - start < kLeastThai || at + 1 >= stop || !is_in(text_[at + 1], kSpace | kLine)) return -1;
    Index following = at + 1;
    while (following < stop && is_in(text_[following], kSpace | kLine)) ++following;
    return following < stop && is_in(text_[following], kThai) ? at + 1 : -1;
  }

  bool is_short_form(Index start, Index at) const {
    Index word = at;
    while (word > start && at - word < 8 && !is_in(text_[word - 1], kSpace | kLine | kOpener)) --word;
    std::string before;
    bool all_digits = true;
    for (Index i = word; i < at; ++i) {
      const char c = text_[i];
      if (!is_ascii(c)) return false;
      all_digits = all_digits && is_digit(static_cast<unsigned char>(c));
      before.push_back(static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
    if (before.size() == 1 && text_[word] >= 'A' && text_[word] <= 'Z') return true;
    if (word == start && !before.empty() && before.size() <= 3 && all_digits) return true;
    return is_abbreviation(before);
  }

  void put(Index start, Index end, UnitKind kind, bool first) {
    units_.push_back({static_cast<std::int32_t>(start), static_cast<std::int32_t>(end), kind, first ? 1 : 0});
  }

  Marks text_;
  Index size_;
  std::optional<Block> block_;
  Marks fence_;
  std::vector<Unit> units_;
};

}  // namespace

std::vector<Unit> units_of(const Text& text, bool is_code) {
  Cutter cutter(text.marks());
  return is_code ? cutter.code_lines() : cutter.units();
}

}  // namespace colmodern
