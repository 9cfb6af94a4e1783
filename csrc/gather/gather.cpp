#include "gather/gather.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parallel.h"

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

// The probed centroids of all query tokens, one after the other, and what a document gains by each. Many are probed
// by several query tokens: the distinct ones are listed once, so that a segment's lists are looked up once, in order.
struct Probed {
  std::vector<std::uint32_t> distinct;  // ascending
  std::vector<std::uint32_t> which;     // (count * n): of the distinct ones
  std::vector<float> gains;             // the same
  std::int64_t n;                       // for each query token
  std::int64_t count;                   // of query tokens

  Probed(const CentroidRows& table, const std::uint32_t* probed, std::int64_t n_probes)
      : distinct(probed, probed + table.count * n_probes),
        which(static_cast<std::size_t>(table.count * n_probes)),
        gains(which.size()),
        n(n_probes),
        count(table.count) {
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    for (std::size_t i = 0; i < which.size(); ++i) {
      const auto at = std::lower_bound(distinct.begin(), distinct.end(), probed[i]);
      which[i] = static_cast<std::uint32_t>(at - distinct.begin());
    }
    for (std::int64_t query = 0; query < count && n > 0; ++query) {
      const std::int16_t floor = table.row(probed[query * n + n - 1])[query];
      for (std::int64_t i = query * n; i < (query + 1) * n; ++i) {
        const std::int32_t steps = table.row(probed[i])[query] - floor;
        gains[static_cast<std::size_t>(i)] = static_cast<float>(steps) * table.steps[query];
      }
    }
  }
};

// The documents of a centroid in one segment.
struct List {
  std::int64_t begin;
  std::int64_t end;
};

// Collects what the documents of one segment get from the probed centroids. Lists are short where segments are, so the
// next ones are fetched ahead.
template <class Id>
class Gathering {
 public:
  Gathering(const Probed& probed, const StoredSegment& segment, Collected* collected)
      : probed_(probed),
        offsets_(segment.postings.offsets),
        documents_(static_cast<const Id*>(segment.postings.documents)),
        count_(segment.postings.count),
        n_documents_(static_cast<std::uint64_t>(segment.n_documents)),
        collected_(collected) {}

  // Centroids come best first, so what a document gets first for a query token is its best. Empty, or what lies
  // outside of what there is. `lists` is scratch.
  std::string run(std::vector<List>& lists) {
    lists.resize(probed_.distinct.size());
    for (std::size_t i = 0; i < lists.size(); ++i) {
      if (i + kAhead < lists.size()) __builtin_prefetch(offsets_ + probed_.distinct[i + kAhead]);
      const std::uint32_t centroid = probed_.distinct[i];
      lists[i] = {offsets_[centroid], offsets_[centroid + 1]};
      const auto [begin, end] = lists[i];
      if (begin < 0 || end < begin || end > count_) return out_of_range(centroid, begin, end);
      if (begin < end) __builtin_prefetch(documents_ + begin);
    }
    for (std::int64_t query = 0; query < probed_.count; ++query) {
      for (std::int64_t i = query * probed_.n; i < (query + 1) * probed_.n; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const List list = lists[probed_.which[at]];
        const float gain = probed_.gains[at];
        for (std::int64_t place = list.begin; place < list.end; ++place) {
          const std::uint64_t document = documents_[place];
          if (document >= n_documents_) return no_document(document);
          Collected& one = collected_[document];
          const bool is_new = one.last_query != query;
          one.last_query = static_cast<std::int32_t>(query);
          one.score += is_new ? gain : 0.0F;
        }
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t kAhead = 16;

  std::string out_of_range(std::uint32_t centroid, std::int64_t begin, std::int64_t end) const {
    return "postings of centroid " + std::to_string(centroid) + " run from " + std::to_string(begin) + " to " +
           std::to_string(end) + ", expected a range within " + std::to_string(count_);
  }

  std::string no_document(std::uint64_t document) const {
    return "a posting is document " + std::to_string(document) + ", expected below " + std::to_string(n_documents_);
  }

  const Probed& probed_;
  const std::int64_t* offsets_;
  const Id* documents_;
  std::int64_t count_;
  std::uint64_t n_documents_;
  Collected* collected_;
};

// The best `limit` allowed documents, and in `n_found` how many there are to choose from.
Best<float, std::int64_t> best_of(const std::vector<Collected>& collected, const bool* allowed, std::int64_t limit,
                                  std::int64_t* n_found) {
  const auto n_documents = static_cast<std::int64_t>(collected.size());
  Best<float, std::int64_t> result(std::min(limit, n_documents));
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < n_documents; ++i) {
    const Collected& one = collected[static_cast<std::size_t>(i)];
    if (one.last_query < 0 || !allowed[i]) continue;
    if (n++ < limit || one.score > result.threshold()) result.add(one.score, i);
  }
  *n_found = n;
  return result;
}

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

std::int64_t gather(const CentroidRows& table, const std::uint32_t* probed, std::int64_t n, const Segments& segments,
                    const bool* allowed, std::int64_t limit, int threads, std::int64_t* documents, float* scores,
                    std::int64_t* n_found) {
  const Probed centroids(table, probed, n);
  std::vector<Collected> collected(static_cast<std::size_t>(segments.n_documents()));
  std::vector<std::string> errors(static_cast<std::size_t>(segments.count()));
  const auto scratch = [] { return std::vector<List>(); };
  parallel_for_with(segments.count(), 1, threads, scratch,
                    [&](std::vector<List>& lists, std::int64_t first, std::int64_t last) {
                      for (std::int64_t i = first; i < last; ++i) {
                        const StoredSegment& segment = segments[i];
                        Collected* of_segment = collected.data() + segments.start_of(i);
                        errors[static_cast<std::size_t>(i)] =
                            segment.postings.wide ? Gathering<std::uint32_t>(centroids, segment, of_segment).run(lists)
                                                  : Gathering<std::uint16_t>(centroids, segment, of_segment).run(lists);
                      }
                    });
  for (const std::string& error : errors) {
    if (!error.empty()) throw std::invalid_argument(error);
  }
  auto best = best_of(collected, allowed, limit, n_found);
  for (const auto& [score, document] : best.sorted()) {
    *scores++ = score;
    *documents++ = document;
  }
  return std::min(limit, *n_found);
}

}  // namespace colmodern
