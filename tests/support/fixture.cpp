#include "support/fixture.hpp"

#include <attune/core/text.hpp>

namespace attune::testing {

namespace {

const data::NpyArray& single(const data::NpzArchive& archive, std::string_view member) {
  const data::NpyArray& array = archive.at(member);
  if (array.num_elements() != 1) {
    array.fail(core::text("expected one element, found ", array.num_elements()));
  }
  return array;
}

}  // namespace

Fixture::Fixture(std::string_view name)
    : archive_(data::read_npz(core::text(ATTUNE_FIXTURES, "/", name, ".npz"))) {}

core::Tensor Fixture::tensor(std::string_view member, core::DType dtype) const {
  const data::NpyArray& array = archive_.at(member);
  if (array.rank() > core::Shape::kMaxRank) {
    array.fail(core::text("expected at most 4 dimensions, found ", array.rank()));
  }
  return core::Tensor::from(array.doubles(), core::Shape(array.shape())).to(dtype);
}

std::vector<std::int64_t> Fixture::ints(std::string_view member) const {
  return archive_.at(member).ints();
}

double Fixture::number(std::string_view member) const {
  return single(archive_, member).doubles().front();
}

std::int64_t Fixture::integer(std::string_view member) const {
  return single(archive_, member).ints().front();
}

bool Fixture::flag(std::string_view member) const {
  return integer(member) != 0;
}

std::vector<graph::Edge> Fixture::edges() const {
  const std::vector<std::int64_t> src = ints("src");
  const std::vector<std::int64_t> dst = ints("dst");
  if (src.size() != dst.size()) {
    archive_.at("dst").fail(core::text("expected ", src.size(), " entries, found ", dst.size()));
  }
  std::vector<graph::Edge> edges;
  for (std::size_t i = 0; i < src.size(); ++i) {
    edges.push_back({src[i], dst[i]});
  }
  return edges;
}

graph::Graph Fixture::graph(std::string_view nodes) const {
  return graph::from_edges(archive_.at(nodes).shape().at(0), edges(),
                           {.duplicates = graph::Duplicates::keep});
}

}  // namespace attune::testing
