// Do all instruction sets of this machine compute the same bits?
//
// Every kernel call of the public functions is made by the scalar twin and by each instruction set under test, on the
// same packed arguments, and what they wrote is compared. Arrays have exactly the size they need and
// start off any boundary, so that the address sanitizer sees every byte too many. The last line is a checksum of all
// results, for a comparison with other architectures.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "assign/assign.h"
#include "centroids/centroids.h"
#include "cpu.h"
#include "dense/dense.h"
#include "encode/encode.h"
#include "gather/gather.h"
#include "kernels.h"
#include "maxsim_codes/maxsim_codes.h"
#include "runs.h"
#include "segments.h"

namespace {

using namespace colmodern;

constexpr std::uint32_t kNan = 0x7fc00000U;

// All NaNs are one: which of two NaNs an addition keeps is the machine's business.
std::uint32_t bits_of(float x) noexcept { return std::isnan(x) ? kNan : std::bit_cast<std::uint32_t>(x); }
template <class Integer>
std::uint32_t bits_of(Integer x) noexcept {
  return static_cast<std::uint32_t>(x);
}

// Steele, Lea and Flood's SplitMix64: the same numbers with every compiler.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  // lowest to highest, both included
  std::int64_t integer(std::int64_t lowest, std::int64_t highest) noexcept {
    return lowest + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(highest - lowest + 1));
  }
  // -1 to 1
  float real() noexcept { return static_cast<float>(integer(-(1 << 23), 1 << 23)) * 0x1p-23F; }
  // A float16 from 2^-6 to 4, or zero.
  std::uint16_t half() noexcept {
    return integer(0, 20) == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(integer(0x2400, 0x4400));
  }

 private:
  std::uint64_t state_;
};

// n elements that begin one element off the allocation's boundary and end with it.
template <class T>
class Unaligned {
 public:
  explicit Unaligned(std::int64_t n) : all_(static_cast<std::size_t>(n + 1)) {}
  template <class Make>
  Unaligned(std::int64_t n, const Make& make) : Unaligned(n) {
    for (std::size_t i = 1; i < all_.size(); ++i) all_[i] = static_cast<T>(make());
  }
  T* data() noexcept { return all_.data() + 1; }
  const T* data() const noexcept { return all_.data() + 1; }
  std::int64_t size() const noexcept { return static_cast<std::int64_t>(all_.size()) - 1; }
  T& operator[](std::int64_t i) noexcept { return all_[static_cast<std::size_t>(i + 1)]; }

 private:
  std::vector<T> all_;
};

// n elements that begin on a cache line and end with the allocation.
template <class T>
class OnCacheLine {
 public:
  explicit OnCacheLine(std::int64_t n, T value = T{})
      : size_(n), data_(static_cast<T*>(::operator new(static_cast<std::size_t>(n) * sizeof(T), kAlignment))) {
    std::fill_n(data_.get(), n, value);
  }
  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  std::int64_t size() const noexcept { return size_; }
  T& operator[](std::int64_t i) noexcept { return data_[static_cast<std::size_t>(i)]; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Delete {
    void operator()(T* data) const noexcept { ::operator delete(data, kAlignment); }
  };
  std::int64_t size_;
  std::unique_ptr<T[], Delete> data_;
};

// What the kernels below compare, and what they found.
struct Tested {
  Isa isa = Isa::scalar;
  const Kernels* kernels = nullptr;
  std::atomic<std::int64_t> n_different{0};
};

const Kernels* scalar_twin = nullptr;
std::deque<Tested> under_test;
std::atomic<std::int64_t> n_compared{0};

// One call of a kernel by all of them.
class Call {
 public:
  Call(const char* kernel, std::int64_t count, std::int64_t dim, std::int64_t begin, std::int64_t end) noexcept
      : kernel_(kernel), count_(count), dim_(dim), begin_(begin), end_(end) {
    ++n_compared;
  }

  template <class T>
  void compare(Tested& one, const char* what, const T* results, const T* expected, std::int64_t n) const noexcept {
    for (std::int64_t i = 0; i < n; ++i) {
      if (bits_of(results[i]) == bits_of(expected[i])) continue;
      if (one.n_different++ < 20) {
        std::printf("%s of %s, %lld lanes, dim %lld, rows %lld to %lld: %s %lld is %.9g, expected %.9g\n", kernel_,
                    name_of(one.isa), static_cast<long long>(count_), static_cast<long long>(dim_),
                    static_cast<long long>(begin_), static_cast<long long>(end_), what, static_cast<long long>(i),
                    static_cast<double>(results[i]), static_cast<double>(expected[i]));
      }
      return;
    }
  }

