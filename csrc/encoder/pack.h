// From the weights of a checkpoint to the units that the kernels multiply.
#pragma once

#include <cstdint>
#include <vector>

#include "encoder/kernels.h"
#include "encoder/packed_memory.h"

namespace colmodern::encoder {

// A tensor of a checkpoint as it is stored, C-contiguous, on any boundary.
struct Tensor {
  Stored kind = Stored::float32;
  const void* data = nullptr;
};

// What a packed layer takes from a linear layer of a checkpoint.
struct LinearSource {
  Tensor weight;                      // (outputs, inputs)
  Tensor bias;                        // (outputs,), or no data
  std::int64_t inputs;                // of the checkpoint's layer
  std::vector<std::int32_t> columns;  // the output in each packed column, -1 for zeros
  std::vector<std::int32_t> places;   // the place of each input in a row of units
  std::int64_t scaled = 0;            // so many first columns are
  float factor = 1.0F;                // multiplied by this
};

// Where a row of a matrix of so many columns begins.
const void* row_of(const Tensor& tensor, std::int64_t row, std::int64_t width);

// 0, 1, 2 ... up to n.
std::vector<std::int32_t> in_order(std::int64_t n);

// Rows times a weight in bytes, as one linear layer of a pass does it: (n, outputs).
void multiply_in_bytes(Isa isa, const Tensor& weight, std::int64_t outputs, std::int64_t inputs, const float* rows,
                       std::int64_t n, float* out);

// A linear layer, whose packed weights lie in the memory of its model.
class Linear {
 public:
  Linear(const Tables& tables, const LinearKernels& kernels, const LinearSource& source, int threads,
         PackedMemory& memory);

  // Adds or stores the product of converted rows with the columns of some panels.
  void multiply(const Operand& operand, std::int64_t n, std::int64_t first_panel, std::int64_t last_panel, float* out,
                std::int64_t stride, bool add) const noexcept {
    kernels_->multiply(view(), operand, n, first_panel, last_panel, out, stride, add);
  }
  std::int64_t panels() const noexcept { return panels_; }
  // Floats of a row that are converted, in whole vectors.
  std::int64_t width() const noexcept { return width_; }

  // The weights as they lie.
  PackedLinear view() const noexcept { return {width_ / kernels_->step, weights_, scales_, sums_, bias_, starts_}; }

 private:
  void pack(const Tables& tables, const LinearSource& source, int threads) const;

  const LinearKernels* kernels_;
  std::int64_t width_;
  std::int64_t panels_;
  std::uint32_t* weights_;
  float* scales_;          // bytes only
  float* sums_;            // bytes only
  float* bias_;            // or null
  std::uint32_t* starts_;  // where sums are in 16 bits first
};

}  // namespace colmodern::encoder
