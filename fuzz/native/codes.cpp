// The columns of a segment that hold anything, each as long as the format says: candidates, scores, maxima of spans.
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

#include "gather/gather.h"
#include "input.h"
#include "maxsim_codes/maxsim_codes.h"

using namespace colmodern;

namespace {

// Columns of any numbers; they end with their allocations.
struct Columns {
  std::int64_t n_documents, n_tokens, n_contexts, n_postings;
  bool wide_ids, wide_postings, has_contexts;
  std::vector<std::int64_t> offsets, context_offsets, posting_offsets;
  std::vector<std::uint32_t> ids32, postings32;
  std::vector<std::uint16_t> ids16, postings16, gains, norms, context_gains;
  std::vector<std::uint8_t> residuals, context_residuals;

  Columns(fuzz::Input& input, std::int64_t dim, int bits, std::int64_t n_centroids)
      : n_documents(input.from(0, 5)),
        n_tokens(input.from(0, 300)),
        n_contexts(input.from(0, 6)),
        n_postings(input.from(0, 20)),
        wide_ids(input.coin()),
        wide_postings(input.coin()),
        has_contexts(input.coin()),
        offsets(input.offsets(n_documents, 200)),
        context_offsets(input.offsets(n_documents, 2)),
        posting_offsets(input.offsets(n_centroids, 4)),
        ids32(wide_ids ? input.mostly<std::uint32_t>(n_tokens, 0, n_centroids - 1) : std::vector<std::uint32_t>{}),
        postings32(wide_postings ? input.mostly<std::uint32_t>(n_postings, 0, n_documents - 1)
                                 : std::vector<std::uint32_t>{}),
        ids16(wide_ids ? std::vector<std::uint16_t>{} : input.mostly<std::uint16_t>(n_tokens, 0, n_centroids - 1)),
        postings16(wide_postings ? std::vector<std::uint16_t>{}
                                 : input.mostly<std::uint16_t>(n_postings, 0, n_documents - 1)),
        gains(input.some<std::uint16_t>(n_tokens)),
        norms(input.some<std::uint16_t>(n_tokens)),
        context_gains(input.some<std::uint16_t>(n_contexts)),
        residuals(input.some<std::uint8_t>(n_tokens * dim * bits / 8)),
        context_residuals(input.some<std::uint8_t>(n_contexts * dim / 2)) {}

  StoredSegment view() const {
    const void* ids = wide_ids ? static_cast<const void*>(ids32.data()) : ids16.data();
    const void* postings = wide_postings ? static_cast<const void*>(postings32.data()) : postings16.data();
    return {
        offsets.data(),
        n_documents,
        n_tokens,
        {{ids, wide_ids}, residuals.data(), gains.data(), norms.data()},
        {context_residuals.data(), context_gains.data(), n_contexts, has_contexts ? context_offsets.data() : nullptr},
        {posting_offsets.data(), postings, wide_postings, n_postings}};
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const Kernels& kernels = kernels_for(input.isa());
  const std::int64_t dim = 16 * input.from(1, 4), count = input.from(1, 40), n_centroids = input.from(1, 9);
  const int bits = 1 << input.from(0, 2);
  std::vector<Columns> columns;
  for (std::int64_t i = input.from(1, 2); i > 0; --i) columns.emplace_back(input, dim, bits, n_centroids);
  Segments segments;
  for (const Columns& one : columns) segments.add(one.view());

  const std::int64_t stride = round_up(count, kRowLanes);
  AlignedArray<std::int16_t> rows(static_cast<std::size_t>(n_centroids * stride));
  for (std::int64_t i = 0; i < n_centroids * stride; ++i) rows.data()[i] = input.any<std::int16_t>();
  const std::vector<float> steps(static_cast<std::size_t>(stride), input.any<float>());
  const CentroidRows table{rows.data(), n_centroids, count, stride, steps.data()};
  const std::int64_t n_probes = input.from(0, n_centroids);
  std::vector<std::uint32_t> probed(static_cast<std::size_t>(count * n_probes));
  probe(table, n_probes, probed.data());

  const auto n_documents = static_cast<std::size_t>(segments.n_documents());
  const std::int64_t limit = input.from(0, 12);
  const auto allowed = std::make_unique<bool[]>(n_documents);
  for (std::size_t i = 0; i < n_documents; ++i) allowed[i] = input.coin();
  std::vector<std::int64_t> documents(static_cast<std::size_t>(limit));
  std::vector<float> scores(static_cast<std::size_t>(limit));
  const std::vector<float> taken_off = input.some<float>(segments.n_documents());
  std::int64_t n_found = 0;
  try {
    gather(table, probed.data(), n_probes, segments, allowed.get(), input.coin() ? taken_off.data() : nullptr, limit,
           input.from(0, limit), 1, documents.data(), scores.data(), &n_found);
  } catch (const std::invalid_argument&) {
  }

  std::vector<std::int8_t> values = input.mostly<std::int8_t>(count * dim, -127, 127);
  for (std::int8_t& value : values) value = std::max<std::int8_t>(value, -127);
  const std::vector<float> scales = input.some<float>(count);
  const std::vector<std::int8_t> levels(16, static_cast<std::int8_t>(input.from(-63, 63)));
  const ByteQuery query{values.data(), scales.data(), count, dim};
  const CodeQuery code_query{query, levels.data(), bits, {{levels.data(), input.any<float>()}, query}};
  const std::int64_t n_listed = input.from(0, 8);
  const auto listed = input.mostly<std::int64_t>(n_listed, 0, segments.n_documents() - 1);
  const Listed list{segments, listed.data(), n_listed};
  std::vector<float> found(static_cast<std::size_t>(n_listed));
  try {
    maxsim_codes(kernels, code_query, table, list, Total{input.coin() ? 8.0 : 0.0, nullptr}, input.from(0, 2), 1,
                 found.data());
  } catch (const std::invalid_argument&) {
  }
  const auto begins = input.mostly<std::int64_t>(n_listed, 0, 200), ends = input.mostly<std::int64_t>(n_listed, 0, 200);
  std::vector<float> maxima(static_cast<std::size_t>(n_listed * count));
  try {
    code_maxima(kernels, code_query, table, {list, begins.data(), ends.data()}, 1, maxima.data());
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
