#include "encoder/checksum.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "parallel.h"

namespace colmodern::encoder {
namespace {

constexpr std::int64_t kLine = 64;
constexpr std::int64_t kBlock = 1 << 18;
constexpr int kWords = 8;

// One value for each of two different words, given the same sum before; every bit moves the others.
std::uint64_t mixed(std::uint64_t sum, std::uint64_t word) { return std::rotl(sum ^ word, 27) * 0x9e3779b97f4a7c15U; }

// Eight sums side by side, so that a multiplication does not wait for the one before it.
std::uint64_t checksum_of_block(const char* from, std::int64_t size) {
  std::uint64_t sums[kWords] = {1, 2, 3, 4, 5, 6, 7, 8};
  for (const char* end = from + size; from < end; from += kLine) {
    std::uint64_t words[kWords];
    std::memcpy(words, from, sizeof words);
    for (int i = 0; i < kWords; ++i) sums[i] = mixed(sums[i], words[i]);
  }
  std::uint64_t all = 0;
  for (const std::uint64_t sum : sums) all = mixed(all, sum);
  return all;
}

}  // namespace

std::uint64_t checksum(const void* data, std::int64_t size, int threads) {
  const auto* bytes = static_cast<const char*>(data);
  std::vector<std::uint64_t> blocks(static_cast<std::size_t>((size + kBlock - 1) / kBlock));
  parallel_for(size, kBlock, threads, [&](std::int64_t begin, std::int64_t end) {
    blocks[static_cast<std::size_t>(begin / kBlock)] = checksum_of_block(bytes + begin, end - begin);
  });
  auto all = static_cast<std::uint64_t>(size);
  for (const std::uint64_t block : blocks) all = mixed(all, block);
  return all;
}

}  // namespace colmodern::encoder