 private:
  const char* kernel_;
  std::int64_t count_;
  std::int64_t dim_;
  std::int64_t begin_;
  std::int64_t end_;
};

template <class T>
OnCacheLine<T> copy_of(const T* from, std::int64_t n) {
  OnCacheLine<T> made(n);
  std::copy_n(from, n, made.data());
  return made;
}

// For kernels with one array of results: run(table, results) by all, the scalar ones stay in `expected`.
template <class T, class Run>
void call_all(const Call& call, T* expected, std::int64_t n, const Run& run) noexcept {
  run(*scalar_twin, expected);
  for (Tested& one : under_test) {
    // On a cache line and padded, as the contract of the maxima has it.
    OnCacheLine<T> results(round_up(n, kLanes), T{77});
    run(*one.kernels, results.data());
    call.compare(one, "result", results.data(), expected, n);
  }
}

// For kernels that add to what an array of results holds.
template <class Run>
void go_on_all(const Call& call, float* expected, std::int64_t n, const Run& run) noexcept {
  const OnCacheLine<float> before = copy_of(expected, round_up(n, kLanes));
  run(*scalar_twin, expected);
  for (Tested& one : under_test) {
    OnCacheLine<float> results = copy_of(before.data(), before.size());
    run(*one.kernels, results.data());
    call.compare(one, "result", results.data(), expected, n);
  }
}

void all_dense_scores(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                      float* scores) noexcept {
  call_all({"dense_scores", packed.count, packed.dim, begin, end}, scores, (end - begin) * packed.count,
           [&](const Kernels& kernels, float* out) { kernels.dense_scores(packed, rows, begin, end, out); });
}

void all_dense_maxima(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                      float* best) noexcept {
  call_all({"dense_maxima", packed.count, packed.dim, begin, end}, best, packed.count,
           [&](const Kernels& kernels, float* out) { kernels.dense_maxima(packed, rows, begin, end, out); });
}

void all_dense_nearest(const PackedVectors& packed, const float* rows, std::int64_t begin, std::int64_t end,
                       std::uint32_t* nearest) noexcept {
  call_all({"dense_nearest", packed.count, packed.dim, begin, end}, nearest, end - begin,
           [&](const Kernels& kernels, std::uint32_t* out) { kernels.dense_nearest(packed, rows, begin, end, out); });
}

// Writes the rows of a table in place, so each writes a whole one and its rows from `begin` are compared.
void all_centroid_products(const PackedQuery& query, const std::int8_t* centroids, const float* steps,
                           std::int64_t begin, std::int64_t end, std::int16_t* rows, std::int64_t stride) noexcept {
  const Call call{"centroid_products", query.count, query.dim, begin, end};
  scalar_twin->centroid_products(query, centroids, steps, begin, end, rows, stride);
  for (Tested& one : under_test) {
    OnCacheLine<std::int16_t> results(end * stride, std::int16_t{77});
    one.kernels->centroid_products(query, centroids, steps, begin, end, results.data(), stride);
    call.compare(one, "number", results.data() + begin * stride, rows + begin * stride, (end - begin) * stride);
  }
}

void all_centroid_sums(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                       std::int64_t begin, std::int64_t end, float* sums) noexcept {
  go_on_all({"centroid_sums", table.count, 0, begin, end}, sums, table.stride,
            [&](const Kernels& kernels, float* out) { kernels.centroid_sums(table, context, ids, begin, end, out); });
}

void all_group_maxima(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                      std::int64_t begin, std::int64_t end, std::int16_t* maxima, std::int64_t n_greatest,
                      std::int16_t* greatest) noexcept {
  const Call call{"group_maxima", table.count, n_greatest, begin, end};
  const std::int64_t size = round_up(end - begin, kGroupTokens) / kGroupTokens * table.stride;
  const OnCacheLine<std::int16_t> before = copy_of(greatest, n_greatest * table.stride);
  scalar_twin->group_maxima(table, context, ids, begin, end, maxima, n_greatest, greatest);
  for (Tested& one : under_test) {
    OnCacheLine<std::int16_t> other_maxima(size, std::int16_t{77});
    OnCacheLine<std::int16_t> other_greatest = copy_of(before.data(), before.size());
    one.kernels->group_maxima(table, context, ids, begin, end, other_maxima.data(), n_greatest, other_greatest.data());
    call.compare(one, "maximum", other_maxima.data(), maxima, size);
    call.compare(one, "greatest", other_greatest.data(), greatest, before.size());
  }
}

std::int64_t all_rows_from(const CentroidRows& table, const std::int16_t* context, const CentroidIds& ids,
                           std::int64_t begin, std::int64_t end, const std::int16_t* maxima, const std::int16_t* floors,
                           std::int32_t* places, std::int16_t* rows) noexcept {
  const Call call{"rows_from", table.count, 0, begin, end};
  const std::int64_t n = scalar_twin->rows_from(table, context, ids, begin, end, maxima, floors, places, rows);
  for (Tested& one : under_test) {
    OnCacheLine<std::int32_t> other_places(end - begin, -1);
    // A row is written before it is looked at, so there is room for one more.
    OnCacheLine<std::int16_t> other_rows((end - begin + 1) * table.stride, std::int16_t{77});
    const std::int64_t m =
        one.kernels->rows_from(table, context, ids, begin, end, maxima, floors, other_places.data(), other_rows.data());
    call.compare(one, "number of tokens", &m, &n, 1);
    call.compare(one, "place", other_places.data(), places, std::min(m, n));
    call.compare(one, "row", other_rows.data(), rows, std::min(m, n) * table.stride);
  }
  return n;
}

void all_code_maxima(const PackedQuery& query, const CentroidRows& table, const std::int16_t* context,
                     const CodeColumns& codes, std::int64_t begin, std::int64_t end, float* best) noexcept {
  go_on_all(
      {"code_maxima", query.count, query.dim, begin, end}, best, query.count,
      [&](const Kernels& kernels, float* out) { kernels.code_maxima(query, table, context, codes, begin, end, out); });
}

void all_row_scores(const PackedRows& packed, const std::uint8_t* rows, std::int64_t begin, std::int64_t end,
                    std::int32_t* scores) noexcept {
  const std::int64_t count = packed.strips * kLanes;
  call_all({"row_scores", count, packed.dim, begin, end}, scores, (end - begin) * count,
           [&](const Kernels& kernels, std::int32_t* out) { kernels.row_scores(packed, rows, begin, end, out); });
}

void all_raise_nearest(const PackedRows& packed, std::int64_t first, std::int64_t last, const std::uint8_t* rows,
                       const std::int32_t* listed, std::int64_t n, std::int32_t* best, std::int32_t* strips) noexcept {
  const Call call{"raise_nearest", (last - first) * kLanes, packed.dim, 0, n};
  const std::int64_t size = (*std::max_element(listed, listed + n) + 1) * kLanes;
  const OnCacheLine<std::int32_t> best_before = copy_of(best, size);
  const OnCacheLine<std::int32_t> strips_before = copy_of(strips, size);
  scalar_twin->raise_nearest(packed, first, last, rows, listed, n, best, strips);
  for (Tested& one : under_test) {
    OnCacheLine<std::int32_t> other_best = copy_of(best_before.data(), size);
    OnCacheLine<std::int32_t> other_strips = copy_of(strips_before.data(), size);
    one.kernels->raise_nearest(packed, first, last, rows, listed, n, other_best.data(), other_strips.data());
    call.compare(one, "best", other_best.data(), best, size);
    call.compare(one, "strip", other_strips.data(), strips, size);
  }
}

void all_greatest(std::int32_t* scores, std::int64_t n, std::int64_t k, std::int32_t* places,
                  std::int32_t* scratch) noexcept {
  const Call call{"greatest", k, 0, 0, n};
  const OnCacheLine<std::int32_t> before = copy_of(scores, n);
  scalar_twin->greatest(scores, n, k, places, scratch);
  std::sort(places, places + k);  // they come in no order
  for (Tested& one : under_test) {
    OnCacheLine<std::int32_t> other_scores = copy_of(before.data(), n);
    OnCacheLine<std::int32_t> other_places(k, -1);
    OnCacheLine<std::int32_t> other_scratch(n + kLanes, -1);
    one.kernels->greatest(other_scores.data(), n, k, other_places.data(), other_scratch.data());
    std::sort(other_places.data(), other_places.data() + k);
    call.compare(one, "place", other_places.data(), places, k);
  }
}

void all_unit_rows(const void* vectors, bool half, std::int64_t dim, std::int64_t begin, std::int64_t end, float* units,
                   float* lengths) noexcept {
  const Call call{"unit_rows", half ? 2 : 4, dim, begin, end};
  scalar_twin->unit_rows(vectors, half, dim, begin, end, units, lengths);
  for (Tested& one : under_test) {
    OnCacheLine<float> other_units((end - begin) * dim, 77.0F);
    OnCacheLine<float> other_lengths(end - begin, 77.0F);
    one.kernels->unit_rows(vectors, half, dim, begin, end, other_units.data(), other_lengths.data());
    call.compare(one, "component", other_units.data(), units, other_units.size());
    call.compare(one, "length", other_lengths.data(), lengths, other_lengths.size());
  }
}

void all_round_rows(const float* values, std::int64_t n, float step, std::uint8_t* rows) noexcept {
  call_all({"round_rows", 1, 0, 0, n}, rows, n,
           [&](const Kernels& kernels, std::uint8_t* out) { kernels.round_rows(values, n, step, out); });
}

void all_code_context(const Codebook& book, std::int64_t dim, const float* rows, const std::uint32_t* ids,
                      std::int64_t n, std::uint8_t* residual, std::uint16_t* gain, float* context) noexcept {
  const Call call{"code_context", book.bits, dim, 0, n};
  scalar_twin->code_context(book, dim, rows, ids, n, residual, gain, context);
  for (Tested& one : under_test) {
    OnCacheLine<std::uint8_t> other_residual(dim / 2, std::uint8_t{77});
    OnCacheLine<std::uint16_t> other_gain(1, std::uint16_t{77});
    OnCacheLine<float> other_context(dim, 77.0F);
    one.kernels->code_context(book, dim, rows, ids, n, other_residual.data(), other_gain.data(), other_context.data());
    call.compare(one, "byte", other_residual.data(), residual, dim / 2);
    call.compare(one, "gain", other_gain.data(), gain, 1);
    call.compare(one, "component", other_context.data(), context, dim);
  }
}

void all_code_rows(const Codebook& book, std::int64_t dim, const float* context, const float* rows,
                   const float* lengths, const std::uint32_t* ids, std::int64_t n, std::uint8_t* residuals,
                   std::uint16_t* gains, std::uint16_t* norms, float* errors) noexcept {
  const Call call{"code_rows", book.bits, dim, 0, n};
  scalar_twin->code_rows(book, dim, context, rows, lengths, ids, n, residuals, gains, norms, errors);
  for (Tested& one : under_test) {
    OnCacheLine<std::uint8_t> other_residuals(n * dim * book.bits / 8, std::uint8_t{77});
    OnCacheLine<std::uint16_t> other_gains(n, std::uint16_t{77});
    OnCacheLine<std::uint16_t> other_norms(n, std::uint16_t{77});
    OnCacheLine<float> other_errors(n, 77.0F);
    one.kernels->code_rows(book, dim, context, rows, lengths, ids, n, other_residuals.data(), other_gains.data(),
                           other_norms.data(), other_errors.data());
    call.compare(one, "byte", other_residuals.data(), residuals, other_residuals.size());
    call.compare(one, "gain", other_gains.data(), gains, n);
    call.compare(one, "norm", other_norms.data(), norms, n);
    call.compare(one, "error", other_errors.data(), errors, n);
  }
}

constexpr Kernels kAll{all_dense_scores, all_dense_maxima, all_dense_nearest, all_centroid_products, all_centroid_sums,
                       all_group_maxima, all_rows_from,    all_code_maxima,   all_row_scores,        all_raise_nearest,
                       all_greatest,     all_unit_rows,    all_round_rows,    all_code_context,      all_code_rows};

// Centroids in cells, laid out as `pack_cells` in Python does. Member i is in cell i % n_cells; the third cell of more
// is empty.
class SomeCells {
 public:
  SomeCells(Random& random, std::int64_t n_cells, std::int64_t n_members, std::int64_t dim)
      : dim_(dim), members_(n_members * dim, [&] { return random.integer(-127, 127); }) {
    std::copy_n(members_.data(), dim, members_.data() + (n_members - 1) * dim);  // one that is there twice
    std::vector<std::vector<std::int64_t>> cells(static_cast<std::size_t>(n_cells));
    for (std::int64_t i = 0; i < n_members; ++i) {
      const std::int64_t cell = i % n_cells;
      cells[static_cast<std::size_t>(n_cells > 3 && cell == 2 ? 3 : cell)].push_back(i);
    }
    for (const auto& cell : cells) {
      for (const std::int64_t i : cell) put(i);
      while (ids_.size() % kLanes != 0) put(-1);
      offsets_.push_back(static_cast<std::int64_t>(ids_.size()) / kLanes);
    }
    const std::int64_t padded = round_up(n_cells, kLanes);
    representatives_.resize(static_cast<std::size_t>(padded * dim));
    representative_starts_.assign(static_cast<std::size_t>(padded), kPadding);
    for (std::int64_t i = 0; i < n_cells; ++i) {
      place(i % n_members, i, representatives_, representative_starts_);
    }
  }

