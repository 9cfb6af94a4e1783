#include "gather/gather.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace colmodern {
namespace {

// The n best of what comes in the order of its ids, so an equal score that comes later loses.
template <class Score, class Id>
class Best {
 public:
  using Entry = std::pair<Score, Id>;

  explicit Best(std::int64_t n) : n_(static_cast<std::size_t>(n)) { found_.reserve(2 * n_); }

  // What is not greater need not be added once n were.
  Score threshold() const noexcept { return threshold_; }

  void add(Score score, Id id) {
    if (n_ == 0) return;
    found_.emplace_back(score, id);
    if (found_.size() == 2 * n_) keep();
  }

  const std::vector<Entry>& sorted() {
    keep();
    std::sort(found_.begin(), found_.end(), before);
    return found_;
  }

 private:
  static bool before(const Entry& a, const Entry& b) noexcept {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  }

  void keep() {
    if (found_.size() < n_ || n_ == 0) return;
    const auto last = found_.begin() + static_cast<std::ptrdiff_t>(n_) - 1;
    std::nth_element(found_.begin(), last, found_.end(), before);
    threshold_ = last->first;
    found_.resize(n_);
  }

  std::size_t n_;
  std::vector<Entry> found_;
  Score threshold_ = std::numeric_limits<Score>::lowest();
};

bool any_above(const std::int16_t* row, const std::int16_t* thresholds, std::int64_t stride) noexcept {
  std::int16_t above = 0;
  for (std::int64_t lane = 0; lane < stride; ++lane) {
    above = static_cast<std::int16_t>(above | -(row[lane] > thresholds[lane]));
  }
  return above != 0;
}

// What a document has collected, and from which query token last.
struct Collected {
  float score = 0.0F;
  std::int32_t last_query = -1;
};

class Gathering {
 public:
  Gathering(const CentroidRows& table, const Postings& postings)
      : table_(table), postings_(postings), collected_(static_cast<std::size_t>(postings.n_documents)) {}

  // Centroids come best first, so what a document gets first for a query token is its best.
  void add(std::int64_t query, const std::uint32_t* centroids, std::int64_t n) {
    if (n == 0) return;
    const std::int16_t floor = table_.row(centroids[n - 1])[query];
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int32_t steps = table_.row(centroids[i])[query] - floor;
      const float gain = static_cast<float>(steps) * table_.steps[query];
      const auto [begin, end] = list_of(centroids[i]);
      if (postings_.wide) {
        collect(static_cast<const std::uint32_t*>(postings_.documents), begin, end, query, gain);
      } else {
        collect(static_cast<const std::uint16_t*>(postings_.documents), begin, end, query, gain);
      }
    }
  }

  // The best `limit` allowed documents, and in `n_found` how many there are to choose from.
  Best<float, std::int64_t> best(const bool* allowed, std::int64_t limit, std::int64_t* n_found) const {
    Best<float, std::int64_t> result(std::min(limit, postings_.n_documents));
    std::int64_t n = 0;
    for (std::int64_t i = 0; i < postings_.n_documents; ++i) {
      const Collected& one = collected_[static_cast<std::size_t>(i)];
      if (one.last_query < 0 || !allowed[i]) continue;
      if (n++ < limit || one.score > result.threshold()) result.add(one.score, i);
    }
    *n_found = n;
    return result;
  }

 private:
  std::pair<std::int64_t, std::int64_t> list_of(std::uint32_t centroid) const {
    const std::int64_t begin = postings_.offsets[centroid];
    const std::int64_t end = postings_.offsets[centroid + 1];
    if (begin < 0 || end < begin || end > postings_.n_postings) {
      throw std::invalid_argument("postings of centroid " + std::to_string(centroid) + " run from " +
                                  std::to_string(begin) + " to " + std::to_string(end) + ", expected a range within " +
                                  std::to_string(postings_.n_postings));
    }
    return {begin, end};
  }

  template <class Id>
  void collect(const Id* documents, std::int64_t begin, std::int64_t end, std::int64_t query, float gain) {
    const auto n_documents = static_cast<std::uint64_t>(postings_.n_documents);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint64_t document = documents[i];
      if (document >= n_documents) {
        throw std::invalid_argument("a posting is document " + std::to_string(document) + ", expected below " +
                                    std::to_string(n_documents));
      }
      Collected& one = collected_[document];
      if (one.last_query == query) continue;
      one.last_query = static_cast<std::int32_t>(query);
      one.score += gain;
    }
  }

  const CentroidRows& table_;
  const Postings& postings_;
  std::vector<Collected> collected_;
};

}  // namespace

void probe(const CentroidRows& table, std::int64_t n, std::uint32_t* probed) {
  std::vector<Best<std::int16_t, std::uint32_t>> best;
  for (std::int64_t query = 0; query < table.count; ++query) best.emplace_back(n);
  std::vector<std::int16_t> thresholds(static_cast<std::size_t>(table.stride),
                                       std::numeric_limits<std::int16_t>::max());
  std::fill_n(thresholds.begin(), table.count, std::numeric_limits<std::int16_t>::min());
  for (std::int64_t id = 0; id < table.n_centroids; ++id) {
    const std::int16_t* row = table.row(static_cast<std::uint32_t>(id));
    if (id >= n && !any_above(row, thresholds.data(), table.stride)) continue;
    for (std::int64_t query = 0; query < table.count; ++query) {
      const auto i = static_cast<std::size_t>(query);
      if (id >= n && row[query] <= thresholds[i]) continue;
      best[i].add(row[query], static_cast<std::uint32_t>(id));
      thresholds[i] = best[i].threshold();
    }
  }
  for (auto& one : best) {
    for (const auto& [score, id] : one.sorted()) *probed++ = id;
  }
}

std::int64_t gather(const CentroidRows& table, const std::uint32_t* probed, std::int64_t n, const Postings& postings,
                    const bool* allowed, std::int64_t limit, std::int64_t* documents, float* scores,
                    std::int64_t* n_found) {
  Gathering gathering(table, postings);
  for (std::int64_t query = 0; query < table.count; ++query) gathering.add(query, probed + query * n, n);
  auto best = gathering.best(allowed, limit, n_found);
  for (const auto& [score, document] : best.sorted()) {
    *scores++ = score;
    *documents++ = document;
  }
  return std::min(limit, *n_found);
}

}  // namespace colmodern
