// Numbers and arrays taken from the bytes of a fuzzer; where these end, zeros follow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "cpu.h"

namespace fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

  std::size_t left() const noexcept { return left_; }

  // Any value of a type.
  template <class T>
  T any() noexcept {
    T value{};
    const std::size_t n = std::min(left_, sizeof(T));
    std::memcpy(&value, data_, n);
    data_ += n;
    left_ -= n;
    return value;
  }

  // low..high, both included.
  std::int64_t from(std::int64_t low, std::int64_t high) noexcept {
    return low + static_cast<std::int64_t>(any<std::uint16_t>() % (high - low + 1));
  }

  bool coin() noexcept { return any<std::uint8_t>() % 2 == 1; }

  template <class T>
  std::vector<T> some(std::int64_t n) {
    std::vector<T> values(static_cast<std::size_t>(n));
    for (T& value : values) value = any<T>();
    return values;
  }

  // Whole numbers that mostly lie within low..high, and now and then anywhere.
  template <class T>
  std::vector<T> mostly(std::int64_t n, std::int64_t low, std::int64_t high) {
    std::vector<T> values(static_cast<std::size_t>(n));
    for (T& value : values) {
      value = any<std::uint8_t>() == 255 ? any<T>() : static_cast<T>(from(low, std::max(low, high)));
    }
    return values;
  }

  static std::int64_t after(std::int64_t value, std::int64_t n) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) + static_cast<std::uint64_t>(n));
  }

  // Numbers that mostly rise from 0, as offsets do.
  std::vector<std::int64_t> offsets(std::int64_t n, std::int64_t widest) {
    std::vector<std::int64_t> values(static_cast<std::size_t>(n) + 1, 0);
    for (std::size_t i = 1; i < values.size(); ++i) {
      values[i] = any<std::uint8_t>() == 255 ? any<std::int64_t>() : after(values[i - 1], from(0, widest));
    }
    return values;
  }

  std::string text(std::int64_t most) {
    const std::size_t n = std::min(left_, static_cast<std::size_t>(from(0, most)));
    std::string found(reinterpret_cast<const char*>(data_), n);
    data_ += n;
    left_ -= n;
    return found;
  }

  // One of the instruction sets that this machine has.
  colmodern::Isa isa() noexcept {
    std::vector<colmodern::Isa> there;
    for (int i = 0; i < colmodern::kIsaCount; ++i) {
      if (colmodern::is_supported(static_cast<colmodern::Isa>(i))) there.push_back(static_cast<colmodern::Isa>(i));
    }
    return there[any<std::uint8_t>() % there.size()];
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

}  // namespace fuzz