  Cells view(std::int64_t n_probes) const noexcept {
    const auto strips = [](const auto& starts) { return static_cast<std::int64_t>(starts.size()) / kLanes; };
    return {static_cast<std::int64_t>(offsets_.size()) - 1,
            n_probes,
            {strips(representative_starts_), dim_, representatives_.data(), representative_starts_.data()},
            {strips(starts_), dim_, values_.data(), starts_.data()},
            offsets_.data(),
            ids_.data()};
  }
  const std::int8_t* members() const noexcept { return members_.data(); }

 private:
  static constexpr std::int32_t kPadding = std::numeric_limits<std::int32_t>::min() / 2;

  void put(std::int64_t i) {
    if (ids_.size() % kLanes == 0) values_.resize(values_.size() + static_cast<std::size_t>(kLanes * dim_));
    starts_.push_back(kPadding);
    ids_.push_back(i < 0 ? 0 : static_cast<std::uint32_t>(i));
    if (i >= 0) place(i, static_cast<std::int64_t>(ids_.size()) - 1, values_, starts_);
  }

  // Member i in a lane of strips [dim / 4][16][4].
  void place(std::int64_t i, std::int64_t at, std::vector<std::int8_t>& values, std::vector<std::int32_t>& starts) {
    std::int32_t sum = 0;
    std::int32_t square = 0;
    for (std::int64_t d = 0; d < dim_; ++d) {
      const std::int8_t value = members_.data()[i * dim_ + d];
      values[static_cast<std::size_t>(at / kLanes * kLanes * dim_ + d / 4 * kLanes * 4 + at % kLanes * 4 + d % 4)] =
          value;
      sum += value;
      square += value * value;
    }
    starts[static_cast<std::size_t>(at)] = -kRowOffset * sum - square / 4;
  }

