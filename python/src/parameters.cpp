#include "parameters.hpp"

#include "arrays.hpp"
#include "module.hpp"

namespace attune::python {

py::dict parameter_views(const std::vector<nn::NamedParameter>& parameters) {
  py::dict views;
  for (const nn::NamedParameter& parameter : parameters) {
    views[py::str(parameter.name)] = view_of(parameter.variable.value(), Access::write);
  }
  return views;
}

py::dict gradients_of(std::vector<nn::NamedParameter>& leaves, std::mutex& mutex,
                      core::FunctionRef<void()> walk) {
  std::vector<core::Tensor> gradients;
  without_gil([&] {
    const std::lock_guard lock(mutex);
    for (nn::NamedParameter& leaf : leaves) {
      leaf.variable.zero_grad();
    }
    walk();
    for (nn::NamedParameter& leaf : leaves) {
      core::Tensor found = leaf.variable.grad();
      leaf.variable.zero_grad();
      if (!found.defined()) {
        found = core::Tensor::zeros(leaf.variable.shape(), leaf.variable.dtype());
      }
      // One that two leaves share, as those of a sum may, would be written to as two arrays.
      gradients.push_back(found.unique() ? std::move(found) : found.clone());
    }
  });
  py::dict by_name;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    by_name[py::str(leaves[i].name)] = view_of(gradients[i], Access::write);
  }
  return by_name;
}

}  // namespace attune::python
