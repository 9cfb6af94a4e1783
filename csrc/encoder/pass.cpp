// One pass of a pack through the model.
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>

#include "encoder/model.h"
#include "parallel.h"

namespace colmodern::encoder {
namespace {

// Queries of one head and sequence that go through attention together.
struct AttentionJob {
  std::int64_t head;
  std::int64_t first_row;   // of the sequence
  std::int64_t first_slot;  // of its values
  std::int64_t position;    // of the first query
  std::int64_t n_queries;
  std::int64_t seen;
};

void check(const Pack& pack, std::int64_t vocabulary) {
  std::int64_t n = 0;
  for (std::int64_t i = 0; i < pack.n_sequences; ++i) {
    if (pack.lengths[i] < 1) throw std::invalid_argument("a sequence has no tokens");
    if (pack.seen[i] < 1 || pack.seen[i] > pack.lengths[i]) {
      throw std::invalid_argument("a sequence must show between one and all of its tokens");
    }
    n += pack.lengths[i];
  }
  if (n != pack.n_tokens) {
    throw std::invalid_argument("lengths add up to " + std::to_string(n) + ", but there are " +
                                std::to_string(pack.n_tokens) + " ids");
  }
  for (std::int64_t i = 0; i < pack.n_tokens; ++i) {
    if (pack.ids[i] < 0 || pack.ids[i] >= vocabulary) {
      throw std::invalid_argument("token id " + std::to_string(pack.ids[i]) + " is outside the vocabulary of " +
                                  std::to_string(vocabulary));
    }
  }
  for (std::int64_t i = 0; i < pack.n_kept; ++i) {
    if (pack.kept[i] < (i > 0 ? pack.kept[i - 1] + 1 : 0) || pack.kept[i] >= pack.n_tokens) {
      throw std::invalid_argument("kept rows must ascend and lie in the pack");
    }
  }
}

void activate(const RowKernels& kernels, Activation activation, float* values, std::int64_t n) {
  switch (activation) {
    case Activation::identity: return;
    case Activation::gelu: kernels.gelu(values, n); return;
    case Activation::tanh: std::transform(values, values + n, values, [](float x) { return std::tanh(x); }); return;
    case Activation::relu:
      std::transform(values, values + n, values, [](float x) { return x > 0.0F ? x : 0.0F; });
      return;
    case Activation::silu:
      std::transform(values, values + n, values, [](float x) { return x / (1.0F + std::exp(-x)); });
      return;
    case Activation::sigmoid:
      std::transform(values, values + n, values, [](float x) { return 1.0F / (1.0F + std::exp(-x)); });
      return;
  }
}

}  // namespace

class Pass {
 public:
  Pass(const Model& model, const Pack& pack, int threads, Workspace& space, float* out)
      : model_(model),
        pack_(pack),
        threads_(threads),
        space_(space),
        out_(out),
        head_(2 * model.half_),
        width_(model.shape_.heads * head_),
        units_(head_ / model.attention_->step) {
    plan();
    std::iota(in_order_.begin(), in_order_.end(), std::int64_t{0});
    const std::int64_t n = pack.n_tokens;
    hidden_ = space.hidden.at_least(n * model.stride_);
    embedded_ = space.embedded.at_least(n_distinct_ * model.stride_);
    if (!model.layers_.empty()) {
      const std::int64_t units = model.layers_.front().qkv.width() / model.linear_->step;
      const std::int64_t whole = round_up(n_distinct_, kChunk);  // tiles read rows behind the last
      inputs_ = {space.input_units.at_least(whole * units), units, space.input_scales.at_least(2 * whole)};
    }
    mixed_ = space.mixed.at_least(n * width_);
    const std::int64_t behind = model.attention_->behind;
    queries_ = space.queries.at_least(n * model.shape_.heads * units_);
    keys_ = space.keys.at_least((n * model.shape_.heads + behind) * units_);
    values_ = space.values.at_least(n_slots_ * width_ + behind * head_);
    std::fill_n(values_ + n_slots_ * width_, behind * head_, 0U);  // weights of zero times what is no number
    query_steps_ = space.query_steps.at_least(n * model.shape_.heads);
    key_steps_ = space.key_steps.at_least(n * model.shape_.heads);
    value_logs_ = space.value_logs.at_least(n * model.shape_.heads);
    value_shares_ = space.value_shares.at_least(n * model.shape_.heads);
    if (static_cast<int>(space.threads.size()) < threads) space.threads.resize(static_cast<std::size_t>(threads));
    for (ThreadSpace& thread : space.threads) reserve(thread);
  }