  std::int64_t dim_;
  Unaligned<std::int8_t> members_;
  std::vector<std::int8_t> values_;
  std::vector<std::int32_t> starts_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::int64_t> offsets_{0};
  std::vector<std::int8_t> representatives_;
  std::vector<std::int32_t> representative_starts_;
};

constexpr Total kSum{0.0, nullptr};

// Runs the public functions over awkward shapes with one table of kernels; the checksum of what they return.
class Sweep {
 public:
  explicit Sweep(const Kernels& kernels) noexcept : kernels_(kernels) {}

  std::uint64_t run() {
    for (const std::int64_t dim : {1, 2, 3, 5, 16, 48, 131}) {
      for (const std::int64_t count : {0, 1, 5, 15, 16, 17, 32, 33, 49}) dense(count, dim);
    }
    dense(17, 768);
    for (const std::int64_t dim : {16, 32, 48, 128, 208, 768, 2048}) {
      for (const std::int64_t count : {0, 1, 7, 15, 16, 17, 31, 32, 33, 49}) products(count, dim, 19, false);
      for (const std::int64_t n : {0, 1, 3, 4, 5, 8, 9}) products(33, dim, n, true);
    }
    products(17, 16, 1029, false);  // more than a thread takes at a time
    for (const std::int64_t count : {0, 1, 7, 15, 16, 17, 31, 32, 33, 100}) {
      centroids<std::uint16_t>(count);
      centroids<std::uint32_t>(count);
    }
    for (const int bits : {1, 2, 4}) {
      for (const std::int64_t dim : {16, 32, 48, 64, 80}) {
        for (const std::int64_t count : {0, 1, 7, 16, 17, 32, 33, 49}) codes<std::uint16_t>(count, dim, bits, false);
        for (const std::int64_t count : {7, 33}) codes<std::uint32_t>(count, dim, bits, false);
        codes<std::uint16_t>(18, dim, bits, true);
      }
      for (const std::int64_t dim : {128, 192}) {  // more of the same steps
        codes<std::uint16_t>(17, dim, bits, true);
        codes<std::uint32_t>(33, dim, bits, false);
      }
      codes<std::uint32_t>(33, 768, bits, false);
      codes<std::uint16_t>(5, 2048, bits, true);
    }
    for (const std::int64_t dim : {16, 48, 128, 272}) {
      for (const std::int64_t n_cells : {1, 5, 16, 17, 40}) {
        for (const std::int64_t n_probes : {1, 3, 33}) cells(n_cells, n_probes, dim);
      }
    }
    for (const int bits : {1, 2, 4}) {
      for (const std::int64_t dim : {16, 32, 48, 64, 208}) {  // runs of 2, 4 and 8 bytes
        encoding<float>(dim, bits);
        encoding<std::uint16_t>(dim, bits);
      }
    }
    return hash_;
  }

