#pragma once

#include <cstdint>
#include <span>

#include <attune/autograd/variable.hpp>
#include <attune/core/random.hpp>

namespace attune::nn {

/// The clouds of queries and keys of one attention layer, as its heads see them: after projection,
/// before scaling, softmax and coefficient dropout. Queries are of those who attend, keys of those
/// who may be attended to: the same nodes or tokens, but in a block of a graph, whose dst nodes,
/// the first of its src nodes, have queries and all of whose src nodes have keys.
struct AttentionHeads {
  Variable queries;  ///< [num_queries, heads, channels]
  Variable keys;     ///< [num_keys, heads, channels]
  /// Positions that take part, one byte each (0 = padding); empty: all do. [num_queries]
  std::span<const std::uint8_t> query_mask = {};
  /// The same of the keys, [num_keys].
  std::span<const std::uint8_t> key_mask = {};
  /// Sample s owns the positions [segments[s], segments[s + 1]), as do the tokens of one text;
  /// empty: all are one sample. [samples + 1]
  std::span<const std::int64_t> query_segments = {};
  /// The same of the keys.
  std::span<const std::int64_t> key_segments = {};
  /// Who reports: the same twice where a layer is applied twice, as where layers share weights;
  /// null: somebody else every time.
  const void* layer = nullptr;
  /// Queries and keys are of two different things, as of the regions of an image and of the words
  /// of a question about it.
  bool cross = false;
};

/// The same where queries and keys are one projection times a vector a head each, as in GAT: not
/// multiplied yet, since who listens may want some rows alone.
struct ScaledHeads {
  Variable points;           ///< [num_keys, heads, channels]
  std::int64_t num_queries;  ///< the first of the points, which have queries as well as keys
  Variable query_scale;      ///< [heads, channels]: queries are points * query_scale
  Variable key_scale;        ///< [heads, channels]: keys are points * key_scale

  /// Queries and keys as tensors of their own.
  [[nodiscard]] AttentionHeads multiplied() const;
};

/// Receives what the attention layers of a forward pass report, in the order of the layers. Whoever
/// wants heads aligned or measured implements it; no layer knows who listens.
class HeadSink {
 public:
  virtual ~HeadSink() = default;
  /// Called once a layer, in its forward pass. The masks are the caller's: copy what has to outlive
  /// the call.
  virtual void receive(const AttentionHeads& heads) = 0;
  /// Multiplies and calls receive(), unless overridden by one who can do with less.
  virtual void receive_scaled(const ScaledHeads& heads) { receive(heads.multiplied()); }
};

/// Receives the attention coefficients of each layer, before dropout, [num_edges, heads] in the
/// order of Graph::in_edges().
class AttentionSink {
 public:
  virtual ~AttentionSink() = default;
  /// Called once a layer, in its forward pass.
  virtual void receive(const core::Tensor& alpha) = 0;
};

/// What a forward pass needs besides its inputs. One is made for every pass.
class ForwardContext {
 public:
  /// Evaluation: no dropout, no random numbers.
  ForwardContext() : random_(0, core::Purpose::dropout) {}

  /// Training at step `random.step()`.
  explicit ForwardContext(const core::RandomStream& random) : random_(random), training_(true) {}

  /// Whether dropout drops.
  [[nodiscard]] bool training() const noexcept { return training_; }

  /// A stream of its own for each caller in the pass, numbered in the order of the calls.
  [[nodiscard]] core::RandomStream next_stream() noexcept {
    return random_.with_stream(random_.stream() + calls_++);
  }

  HeadSink* head_sink = nullptr;            ///< attention layers report here if set
  AttentionSink* attention_sink = nullptr;  ///< and here

 private:
  core::RandomStream random_;
  std::uint32_t calls_ = 0;
  bool training_ = false;
};

}  // namespace attune::nn
