// Which windows of one document answer?
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "passages/passages.h"

namespace colmodern {

// Rows of numbers, one for each piece.
struct PieceRows {
  const float* values;
  std::int64_t width;

  const float* operator[](std::int64_t i) const noexcept { return values + i * width; }
};

// Pieces begin..end.
struct ChosenWindow {
  std::int64_t begin;
  std::int64_t end;
  double score;
};

class Choice {
 public:
  // `evidence` is that of the document's pieces alone; pieces and evidence are used as long as the choice is.
  Choice(const Piece* pieces, std::int64_t count, std::int64_t n_tokens, const Evidence& evidence);

  // Lets the windows come first that hold most phrases.
  void prefer(const std::vector<PhrasePlaces>& phrases);

  // Adds the best windows that are apart, best first; those near a better one lose. Can be called once.
  void choose(std::int64_t wanted, std::vector<ChosenWindow>& chosen);

  // How much of the query each piece answers alone.
  const std::vector<double>& answers() const noexcept { return answers_; }

 private:
  void find_ends();
  void score();
  void answer();
  // BM25 of each window, in standard deviations.
  std::vector<double> by_words() const;
  // What the matches around each window say, each counting by how much its best stands out.
  std::vector<double> by_context() const;
  // The token in the middle of a window.
  double middle(std::int64_t window) const noexcept;
  std::int64_t length(std::int64_t i) const noexcept { return pieces_[i].end - pieces_[i].begin; }

  const Piece* pieces_;
  std::int64_t count_;
  std::int64_t n_tokens_;
  Evidence evidence_;
  PieceRows counts_;
  PieceRows rows_{nullptr, 0};
  std::vector<float> as_evidence_;
  std::vector<std::int64_t> ends_;
  std::vector<double> scores_;
  std::vector<double> answers_;
};

}  // namespace colmodern