 private:
  // Documents of awkward lengths, listed in another order.
  struct SomeDocuments {
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> listed;
    std::int64_t count() const noexcept { return static_cast<std::int64_t>(listed.size()); }
  };

  static SomeDocuments documents() {
    SomeDocuments made;
    made.offsets.push_back(0);
    for (const std::int64_t length : {3, 0, 1, 2, 4, 5, 7, 8, 9, 15, 16, 17, 33, 0, 341}) {
      made.listed.push_back(static_cast<std::int64_t>(made.offsets.size() * 7 % 15));
      made.offsets.push_back(made.offsets.back() + length);
    }
    return made;
  }

  // The documents with these codes and contexts as one segment.
  static Segments segment(const SomeDocuments& made, const StoredCodes& codes, const StoredContexts& contexts,
                          const StoredPostings& postings) {
    Segments segments;
    segments.add({made.offsets.data(), made.count(), made.offsets.back(), codes, contexts, postings});
    return segments;
  }

  template <class Array>
  void take(const Array& results) noexcept {
    for (std::int64_t i = 0; i < results.size(); ++i) {
      hash_ = (hash_ ^ bits_of(results.data()[i])) * 0x100000001b3U;  // Fowler, Noll and Vo's
    }
  }

  void take(std::int64_t number) noexcept { hash_ = (hash_ ^ static_cast<std::uint64_t>(number)) * 0x100000001b3U; }

  // Ordinary numbers with, here and there, what is not: equal rows, zeros of both signs, infinity and NaN.
  Unaligned<float> vectors(std::int64_t n, std::int64_t dim, bool odd_ones) {
    Unaligned<float> values(n * dim, [&] { return random_.real(); });
    if (!odd_ones || dim == 0) return values;
    for (std::int64_t row = 0; row < n; ++row) {
      float* at = values.data() + row * dim;
      switch (row % 11) {
        case 3: std::copy_n(at - dim, dim, at); break;
        case 5: std::fill_n(at, dim, row % 2 == 0 ? 0.0F : -0.0F); break;
        case 7: at[row % dim] = std::numeric_limits<float>::quiet_NaN(); break;
        case 8: at[row % dim] = -std::numeric_limits<float>::infinity(); break;
        default: break;
      }
    }
    return values;
  }