  void run() {
    using Space = ThreadSpace;
    const std::int64_t n_tokens = pack_.n_tokens;
    for_chunks(n_distinct_, [this](Space& space, std::int64_t begin, std::int64_t n) { embed(space, begin, n); });
    if (!model_.layers_.empty()) start();
    for (std::size_t i = 0; i + 1 < model_.layers_.size(); ++i) {
      attend(jobs_, model_.layers_[i].is_global);
      for_chunks(n_tokens, [this, i](Space& space, std::int64_t begin, std::int64_t n) {
        float* rows = hidden_ + begin * model_.stride_;
        if (i == 0) gather(embedded_, model_.stride_, kinds_ + begin, n, rows);
        finish_layer(space, model_.layers_[i], mixed_ + begin * width_, rows, n);
        start_layer(space, begin, n, model_.layers_[i + 1]);
      });
    }
    if (!model_.layers_.empty()) attend(last_jobs_, model_.layers_.back().is_global);
    for_chunks(pack_.n_kept, [this](Space& space, std::int64_t begin, std::int64_t n) { finish(space, begin, n); });
  }

 private:
  // Positions, places of values, attention jobs, and which tokens are equal.
  void plan() {
    const std::int64_t n = pack_.n_tokens;
    const int step = model_.attention_->step;
    positions_ = space_.positions.at_least(n + 1);
    places_ = space_.places.at_least(n);
    std::int64_t row = 0;
    std::int64_t longest = 0;
    const std::int64_t* kept = pack_.kept;
    for (std::int64_t i = 0; i < pack_.n_sequences; ++i) {
      const std::int64_t length = pack_.lengths[i];
      add_jobs(jobs_, i, row, 0, length);
      const std::int64_t* next = std::lower_bound(kept, pack_.kept + pack_.n_kept, row + length);
      if (next != kept) add_jobs(last_jobs_, i, row, *kept - row, next[-1] + 1 - row);
      kept = next;
      for (std::int64_t position = 0; position < length; ++position) {
        positions_[row + position] = position;
        places_[row + position] = n_slots_ * step + position;
      }
      row += length;
      n_slots_ += (length + step - 1) / step;
      longest = std::max(longest, length);
    }
    positions_[n] = 0;
    find_distinct();
    global_rotations_ = model_.global_rotary_.at_least(longest);
    local_rotations_ = model_.local_rotary_.at_least(longest);
  }

  // The queries from one position of a sequence to another.
  void add_jobs(std::vector<AttentionJob>& jobs, std::int64_t sequence, std::int64_t row, std::int64_t begin,
                std::int64_t end) const {
    // Head by head: the keys and values of one stay in the second-level cache.
    for (std::int64_t head = 0; head < model_.shape_.heads; ++head) {
      for (std::int64_t first = begin; first < end; first += model_.attention_->queries) {
        const std::int64_t n_queries = std::min(model_.attention_->queries, end - first);
        jobs.push_back({head, row, n_slots_, first, n_queries, pack_.seen[sequence]});
      }
    }
  }

