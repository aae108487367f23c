#pragma once

#include <cstdint>

#include <attune/autograd/variable.hpp>

namespace attune::ops {

/// The function itself, or the approximation that some models were trained with.
enum class GeluForm : std::uint8_t {
  exact,  ///< x Phi(x), Phi the distribution function of the standard normal
  tanh,   ///< x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), as GPT-2 and ALBERT take it
};

/// Gaussian error linear unit. Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016,
/// arXiv 1606.08415. In float32 both tails keep their leading digits: exact is within 2e-5 of
/// itself at -12, where it is 2e-32.
[[nodiscard]] Variable gelu(const Variable& x, GeluForm form = GeluForm::exact);

/// tanh of every element.
[[nodiscard]] Variable tanh(const Variable& x);

}  // namespace attune::ops