  void dense(std::int64_t count, std::int64_t dim) {
    const SomeDocuments made = documents();
    const std::int64_t n_rows = made.offsets.back();
    const Unaligned<float> query = vectors(count, dim, false);
    const Unaligned<float> rows = vectors(n_rows, dim, true);

    Unaligned<float> scores(n_rows * count);
    centroid_scores(kernels_, {query.data(), count, dim}, {rows.data(), n_rows, dim}, 1, scores.data());
    take(scores);

    Unaligned<float> of_documents(made.count());
    const Documents all{made.offsets.data(), made.count(), n_rows};
    maxsim(kernels_, {query.data(), count, dim}, rows.data(), all, kSum, 1, of_documents.data());
    take(of_documents);

    if (count == 0) return;
    // Centroids are packed in Python: strips of sixteen, padded with zeros that start at minus infinity.
    const std::int64_t padded = round_up(count, kLanes);
    Unaligned<float> strips(padded * dim, [] { return 0.0F; });
    Unaligned<float> starts(padded, [] { return -std::numeric_limits<float>::infinity(); });
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t from = i % 5 == 4 ? i - 1 : i;  // a centroid that is there twice
      starts[i] = from % 3 == 0 ? -0.25F : -0.5F;
      for (std::int64_t d = 0; d < dim; ++d) {
        strips[i / kLanes * kLanes * dim + d * kLanes + i % kLanes] = query.data()[from * dim + d];
      }
    }
    for (const std::int64_t n : {n_rows, std::int64_t{1}, std::int64_t{6}}) {
      Unaligned<std::uint32_t> nearest(n);
      nearest_centroids(kernels_, {rows.data(), n, dim}, {count, dim, strips.data(), starts.data()}, 1, nearest.data());
      take(nearest);
    }
  }

  // A table of random rows.
  struct Table {
    OnCacheLine<std::int16_t> rows;
    OnCacheLine<float> steps;
    std::int64_t n_centroids;
    std::int64_t count;
    CentroidRows view() const noexcept { return {rows.data(), n_centroids, count, steps.size(), steps.data()}; }
  };

  // With `equal` there are few different numbers.
  Table table(std::int64_t n_centroids, std::int64_t count, bool equal) {
    const std::int64_t stride = round_up(count, kRowLanes);
    Table made{OnCacheLine<std::int16_t>(n_centroids * stride, std::numeric_limits<std::int16_t>::min()),
               OnCacheLine<float>(stride), n_centroids, count};
    for (std::int64_t lane = 0; lane < count; ++lane) {
      made.steps[lane] = 0x1p-13F * (1.5F + random_.real());
      for (std::int64_t i = 0; i < n_centroids; ++i) {
        made.rows[i * stride + lane] =
            static_cast<std::int16_t>(equal ? random_.integer(-2, 2) : random_.integer(-32768, 32767));
      }
    }
    return made;
  }

  // With `odd_ones` integers are as large as they may be, and some products do not fit.
  void products(std::int64_t count, std::int64_t dim, std::int64_t n_centroids, bool odd_ones) {
    const auto value = [&] { return odd_ones ? 127 * (2 * random_.integer(0, 1) - 1) : random_.integer(-127, 127); };
    const Unaligned<std::int8_t> values(count * dim, value);
    const Unaligned<std::int8_t> centroids(n_centroids * dim, value);
    const Unaligned<float> scales(count, [&] { return 0x1p-6F * (1.5F + random_.real()); });
    Unaligned<float> steps(n_centroids, [&] { return 1.5F + random_.real(); });
    if (odd_ones && n_centroids > 2) {
      steps[0] = 0x1p100F;
      steps[1] = std::numeric_limits<float>::quiet_NaN();
      steps[2] = -std::numeric_limits<float>::infinity();
    }
    const std::int64_t stride = round_up(count, kRowLanes);
    OnCacheLine<std::int16_t> rows(n_centroids * stride);
    centroid_table(kernels_, {values.data(), scales.data(), count, dim}, {centroids.data(), steps.data(), n_centroids},
                   1, rows.data(), stride);
    take(rows);
  }

  // A context for each block of some documents, and a query of 8 bits to meet them.
  struct SomeContexts {
    Unaligned<std::uint8_t> residuals;
    Unaligned<std::uint16_t> gains;
    std::vector<std::int64_t> offsets;
    Unaligned<std::int8_t> levels;
    Unaligned<std::int8_t> values;
    Unaligned<float> scales;
    std::int64_t dim;
    StoredContexts view() const noexcept { return {residuals.data(), gains.data(), gains.size(), offsets.data()}; }
    static StoredContexts none() noexcept { return {nullptr, nullptr, 0, nullptr}; }
    ContextQuery query() const noexcept {
      return {{levels.data(), 0.01F}, {values.data(), scales.data(), scales.size(), dim}};
    }
  };

  // Some of their products do not fit in 16 bits, or do not once they are added to a row.
  SomeContexts contexts(const std::vector<std::int64_t>& tokens, std::int64_t count, std::int64_t dim) {
    std::vector<std::int64_t> offsets{0};
    for (std::size_t i = 1; i < tokens.size(); ++i)
      offsets.push_back(offsets.back() + blocks_of(tokens[i] - tokens[i - 1]));
    const std::int64_t n = offsets.back();
    return {Unaligned<std::uint8_t>(n * dim / 2, [&] { return random_.integer(0, 255); }),
            Unaligned<std::uint16_t>(n, [&] { return random_.half(); }),
            offsets,
            Unaligned<std::int8_t>(kLevels, [&] { return random_.integer(-63, 63); }),
            Unaligned<std::int8_t>(count * dim, [&] { return random_.integer(-127, 127); }),
            Unaligned<float>(count, [&] { return 1.5F + random_.real(); }),
            dim};
  }