  // Equal tokens have equal rows until the first attention.
  void find_distinct() {
    kinds_ = space_.kinds.at_least(pack_.n_tokens);
    distinct_ = space_.distinct.at_least(pack_.n_tokens);
    std::vector<std::int32_t>& numbers = space_.numbers;
    numbers.resize(static_cast<std::size_t>(model_.shape_.vocabulary), -1);
    for (std::int64_t i = 0; i < pack_.n_tokens; ++i) {
      std::int32_t& number = numbers[static_cast<std::size_t>(pack_.ids[i])];
      if (number < 0) {
        number = static_cast<std::int32_t>(n_distinct_);
        distinct_[n_distinct_++] = pack_.ids[i];
      }
      kinds_[i] = number;
    }
    for (std::int64_t i = 0; i < n_distinct_; ++i) numbers[static_cast<std::size_t>(distinct_[i])] = -1;
  }

  void reserve(ThreadSpace& space) const {
    std::int64_t width = std::max(model_.stride_, width_);
    for (const Model::Layer& layer : model_.layers_) {
      width = std::max({width, layer.mlp_out.width() + model_.linear_->panel, group()});
    }
    for (const Model::Step& step : model_.steps_) {
      width = std::max(width, round_up(step.outputs, model_.projection_->panel));
    }
    space.products.at_least(n_distinct_ * group());
    space.hidden.at_least(kChunk * model_.stride_);
    space.mixed.at_least(kChunk * width_);
    space.normed.at_least(kChunk * width);
    space.product.at_least(kChunk * std::max(width, 2 * model_.linear_->panel));
    space.gated.at_least(kChunk * width);
    space.scales.at_least(2 * kChunk);
    space.units.at_least(kChunk * width);
    space.attention.at_least(model_.attention_->scratch_bytes(head_));
  }

  template <class Body>
  void in_parallel(std::int64_t n, std::int64_t piece, const Body& body) {
    std::atomic<std::size_t> next{0};
    parallel_for_with(
        n, piece, threads_, [&] { return &space_.threads[next++]; },
        [&](ThreadSpace* space, std::int64_t begin, std::int64_t end) { body(*space, begin, end - begin); });
  }

  template <class Body>
  void for_chunks(std::int64_t n_rows, const Body& body) {
    in_parallel(n_rows, kChunk, body);
  }

  // How many jobs a thread takes at a time. One chunk, for instance a query, is too little to wake other threads for.
  std::int64_t piece_of(std::int64_t n_jobs) const { return pack_.n_tokens <= kChunk ? n_jobs : 1; }

  void attend(const std::vector<AttentionJob>& jobs, bool is_global) {
    const auto n_jobs = static_cast<std::int64_t>(jobs.size());
    in_parallel(n_jobs, piece_of(n_jobs), [&](ThreadSpace& space, std::int64_t begin, std::int64_t n) {
      for (std::int64_t i = begin; i < begin + n; ++i) {
        attend(space, jobs[static_cast<std::size_t>(i)], is_global);
      }
    });
  }

  // Changes the rows.
  Operand converted(ThreadSpace& space, const LinearKernels& kernels, float* rows, std::int64_t stride, std::int64_t n,
                    std::int64_t width) const {
    const Operand operand{space.units.data(), width / kernels.step, space.scales.data()};
    kernels.convert(rows, stride, n, width, operand);
    return operand;
  }

  // Distinct tokens, up to the first product.
  void embed(ThreadSpace& space, std::int64_t begin, std::int64_t n) {
    const std::int64_t hidden = model_.shape_.hidden;
    const std::int64_t row_bytes = hidden * (model_.embeddings_.kind == Stored::float32 ? 4 : 2);
    const auto* table = static_cast<const char*>(model_.embeddings_.data);
    float* rows = embedded_ + begin * model_.stride_;
    for (std::int64_t i = 0; i < n; ++i) {
      float* row = rows + i * model_.stride_;
      model_.tables_.rows->widen(model_.embeddings_.kind, table + distinct_[begin + i] * row_bytes, hidden, row);
      std::fill(row + hidden, row + model_.stride_, 0.0F);
    }
    model_.tables_.rows->norm(model_.embedding_norm_.view(), rows, model_.stride_, n, rows, model_.stride_);
    if (model_.layers_.empty()) return;
    const Model::Layer& layer = model_.layers_.front();
    const Operand operand{inputs_.units + begin * inputs_.stride, inputs_.stride, inputs_.scales + 2 * begin};
    normed(space, attention_norm(layer), rows, n, layer.qkv.width(), operand);
  }

