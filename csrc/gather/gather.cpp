#include "gather/gather.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gather/best.h"
#include "parallel.h"

namespace colmodern {
namespace {

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
        const auto gain = std::bit_cast<std::uint32_t>(probed_.gains[at]);
        for (std::int64_t place = list.begin; place < list.end; ++place) {
          const std::uint64_t document = documents_[place];
          if (document >= n_documents_) return no_document(document);
          Collected& one = collected_[document];
          // Nothing foretells whether a document is new, so that is no branch.
          const std::uint32_t is_new = one.last_query != query ? ~0U : 0U;
          one.last_query = static_cast<std::int32_t>(query);
          one.score += std::bit_cast<float>(gain & is_new);
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
Best<float, std::int64_t> best_of(const std::vector<Collected>& collected, const bool* allowed, const float* taken_off,
                                  std::int64_t limit, std::int64_t* n_found) {
  const auto n_documents = static_cast<std::int64_t>(collected.size());
  Best<float, std::int64_t> result(std::min(limit, n_documents));
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < n_documents; ++i) {
    const Collected& one = collected[static_cast<std::size_t>(i)];
    if (one.last_query < 0 || !allowed[i]) continue;
    const float score = taken_off == nullptr ? one.score : one.score - taken_off[i];
    if (n++ < limit || score > result.threshold()) result.add(score, i);
  }
  *n_found = n;
  return result;
}

}  // namespace

std::int64_t gather(const CentroidRows& table, const std::uint32_t* probed, std::int64_t n, const Segments& segments,
                    const bool* allowed, const float* taken_off, std::int64_t limit, std::int64_t ordered, int threads,
                    std::int64_t* documents, float* scores, std::int64_t* n_found) {
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
  auto best = best_of(collected, allowed, taken_off, limit, n_found);
  for (const auto& [score, document] : best.first_sorted(ordered)) {
    *scores++ = score;
    *documents++ = document;
  }
  return std::min(limit, *n_found);
}

}  // namespace colmodern