  template <class Id>
  void centroids(std::int64_t count) {
    constexpr std::int64_t kCentroids = 50;
    constexpr std::int64_t kProbes = 5;
    const SomeDocuments made = documents();
    const std::int64_t n_documents = made.count();
    const Unaligned<Id> ids(made.offsets.back(), [&] { return random_.integer(0, kCentroids - 1); });
    const StoredCodes codes{{ids.data(), sizeof(Id) == 4}, nullptr, nullptr, nullptr};
    const Table random = table(kCentroids, count, sizeof(Id) == 4);
    Unaligned<float> results(n_documents);
    const SomeContexts some = contexts(made.offsets, count, 48);
    for (const StoredContexts& stored : {SomeContexts::none(), some.view()}) {
      const Segments segments = segment(made, codes, stored, {});
      smooth_maxsim(kernels_, random.view(), some.query(), {segments, made.listed.data(), n_documents}, 1,
                    results.data());
      take(results);
    }

    // These have one code for all machines, which the sanitizers see here.
    Unaligned<std::uint32_t> probed(count * kProbes);
    probe(random.view(), kProbes, probed.data());
    take(probed);
    const Unaligned<Id> postings(2 * kCentroids, [&] { return random_.integer(0, n_documents - 1); });
    std::int64_t next = 0;
    const Unaligned<std::int64_t> offsets(kCentroids + 1, [&] { return 2 * next++; });
    OnCacheLine<bool> allowed(n_documents);
    for (std::int64_t i = 0; i < n_documents; ++i) allowed[i] = random_.integer(0, 3) > 0;
    for (const std::int64_t limit : {std::int64_t{0}, std::int64_t{4}, n_documents}) {
      Unaligned<std::int64_t> found(limit);
      Unaligned<float> scores(limit);
      std::int64_t n_found = 0;
      const Segments segments = segment(made, codes, SomeContexts::none(),
                                        {offsets.data(), postings.data(), sizeof(Id) == 4, postings.size()});
      gather(random.view(), probed.data(), kProbes, segments, allowed.data(), nullptr, limit, limit, 1, found.data(),
             scores.data(), &n_found);
      take(found);
      take(scores);
    }
  }

  // With `extreme` all integers are as large as they may be.
  template <class Id>
  void codes(std::int64_t count, std::int64_t dim, int bits, bool extreme) {
    constexpr std::int64_t kCentroids = 50;
    const SomeDocuments made = documents();
    const std::int64_t n = made.offsets.back();
    const Unaligned<std::int8_t> values(
        count * dim, [&] { return extreme ? 127 * (2 * random_.integer(0, 1) - 1) : random_.integer(-127, 127); });
    const Unaligned<float> scales(count, [&] { return 0x1p-13F * (1.5F + random_.real()); });
    const Table centroids = table(kCentroids, count, false);
    const Unaligned<std::int8_t> levels(
        kLevels, [&] { return extreme ? 63 * (2 * random_.integer(0, 1) - 1) : random_.integer(-63, 63); });
    const Unaligned<Id> ids(n, [&] { return random_.integer(0, kCentroids - 1); });
    const Unaligned<std::uint8_t> residuals(n * dim * bits / 8, [&] { return random_.integer(0, 255); });
    const Unaligned<std::uint16_t> gains(n, [&] { return random_.half(); });
    const Unaligned<std::uint16_t> norms(n, [&] { return random_.half(); });
    Unaligned<float> results(static_cast<std::int64_t>(made.listed.size()));
    const StoredCodes stored{{ids.data(), sizeof(Id) == 4}, residuals.data(), gains.data(), norms.data()};
    const SomeContexts some = contexts(made.offsets, count, dim);
    const CodeQuery query{{values.data(), scales.data(), count, dim}, levels.data(), bits, some.query()};
    for (const StoredContexts& with : {SomeContexts::none(), some.view()}) {
      const Segments segments = segment(made, stored, with, {});
      for (const std::int64_t depth : {kWhole, std::int64_t{1}, std::int64_t{2}}) {
        maxsim_codes(kernels_, query, centroids.view(), {segments, made.listed.data(), made.count()}, kSum, depth, 1,
                     results.data());
        take(results);
      }
    }

    const SomeDocuments whole{{0, n}, {0}};
    const SomeContexts one = contexts(whole.offsets, count, dim);
    const CodeQuery meets{query.query, levels.data(), bits, one.query()};
    const std::int64_t n_spans = made.count();
    const std::vector<std::int64_t> same(made.listed.size(), 0);
    Unaligned<float> maxima(n_spans * count);
    for (const StoredContexts& with : {SomeContexts::none(), one.view()}) {
      const Segments segments = segment(whole, stored, with, {});
      code_maxima(kernels_, meets, centroids.view(),
                  {{segments, same.data(), n_spans}, made.offsets.data(), made.offsets.data() + 1}, 1, maxima.data());
      take(maxima);
    }
  }

