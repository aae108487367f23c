#pragma once

#include <cstdint>

#include <attune/nn/linear.hpp>
#include <attune/nn/multi_head_attention.hpp>

namespace attune::nn {

/// Settings of an Lstm.
struct LstmOptions {
  std::int64_t in_channels = 0;   ///< required
  std::int64_t out_channels = 0;  ///< required: of h and c
  double deviation = 0;           ///< as LinearOptions::deviation
};

/// One layer of ops::lstm in one direction, from the first token of each sample to the last:
///
///     h = lstm(x W + b, U)
///
/// Other libraries keep a second bias beside b; the two only ever occur as their sum.
///
/// Parameters: input (W [in_channels, 4 out_channels], b [4 out_channels]) and recurrent
/// (U [out_channels, 4 out_channels]); columns are of the gates i, f, g and o.
class Lstm final : public Module {
 public:
  /// @throws InvalidArgument  a size below 1, a deviation that is negative or not finite
  Lstm(const LstmOptions& options, Initializer& init);

  /// @param x  rows of in_channels
  /// @return   h after each token, [num_tokens, out_channels]
  /// @throws ShapeError       the rows have another number of columns
  /// @throws InvalidArgument  starts that do not ascend from 0 to the last row
  [[nodiscard]] Variable forward(const TokenRows& x) const;

 private:
  Linear input_;
  Variable recurrent_;
};

}  // namespace attune::nn
