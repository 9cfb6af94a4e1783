// The choice of colmodern/passages/choice.py, in the same order of operations.
#include "passages/choose.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "parallel.h"

namespace colmodern {
namespace {

using Index = std::int64_t;
using Doubles = std::vector<double>;
using Indexes = std::vector<Index>;

// Those of choice.py.
constexpr Index kWindowTokens = 128;
constexpr double kWordWeight = 0.25, kContextWeight = 0.6;
constexpr double kContextPart = 16, kLeastContext = 256;
constexpr double kNearPart = 32, kLeastNear = 128, kNearLoss = 0.6;
constexpr double kK1 = 1.2, kB = 0.75;
constexpr double kDecisive = 1e6;  // _DECISIVE of phrases.py

// Calls body(i, greatest) with the greatest of rows begins[i]..ends[i]; begins and ends rise, and no range is empty.
// Each row is looked at three times in all: of two queues, the front one keeps the maxima of what is left of it.
template <class Body>
void each_maximum(const PieceRows& rows, const Indexes& begins, const Indexes& ends, const Body& body) {
  const auto width = static_cast<std::size_t>(rows.width);
  std::vector<float> front, back(width), greatest(width);
  Index front_begin = 0, middle = 0, reached = 0;
  for (std::size_t i = 0; i < begins.size(); ++i) {
    if (begins[i] >= middle) {
      front_begin = begins[i];
      middle = ends[i];
      front.assign(static_cast<std::size_t>(middle - front_begin) * width, 0.0F);
      for (Index row = middle - 1; row >= front_begin; --row) {
        float* into = front.data() + static_cast<std::size_t>(row - front_begin) * width;
        const float* later = row + 1 < middle ? into + width : rows[row];
        for (std::size_t q = 0; q < width; ++q) into[q] = std::max(rows[row][q], later[q]);
      }
      std::fill(back.begin(), back.end(), -std::numeric_limits<float>::infinity());
      reached = middle;
    }
    for (; reached < ends[i]; ++reached) {
      for (std::size_t q = 0; q < width; ++q) back[q] = std::max(back[q], rows[reached][q]);
    }
    const float* left = front.data() + static_cast<std::size_t>(begins[i] - front_begin) * width;
    for (std::size_t q = 0; q < width; ++q) greatest[q] = std::max(left[q], back[q]);
    body(i, greatest.data());
  }
}

// Sums over the columns of rows are added a column at a time, for all rows: in the order of the columns, as NumPy adds
// them, and no addition waits for the one before.

// In standard deviations from their mean; zeros where all are alike.
void standardise(Doubles& values) {
  double sum = 0.0, most = 0.0;
  for (const double value : values) {
    sum += value;
    most = std::max(most, std::abs(value));
  }
  const auto n = static_cast<double>(values.size());
  const double mean = sum / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / n);
  const bool alike = deviation <= 1e-9 * std::max(1.0, most);
  for (double& value : values) value = alike ? 0.0 : (value - mean) / deviation;
}

// The number of the piece that a character is in, by the first characters of pieces.
Index piece_at(const Piece* pieces, Index count, Index character) {
  const auto after = std::upper_bound(pieces, pieces + count, character,
                                      [](Index at, const Piece& piece) { return at < piece.character; });
  return std::max<Index>(after - pieces - 1, 0);
}

}  // namespace

Choice::Choice(const Piece* pieces, Index count, Index n_tokens, const Evidence& evidence)
    : pieces_(pieces),
      count_(count),
      n_tokens_(n_tokens),
      evidence_(evidence),
      counts_{evidence.counts, evidence.n_words} {
  find_ends();
  if (evidence.maxima == nullptr) {
    as_evidence_.resize(static_cast<std::size_t>(count * evidence.n_words));
    for (Index i = 0; i < count * evidence.n_words; ++i) {
      const auto at = static_cast<std::size_t>(i);
      as_evidence_[at] = evidence.counts[i] > 0 ? static_cast<float>(evidence.idf[i % evidence.n_words]) : 0.0F;
    }
    rows_ = {as_evidence_.data(), evidence.n_words};
  } else {
    rows_ = {evidence.maxima, evidence.n_query};
  }
  score();
  answer();
}

