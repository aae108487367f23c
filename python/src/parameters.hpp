#pragma once

#include <mutex>
#include <vector>

#include <pybind11/pybind11.h>

#include <attune/core/function_ref.hpp>
#include <attune/nn/module.hpp>

namespace attune::python {

namespace py = pybind11;

/// Writable arrays of the parameters by name.
[[nodiscard]] py::dict parameter_views(const std::vector<nn::NamedParameter>& parameters);

/// Gradients of the leaves after `walk`, which adds to them, by name; zeros where it adds nothing.
/// One at a time of those that share `mutex`; other Python threads run meanwhile.
[[nodiscard]] py::dict gradients_of(std::vector<nn::NamedParameter>& leaves, std::mutex& mutex,
                                    core::FunctionRef<void()> walk);

}  // namespace attune::python
