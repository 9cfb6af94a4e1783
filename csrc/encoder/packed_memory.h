// Where packed weights lie: in memory of their own, or in memory that holds them already, for instance a mapped file.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "aligned.h"

namespace colmodern::encoder {

class PackedMemory {
 public:
  struct Piece {
    const char* data;
    std::int64_t size;
  };

  PackedMemory() = default;
  // Pieces that were packed before, one after another as `pieces` had them, on a cache line boundary. It is not
  // copied, and must not change.
  PackedMemory(const char* data, std::int64_t size) : next_(data), left_(size) {}

  // Whether pieces hold what is packed already, and so must not be written.
  bool is_filled() const noexcept { return next_ != nullptr; }

  // The next piece, of n values; of zeros if it is to be filled. Throws std::invalid_argument if there is too little.
  template <class T>
  T* take(std::int64_t n) {
    const std::int64_t size = (n * static_cast<std::int64_t>(sizeof(T)) + kLine - 1) / kLine * kLine;
    if (is_filled()) {
      if (size > left_) throw std::invalid_argument("packed weights end too early");
      left_ -= size;
      return reinterpret_cast<T*>(const_cast<char*>(std::exchange(next_, next_ + size)));
    }
    owned_.emplace_back(static_cast<std::size_t>(size));
    pieces_.push_back({owned_.back().data(), size});
    return reinterpret_cast<T*>(owned_.back().data());
  }

  std::int64_t left() const noexcept { return left_; }
  // In the order in which they were taken; none of memory that was filled before.
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }

 private:
  static constexpr std::int64_t kLine = 64;
  const char* next_ = nullptr;
  std::int64_t left_ = 0;
  std::vector<AlignedArray<char>> owned_;
  std::vector<Piece> pieces_;
};

}  // namespace colmodern::encoder