void Choice::prefer(const std::vector<PhrasePlaces>& phrases) {
  const double most = *std::max_element(answers_.begin(), answers_.end());
  for (const PhrasePlaces& places : phrases) {
    std::vector<char> held(scores_.size()), whole(scores_.size());
    for (const auto& [start, end] : places) {
      const Index first = piece_at(pieces_, count_, start);
      const Index last = std::max(piece_at(pieces_, count_, end - 1), first);
      for (Index i = 0; i <= first; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (ends_[at] > first) held[at] = 1;
        if (ends_[at] > last) whole[at] = 1;
      }
      for (Index i = first; i <= last; ++i) answers_[static_cast<std::size_t>(i)] += most;
    }
    for (std::size_t i = 0; i < scores_.size(); ++i) scores_[i] += kDecisive * (held[i] + whole[i]);
  }
}

void Choice::choose(Index wanted, std::vector<ChosenWindow>& chosen) {
  const double near = std::max(kLeastNear, static_cast<double>(n_tokens_) / kNearPart);
  for (Index found = 0; found < wanted; ++found) {
    const auto best = std::max_element(scores_.begin(), scores_.end());
    if (best == scores_.end() || !std::isfinite(*best)) return;
    const auto begin = static_cast<Index>(best - scores_.begin());
    const Index end = ends_[static_cast<std::size_t>(begin)];
    chosen.push_back({begin, end, *best});
    for (Index i = 0; i < count_; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (std::abs(middle(i) - middle(begin)) < near) scores_[at] -= kNearLoss;
      if (i < end && ends_[at] > begin) scores_[at] = -std::numeric_limits<double>::infinity();
    }
  }
}

double Choice::middle(Index window) const noexcept {
  const Index last = ends_[static_cast<std::size_t>(window)] - 1;
  return (static_cast<double>(pieces_[window].begin) + static_cast<double>(pieces_[last].end)) / 2;
}

void Choice::answer() {
  answers_.resize(ends_.size());
  const auto width = static_cast<std::size_t>(rows_.width);
  Doubles mean(width), weights(width, -std::numeric_limits<double>::infinity());
  for (Index i = 0; i < count_; ++i) {
    for (std::size_t q = 0; q < width; ++q) {
      mean[q] += rows_[i][q];
      weights[q] = std::max(weights[q], static_cast<double>(rows_[i][q]));
    }
  }
  for (std::size_t q = 0; q < width; ++q) {
    mean[q] /= static_cast<double>(count_);
    weights[q] -= mean[q];
  }
  for (std::size_t q = 0; q < width; ++q) {
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      answers_[i] += std::max(0.0, rows_[static_cast<Index>(i)][q] - mean[q]) * weights[q];
    }
  }
}

void Choice::find_ends() {
  ends_.resize(static_cast<std::size_t>(count_));
  Index end = 0, tokens = 0;  // of pieces i..end
  for (Index i = 0; i < count_; ++i) {
    if (end < i + 1) {
      end = i + 1;
      tokens = length(i);
    }
    while (end < count_ && pieces_[end].kind != static_cast<Index>(UnitKind::kHeading) &&
           tokens + length(end) <= kWindowTokens) {
      tokens += length(end++);
    }
    ends_[static_cast<std::size_t>(i)] = end;
    tokens -= length(i);
  }
}

void Choice::score() {
  scores_ = by_words();
  if (evidence_.maxima != nullptr) {
    Indexes begins(ends_.size());
    for (std::size_t i = 0; i < begins.size(); ++i) begins[i] = static_cast<Index>(i);
    Doubles matches(ends_.size());
    const auto width = static_cast<std::size_t>(rows_.width);
    std::vector<float> best(ends_.size() * width);
    each_maximum(rows_, begins, ends_,
                 [&](std::size_t i, const float* greatest) { std::copy_n(greatest, width, best.data() + i * width); });
    for (std::size_t q = 0; q < width; ++q) {
      for (std::size_t i = 0; i < matches.size(); ++i) matches[i] += best[i * width + q];
    }
    standardise(matches);
    for (std::size_t i = 0; i < scores_.size(); ++i) scores_[i] = matches[i] + kWordWeight * scores_[i];
  }
  const Doubles context = by_context();
  for (std::size_t i = 0; i < scores_.size(); ++i) scores_[i] += kContextWeight * context[i];
}

