// The memory of a pass, kept from one to the next: asking the system for it anew would cost a few percent.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace colmodern::encoder {

// Uninitialised memory on a cache line boundary that only grows.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ~Buffer() { ::operator delete(data_, std::align_val_t{64}); }

  T* at_least(std::int64_t n) {
    if (n > size_) {
      ::operator delete(std::exchange(data_, nullptr), std::align_val_t{64});
      size_ = 0;
      data_ = static_cast<T*>(::operator new(static_cast<std::size_t>(n) * sizeof(T) + 64, std::align_val_t{64}));
      size_ = n;
    }
    return data_;
  }
  T* data() const noexcept { return data_; }

 private:
  T* data_ = nullptr;
  std::int64_t size_ = 0;
};

// What one thread needs for a chunk of rows or a block of queries.
struct ThreadSpace {
  Buffer<float> products, hidden, mixed, normed, product, gated, scales;
  Buffer<std::uint32_t> units;
  Buffer<char> attention;
};

struct Workspace {
  Buffer<float> embedded, input_scales, hidden, mixed;
  Buffer<std::uint32_t> input_units, queries, keys, values;
  Buffer<float> query_steps, key_steps, value_logs, value_shares;
  Buffer<std::int64_t> positions, places, kinds, distinct;
  std::vector<std::int32_t> numbers;  // of the vocabulary's ids; -1 between passes
  std::vector<ThreadSpace> threads;
};

class WorkspacePool {
 public:
  std::unique_ptr<Workspace> take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) return std::make_unique<Workspace>();
    auto workspace = std::move(free_.back());
    free_.pop_back();
    return workspace;
  }
  void give_back(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(std::move(workspace));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

}  // namespace colmodern::encoder