  // Queries, keys and values of the first layer, some heads at a time: those of all distinct tokens stay in the
  // second-level cache while all tokens take theirs.
  void start() {
    const Model::Layer& layer = model_.layers_.front();
    const std::int64_t panels = group() / model_.linear_->panel;
    const std::int64_t n_groups = layer.qkv.panels() / panels;
    in_parallel(n_groups, piece_of(n_groups), [&](ThreadSpace& space, std::int64_t begin, std::int64_t n) {
      float* products = space.products.data();
      for (std::int64_t i = begin; i < begin + n; ++i) {
        layer.qkv.multiply(inputs_, n_distinct_, i * panels, (i + 1) * panels, products, group(), false);
        for (std::int64_t row = 0; row < pack_.n_tokens; row += kChunk) {
          place(products, kinds_ + row, row, std::min(kChunk, pack_.n_tokens - row), i * group(), layer.is_global);
        }
      }
    });
  }

  // The first layer has none: embeddings are normed.
  static const Model::OwnedNorm* attention_norm(const Model::Layer& layer) {
    return layer.attention_norm ? &*layer.attention_norm : nullptr;
  }

  // Columns of Wqkv that are whole panels and whole heads.
  std::int64_t group() const { return std::lcm(model_.linear_->panel, head_); }

  // Rows by their numbers.
  static void gather(const float* rows, std::int64_t stride, const std::int64_t* numbers, std::int64_t n, float* out) {
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(rows + numbers[i] * stride, stride, out + i * stride);
  }

  // Rows as a product takes them.
  Operand normed(ThreadSpace& space, const Model::OwnedNorm* norm, const float* rows, std::int64_t n,
                 std::int64_t width) const {
    const Operand operand{space.units.data(), width / model_.linear_->step, space.scales.data()};
    normed(space, norm, rows, n, width, operand);
    return operand;
  }

  void normed(ThreadSpace& space, const Model::OwnedNorm* norm, const float* rows, std::int64_t n, std::int64_t width,
              const Operand& operand) const {
    float* out = space.normed.data();
    if (norm != nullptr) {
      model_.tables_.rows->norm(norm->view(), rows, model_.stride_, n, out, model_.stride_);
    } else {
      std::copy_n(rows, n * model_.stride_, out);
    }
    model_.linear_->convert(out, model_.stride_, n, width, operand);
  }

  // Queries, keys and values.
  void start_layer(ThreadSpace& space, std::int64_t begin, std::int64_t n, const Model::Layer& layer) {
    const float* rows = hidden_ + begin * model_.stride_;
    const Operand operand = normed(space, attention_norm(layer), rows, n, layer.qkv.width());
    const std::int64_t panel = model_.linear_->panel;
    const std::int64_t panels = group() / panel;
    for (std::int64_t first = 0; first < layer.qkv.panels(); first += panels) {
      layer.qkv.multiply(operand, n, first, first + panels, space.product.data(), group(), false);
      place(space.product.data(), in_order_.data(), begin, n, first * panel, layer.is_global);
    }
  }