// BM25 of each window, in standard deviations.
std::vector<double> Choice::by_words() const {
  const auto n = ends_.size();
  const auto n_words = static_cast<std::size_t>(evidence_.n_words);
  Doubles lengths(n), scores(n);
  Doubles sums((static_cast<std::size_t>(count_) + 1) * (n_words + 1), 0.0);
  const std::size_t width = n_words + 1;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t w = 0; w < n_words; ++w) {
      sums[(i + 1) * width + w] = sums[i * width + w] + counts_[static_cast<Index>(i)][w];
    }
    sums[(i + 1) * width + n_words] = sums[i * width + n_words] + static_cast<double>(length(static_cast<Index>(i)));
  }
  const auto in_window = [&](std::size_t i, std::size_t column) {
    return sums[static_cast<std::size_t>(ends_[i]) * width + column] - sums[i * width + column];
  };
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) total += lengths[i] = in_window(i, n_words);
  const double mean = std::max(1.0, total / static_cast<double>(n));
  for (std::size_t i = 0; i < n; ++i) {
    const double saturation = kK1 * (1 - kB + kB * lengths[i] / mean);
    for (std::size_t w = 0; w < n_words; ++w) {
      const double count = in_window(i, w);
      scores[i] += count / (count + saturation) * evidence_.idf[w];
    }
  }
  standardise(scores);
  return scores;
}

// What the matches around each window say, each counting by how much its best stands out.
std::vector<double> Choice::by_context() const {
  const double room = std::max(kLeastContext, static_cast<double>(n_tokens_) / kContextPart);
  const auto n = ends_.size();
  Indexes firsts(n), lasts(n);
  Index first = 0, last = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double here = middle(static_cast<Index>(i));
    while (first < count_ && static_cast<double>(pieces_[first].end) <= here - room / 2) ++first;
    while (last < count_ && static_cast<double>(pieces_[last].begin) < here + room / 2) ++last;
    firsts[i] = std::min(first, static_cast<Index>(i));
    lasts[i] = std::max(last, ends_[i]);
  }
  const auto width = static_cast<std::size_t>(rows_.width);
  std::vector<float> around(n * width);
  Doubles mean(width), weights(width, -std::numeric_limits<double>::infinity());
  each_maximum(rows_, firsts, lasts, [&](std::size_t i, const float* greatest) {
    for (std::size_t q = 0; q < width; ++q) {
      around[i * width + q] = greatest[q];
      mean[q] += greatest[q];
      weights[q] = std::max(weights[q], static_cast<double>(greatest[q]));
    }
  });
  for (std::size_t q = 0; q < width; ++q) {
    mean[q] /= static_cast<double>(n);
    weights[q] -= mean[q];
  }
  Doubles scores(n);
  for (std::size_t q = 0; q < width; ++q) {
    for (std::size_t i = 0; i < n; ++i) scores[i] += around[i * width + q] * weights[q];
  }
  standardise(scores);
  return scores;
}

void choose_windows(const PiecesOfAll& all, const Evidence& evidence, std::int64_t wanted, int threads,
                    std::int64_t* chosen, double* scores, double* answers) {
  std::fill_n(chosen, all.count * wanted * 2, Index{-1});
  std::fill_n(scores, all.count * wanted, -std::numeric_limits<double>::infinity());
  parallel_for(all.count, 1, threads, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      const Index begin = all.offsets[i], count = all.offsets[i + 1] - begin;
      if (count == 0) continue;
      Evidence of_one = evidence;
      of_one.maxima = evidence.maxima == nullptr ? nullptr : evidence.maxima + begin * evidence.n_query;
      of_one.counts = evidence.counts + begin * evidence.n_words;
      Choice choice(all.pieces + begin, count, all.n_tokens[i], of_one);
      std::vector<ChosenWindow> found;
      choice.choose(wanted, found);
      for (std::size_t rank = 0; rank < found.size(); ++rank) {
        const Index at = i * wanted + static_cast<Index>(rank);
        chosen[2 * at] = found[rank].begin;
        chosen[2 * at + 1] = found[rank].end;
        scores[at] = found[rank].score;
      }
      std::copy(choice.answers().begin(), choice.answers().end(), answers + begin);
    }
  });
}

}  // namespace colmodern
