// Zeroed scratch memory on a cache line boundary.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace colmodern {

template <class T>
class AlignedArray {
 public:
  explicit AlignedArray(std::size_t n)
      : data_(static_cast<T*>(::operator new(n * sizeof(T) + 64, std::align_val_t{64}))) {
    for (std::size_t i = 0; i < n; ++i) data_[i] = T{};
  }
  ~AlignedArray() { ::operator delete(data_, std::align_val_t{64}); }
  AlignedArray(AlignedArray&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  AlignedArray(const AlignedArray&) = delete;
  AlignedArray& operator=(const AlignedArray&) = delete;
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  T* data_;
};

}  // namespace colmodern