  // Some columns of Wqkv's product: queries and keys are turned by their positions.
  void place(const float* product, const std::int64_t* numbers, std::int64_t begin, std::int64_t n,
             std::int64_t first_column, bool is_global) {
    const std::int64_t heads = model_.shape_.heads;
    const Rotations& rotations = is_global ? *global_rotations_ : *local_rotations_;
    std::int64_t index = first_column / head_;  // of a head, among those of queries, keys and values
    for (std::int64_t column = 0; column < group() && index < 3 * heads; column += head_, ++index) {
      const HeadRows placed{
          product + column,      group(), numbers, n, head_, positions_ + begin, rotations.cosines.data(),
          rotations.sines.data()};
      const std::int64_t head = index % heads;
      const std::int64_t row = head * pack_.n_tokens + begin;
      if (index < heads) {
        model_.attention_->place_queries(placed, queries_ + row * units_, query_steps_ + row);
      } else if (index < 2 * heads) {
        model_.attention_->place_keys(placed, keys_ + row * units_, key_steps_ + row);
      } else {
        model_.attention_->place_values(placed, places_ + begin, values_ + head * n_slots_ * head_, value_logs_ + row,
                                        value_shares_ + row);
      }
    }
  }

  void attend(ThreadSpace& space, const AttentionJob& job, bool is_global) {
    const std::int64_t radius = is_global ? -1 : model_.shape_.radius;
    const int step = model_.attention_->step;
    float* out = mixed_ + (job.first_row + job.position) * width_ + job.head * head_;
    std::int64_t first = 0;
    std::int64_t last = job.seen;
    std::int64_t n_queries = job.n_queries;
    if (!is_global) {
      // Those from there on see nothing.
      n_queries = std::clamp<std::int64_t>(job.seen + radius - job.position, 0, job.n_queries);
      for (std::int64_t i = n_queries; i < job.n_queries; ++i) std::fill_n(out + i * width_, head_, 0.0F);
      if (n_queries == 0) return;
      first = std::max<std::int64_t>(0, job.position - radius) / step * step;
      last = std::min(job.seen, job.position + n_queries + radius);
    }
    const std::int64_t row = job.head * pack_.n_tokens + job.first_row;
    const std::int64_t slot = job.head * n_slots_ + job.first_slot + first / step;
    const AttentionBlock block{units_,
                               head_,
                               queries_ + (row + job.position) * units_,
                               n_queries,
                               job.position,
                               keys_ + (row + first) * units_,
                               values_ + slot * head_,
                               first,
                               last - first,
                               radius,
                               out,
                               width_,
                               query_steps_ + row + job.position,
                               key_steps_ + row + first,
                               value_logs_ + row + first,
                               value_shares_ + row + first};
    model_.attention_->attend(block, space.attention.data());
  }

  // Adds to some rows what attention and MLP found.
  void finish_layer(ThreadSpace& space, const Model::Layer& layer, float* found, float* rows, std::int64_t n) const {
    const LinearKernels& kernels = *model_.linear_;
    const Operand mixed = converted(space, kernels, found, width_, n, layer.attention_out.width());
    layer.attention_out.multiply(mixed, n, 0, layer.attention_out.panels(), rows, model_.stride_, true);

    const Operand inputs = normed(space, &layer.mlp_norm, rows, n, layer.mlp_in.width());
    const std::int64_t panel = kernels.panel;
    const std::int64_t gated_width = layer.mlp_in.panels() / 2 * panel;
    for (std::int64_t i = 0; i < layer.mlp_in.panels(); i += 2) {
      layer.mlp_in.multiply(inputs, n, i, i + 2, space.product.data(), 2 * panel, false);
      model_.gate_(space.product.data(), 2 * panel, n, panel, space.gated.data() + i / 2 * panel, gated_width);
    }
    const Operand gated = converted(space, kernels, space.gated.data(), gated_width, n, layer.mlp_out.width());
    layer.mlp_out.multiply(gated, n, 0, layer.mlp_out.panels(), rows, model_.stride_, true);
  }

