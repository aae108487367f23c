#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <attune/nn/module.hpp>

using namespace attune;
using core::Tensor;

namespace {

class Leaf final : public nn::Module {
 public:
  explicit Leaf(std::int64_t size) { a = register_parameter("a", Tensor::zeros({size})); }
  Variable a;
};

class Tree final : public nn::Module {
 public:
  Tree() {
    own = register_parameter("own", Tensor::zeros({2, 3}));
    register_module("left", left_);
    register_module("right", right_);
  }
  Variable own;

 private:
  Leaf left_{4};
  Leaf right_{5};
};

}  // namespace

TEST_CASE("Module: parameters carry the path from the module asked", "[nn]") {
  const Tree tree;
  std::vector<std::string> names;
  for (const nn::NamedParameter& parameter : tree.parameters()) {
    names.push_back(parameter.name);
    CHECK(parameter.variable.requires_grad());
  }
  CHECK(names == std::vector<std::string>{"own", "left.a", "right.a"});
  CHECK(tree.num_parameters() == 6 + 4 + 5);
}

TEST_CASE("Module: to() converts every parameter in place", "[nn]") {
  Tree tree;
  const Variable held = tree.own;
  tree.to(core::DType::f64);
  CHECK(held.dtype() == core::DType::f64);
  for (const nn::NamedParameter& parameter : tree.parameters()) {
    CHECK(parameter.variable.dtype() == core::DType::f64);
  }
}
