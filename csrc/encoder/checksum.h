// Is a file of packed weights what was written? A checksum as fast as memory, against damage, not against intent.
#pragma once

#include <cstdint>

namespace colmodern::encoder {

// Of `size` bytes, a multiple of 64. It does not depend on the number of threads.
std::uint64_t checksum(const void* data, std::int64_t size, int threads);

}  // namespace colmodern::encoder
