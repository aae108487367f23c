#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>
#include <attune/core/tensor.hpp>
#include <attune/graph/graph.hpp>
#include <attune/nn/forward_context.hpp>

/// Attention of a large layer a few heads at a time. A layer with several projections of the
/// features would hold them all from the forward to the backward pass, many times what comes out of
/// it. Heads do not know of each other: their projections are made, attended to and given up a
/// group after the other, and made again in the backward pass.
namespace attune::nn {

/// One of the projections, x W + b cut into heads.
struct HeadProjection {
  std::int64_t num_rows;  ///< of the first of the features
  Variable weight;        ///< [in_channels, heads * channels]
  Variable bias;          ///< [heads * channels], or undefined
};

/// The attention of a group of heads.
class GroupAttention {
 public:
  struct Gradients {
    std::vector<core::Tensor> inputs;
    core::Tensor vector;  ///< undefined where there is none
  };

  virtual ~GroupAttention() = default;

  /// @param inputs   the projections, [num_rows, heads of the group, channels] each
  /// @param vector   of parameters, [heads of the group, channels], or undefined
  /// @param dropout  of the coefficients, or null
  /// @return         [num_dst, heads of the group, channels]
  [[nodiscard]] virtual core::Tensor forward(const std::vector<core::Tensor>& inputs,
                                             const core::Tensor& vector,
                                             const core::RandomStream* dropout) const = 0;
  /// Derivatives of sum(forward(...) * grad_output), over the inputs that are given away.
  [[nodiscard]] virtual Gradients gradients(std::vector<core::Tensor> inputs,
                                            const core::Tensor& vector,
                                            const core::RandomStream* dropout,
                                            const core::Tensor& grad_output) const = 0;
};

/// What decides on the size of the groups.
struct GroupSizes {
  std::int64_t edges;
  std::int64_t nodes;
  std::int64_t in_channels;
  std::int64_t heads;
  std::int64_t channels;
  std::int64_t projections;
};

/// Heads of a group: as many as let the layer do with output, gradients and 4 E H numbers; all of
/// them where they do, and where the layer is small.
[[nodiscard]] std::int64_t heads_a_group(const GroupSizes& sizes);

/// Whether nobody asks for what groups do not have: the projections or the coefficients of all
/// heads.
[[nodiscard]] bool may_group(const ForwardContext& ctx);

/// A stream a group for the dropout of its coefficients; none where the pass drops nothing.
[[nodiscard]] std::vector<core::RandomStream> group_streams(ForwardContext& ctx, double dropout,
                                                            std::int64_t groups);

/// The heads side by side, [num_dst, heads * channels].
struct GroupedHeads {
  Variable x;                               ///< [nodes, in_channels]
  std::vector<HeadProjection> projections;  ///< three at most
  Variable vector;                          ///< [heads, channels], or undefined
  Variable start;                           ///< added, and given away where it can be, or undefined
  std::int64_t group;                       ///< heads, a divisor of
  std::int64_t heads;
  std::vector<core::RandomStream> dropout;  ///< of the coefficients, one a group, or none
  std::shared_ptr<const GroupAttention> attention;
};
[[nodiscard]] Variable attend_in_groups(GroupedHeads layer);

}  // namespace attune::nn