  // Rows that are kept, behind the last attention.
  void finish(ThreadSpace& space, std::int64_t begin, std::int64_t n) {
    const std::int64_t* kept = pack_.kept + begin;
    float* rows = space.hidden.data();
    if (model_.layers_.size() > 1) {
      gather(hidden_, model_.stride_, kept, n, rows);
    } else {
      for (std::int64_t i = 0; i < n; ++i)
        gather(embedded_, model_.stride_, kinds_ + kept[i], 1, rows + i * model_.stride_);
    }
    if (!model_.layers_.empty()) {
      gather(mixed_, width_, kept, n, space.mixed.data());
      finish_layer(space, model_.layers_.back(), space.mixed.data(), rows, n);
    }
    project(space, rows, begin, n);
  }

  // The final norm and the projection.
  void project(ThreadSpace& space, const float* hidden, std::int64_t begin, std::int64_t n) {
    const RowKernels& kernels = *model_.tables_.rows;
    float* rows = space.normed.data();
    float* next = space.product.data();
    std::int64_t stride = model_.stride_;
    std::int64_t width = model_.shape_.hidden;
    kernels.norm(model_.final_norm_.view(), hidden, model_.stride_, n, rows, stride);
    for (const Model::Step& step : model_.steps_) {
      if (!step.linear) {
        kernels.normalise(rows, stride, n, round_up(width, kLanes));
        continue;
      }
      const std::int64_t next_stride = round_up(step.outputs, model_.projection_->panel);
      const Operand operand = converted(space, *model_.projection_, rows, stride, n, step.linear->width());
      step.linear->multiply(operand, n, 0, step.linear->panels(), next, next_stride, false);
      activate(kernels, step.activation, next, n * next_stride);
      if (step.residual_linear) {
        step.residual_linear->multiply(operand, n, 0, step.residual_linear->panels(), next, next_stride, true);
      } else if (step.residual) {
        for (std::int64_t i = 0; i < n; ++i) {
          for (std::int64_t j = 0; j < step.outputs; ++j) next[i * next_stride + j] += rows[i * stride + j];
        }
      }
      // What pads the width is zero again, whatever the activation made of it.
      for (std::int64_t i = 0; i < n; ++i) {
        std::fill(next + i * next_stride + step.outputs, next + (i + 1) * next_stride, 0.0F);
      }
      std::swap(rows, next);
      stride = next_stride;
      width = step.outputs;
    }
    for (std::int64_t i = 0; i < n; ++i) std::copy_n(rows + i * stride, width, out_ + (begin + i) * width);
  }

  const Model& model_;
  const Pack& pack_;
  int threads_;
  Workspace& space_;
  float* out_;
  std::int64_t head_;   // a head's width, padded
  std::int64_t width_;  // of all heads
  std::int64_t units_;  // of a head's query or key
  std::int64_t n_slots_ = 0;
  std::array<std::int64_t, kChunk> in_order_;
  std::int64_t* positions_;
  std::int64_t* places_;
  std::int64_t n_distinct_ = 0;
  std::int64_t* kinds_;     // of each token, which of the distinct ones it is
  std::int64_t* distinct_;  // their ids
  float* embedded_;         // those tokens
  Operand inputs_{};        // and what the first product takes of them
  float* hidden_;
  float* mixed_;
  std::uint32_t* queries_;
  std::uint32_t* keys_;
  std::uint32_t* values_;
  float* query_steps_;
  float* key_steps_;
  float* value_logs_;
  float* value_shares_;
  std::vector<AttentionJob> jobs_;
  std::vector<AttentionJob> last_jobs_;  // of rows that are kept
  std::shared_ptr<const Rotations> global_rotations_;
  std::shared_ptr<const Rotations> local_rotations_;
};

void Model::forward(const Pack& pack, int threads, float* out) const {
  check(pack, shape_.vocabulary);
  if (pack.n_tokens == 0) return;
  auto space = workspaces_.take();
  Pass(*this, pack, threads, *space, out).run();
  workspaces_.give_back(std::move(space));
}

}  // namespace colmodern::encoder
