#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/data/npz.hpp>
#include <attune/graph/builder.hpp>

namespace attune::testing {

/// A reference computed elsewhere, tests/parity/fixtures/NAME.npz. Whatever is missing or of
/// another kind than asked for is a FileError that names it, so a test cannot pass by reading
/// nothing.
///
///     const Fixture fixture("layer_gat_concat");
///     const core::Tensor x = fixture.tensor("x");
///     const graph::Graph graph = fixture.graph();
class Fixture {
 public:
  explicit Fixture(std::string_view name);

  [[nodiscard]] bool has(std::string_view member) const noexcept { return archive_.has(member); }
  /// Members in the order of the file.
  [[nodiscard]] std::vector<std::string> members() const { return archive_.names(); }

  /// Numbers in their own shape, at most four dimensions.
  [[nodiscard]] core::Tensor tensor(std::string_view member,
                                    core::DType dtype = core::DType::f64) const;
  [[nodiscard]] std::vector<std::int64_t> ints(std::string_view member) const;

  /// A member of one element.
  [[nodiscard]] double number(std::string_view member) const;
  [[nodiscard]] std::int64_t integer(std::string_view member) const;
  [[nodiscard]] bool flag(std::string_view member) const;

  /// Members src and dst as edges, in their order.
  [[nodiscard]] std::vector<graph::Edge> edges() const;
  /// The graph of edges() over the rows of `nodes`, duplicates and self-loops as they come;
  /// Graph::input_edge() leads to the order of the fixture.
  [[nodiscard]] graph::Graph graph(std::string_view nodes = "x") const;

 private:
  data::NpzArchive archive_;
};

}  // namespace attune::testing
