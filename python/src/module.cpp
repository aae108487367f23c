#include "module.hpp"

#include <pybind11/stl.h>

#include "arrays.hpp"
#include <attune/core/parallel.hpp>
#include <attune/core/pool.hpp>
#include <attune/core/version.hpp>

PYBIND11_MODULE(_attune, module) {
  using namespace attune;
  namespace py = pybind11;

  module.doc() = "The compiled part of attune; see the package.";
  module.attr("__version__") = ATTUNE_VERSION;
  python::bind_errors(module);
  python::bind_graph(module);
  python::bind_layers(module);
  python::bind_align(module);
  python::bind_datasets(module);
  python::bind_models(module);

  module.def("empty", &python::empty, py::arg("shape"), py::arg("dtype") = "float32",
             "An array of attune's own memory, its elements as they come. Layers take it without a "
             "copy.");
  module.def("set_num_threads", &core::set_num_threads, py::arg("n"),
             "Threads that attune computes with, 1 to 1024; by default one per core.");
  module.def("num_threads", &core::num_threads, "Threads that attune computes with.");
  module.def(
      "_bytes_in_use", [] { return core::pool_statistics().bytes_in_use; },
      "Bytes of the arrays that are alive.");
}