  // The fourth row is as extreme as it may be.
  void cells(std::int64_t n_cells, std::int64_t n_probes, std::int64_t dim) {
    const SomeCells some(random_, n_cells, 3 * n_cells + 17, dim);
    for (const std::int64_t n : {0, 1, 3, 8, 37}) {
      Unaligned<std::uint8_t> rows(n * dim, [&] { return random_.integer(1, 127); });
      if (n > 3) std::fill_n(rows.data() + 3 * dim, dim, std::uint8_t{127});
      Unaligned<std::uint32_t> nearest(n);
      Unaligned<std::int32_t> scores(n);
      nearest_in_cells(kernels_, some.view(n_probes), rows.data(), n, 1, nearest.data(), scores.data());
      take(nearest);
      take(scores);
    }
  }

  template <class T>
  void encoding(std::int64_t dim, int bits) {
    constexpr bool kHalf = sizeof(T) == 2;
    constexpr std::int64_t kMembers = 37;
    const SomeCells some(random_, 9, kMembers, dim);
    const float size = 1.0F / std::sqrt(static_cast<float>(dim));
    const Unaligned<float> columns(dim * dim, [&] { return size * random_.real(); });
    const Unaligned<float> starts(dim, [] { return 0.0F; });
    const Rotation rotation{{dim, dim, columns.data(), starts.data()}, size / 16.0F};
    const Unaligned<float> steps(kMembers, [&] { return size / 64.0F * (1.5F + random_.real()); });
    Unaligned<std::int8_t> levels(kLevels, [&] { return random_.integer(-63, 63); });
    if (bits == 4) std::sort(levels.data(), levels.data() + levels.size());
    Unaligned<std::int8_t> context_levels(kLevels, [&] { return random_.integer(-63, 63); });
    std::sort(context_levels.data(), context_levels.data() + context_levels.size());
    const Codebook book{some.members(), steps.data(), levels.data(),
                        size / 32.0F,   bits,         {context_levels.data(), size / 32.0F}};
    for (const std::int64_t n : {0, 1, 4, 21}) {
      Unaligned<T> vectors(n * dim, [&] {
        if constexpr (kHalf) {
          return random_.half() | random_.integer(0, 1) << 15;
        } else {
          return random_.real();
        }
      });
      if (n > 2) std::fill_n(vectors.data() + 2 * dim, dim, T{0});
      // A NaN stops the block that it is in.
      for (const bool with_nan : {false, true}) {
        if (with_nan && n == 21) vectors[5 * dim + 7] = kHalf ? T{0x7e00} : std::numeric_limits<T>::quiet_NaN();
        Unaligned<std::uint8_t> rows(n * dim);
        Unaligned<float> lengths(n);
        take(round_vectors(kernels_, {vectors.data(), kHalf, n, dim}, rotation, 1e4F, 1, rows.data(), lengths.data()));
        take(rows);
        take(lengths);
        for (const bool in_blocks : {false, true}) {
          std::vector<std::int64_t> bounds{0};
          for (std::int64_t end = 3; in_blocks && bounds.back() < n; end += 5) bounds.push_back(std::min(end, n));
          const auto n_blocks = static_cast<std::int64_t>(bounds.size()) - 1;
          Unaligned<std::uint8_t> context_residuals(n_blocks * dim / 2);
          Unaligned<std::uint16_t> context_gains(n_blocks);
          Unaligned<std::uint16_t> ids(n);
          Unaligned<std::uint8_t> residuals(n * dim * bits / 8);
          Unaligned<std::uint16_t> gains(n);
          Unaligned<std::uint16_t> norms(n);
          Unaligned<float> errors(n);
          take(encode_tokens(kernels_, {vectors.data(), kHalf, n, dim}, rotation, some.view(4), book, 1e4F, 1,
                             {bounds.data(), n_blocks, context_residuals.data(), context_gains.data()},
                             {ids.data(), false, residuals.data(), gains.data(), norms.data(), errors.data()}));
          take(ids);
          take(residuals);
          take(gains);
          take(norms);
          take(errors);
          take(context_residuals);
          take(context_gains);
        }
      }
    }
  }

  const Kernels& kernels_;
  Random random_{1};
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace

// Without arguments: compares. With any: names the instruction sets that the machine has.
int main(int n_arguments, char**) {
  if (n_arguments > 1) {
    for (int i = 0; i < kIsaCount; ++i) {
      if (is_supported(static_cast<Isa>(i))) std::puts(name_of(static_cast<Isa>(i)));
    }
    return 0;
  }
  scalar_twin = &kernels_for(Isa::scalar);
  for (int i = 0; i < kIsaCount; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (isa == Isa::scalar || !is_supported(isa)) continue;
    Tested& one = under_test.emplace_back();
    one.isa = isa;
    one.kernels = &kernels_for(isa);
  }
  const std::uint64_t expected = Sweep(kAll).run();
  // Each by itself writes into the arrays of the caller, which the sanitizers see.
  bool all_agree = true;
  for (Tested& one : under_test) {
    const bool same_results = Sweep(*one.kernels).run() == expected;
    all_agree = all_agree && one.n_different == 0 && same_results;
    std::printf("%s: %lld of %lld calls differ from scalar, results are %s\n", name_of(one.isa),
                static_cast<long long>(one.n_different.load()), static_cast<long long>(n_compared.load()),
                same_results ? "equal" : "different");
  }
  std::printf("checksum %016llx\n", static_cast<unsigned long long>(expected));
  return all_agree ? 0 : 1;
}
