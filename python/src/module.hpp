#pragma once

#include <utility>

#include <pybind11/pybind11.h>

#include <attune/core/function_ref.hpp>
#include <attune/core/parallel.hpp>

namespace attune::python {

namespace py = pybind11;

// Each adds its classes and functions to the module; a class before those that take it.
void bind_errors(py::module_& module);
void bind_graph(py::module_& module);
void bind_layers(py::module_& module);
void bind_align(py::module_& module);
void bind_datasets(py::module_& module);
void bind_models(py::module_& module);

/// Runs `f`, which touches no Python object, while other Python threads run, its loops in one
/// arena.
inline void without_gil(core::FunctionRef<void()> f) {
  const py::gil_scoped_release release;
  core::with_threads(core::num_threads(), f);
}

}  // namespace attune::python
