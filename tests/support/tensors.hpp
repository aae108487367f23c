#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <attune/autograd/gradient_check.hpp>
#include <attune/autograd/variable.hpp>
#include <attune/core/tensor.hpp>

namespace attune::testing {

/// Standard normal numbers, the same for the same seed.
[[nodiscard]] core::Tensor random_tensor(const core::Shape& shape, std::uint64_t seed,
                                         core::DType dtype = core::DType::f64);

/// A leaf of random_tensor() that requires a gradient.
[[nodiscard]] Variable random_leaf(const core::Shape& shape, std::uint64_t seed,
                                   core::DType dtype = core::DType::f64);

/// The elements as doubles.
[[nodiscard]] std::vector<double> values(const core::Tensor& tensor);

/// Same shape, element type and bytes.
[[nodiscard]] bool same_bits(const core::Tensor& a, const core::Tensor& b);

/// Largest |a - b|; infinite where shapes differ, NaN where an element is.
[[nodiscard]] double max_difference(const core::Tensor& a, const core::Tensor& b);

/// Sum of y times a fixed random tensor: a scalar in which every element of y counts differently.
[[nodiscard]] Variable weighted_sum(const Variable& y);

/// Fails the running test where a recorded derivative of `f` differs from central differences, and
/// says which. Inputs are float64 leaves.
void require_gradients(const std::function<Variable()>& f,
                       const std::vector<autograd::NamedInput>& inputs);

/// Runs `f` on 1, 2 and 8 threads; fails the running test unless all its tensors have the same bits
/// each time.
void require_same_bits_on_any_threads(const std::function<std::vector<core::Tensor>()>& f);

/// Message of the error of kind E that f throws; what was thrown instead, or that nothing was.
template <class E, class F>
[[nodiscard]] std::string message_of(F&& f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("(another kind of error) ") + error.what();
  }
  return "(no error)";
}

}  // namespace attune::testing
