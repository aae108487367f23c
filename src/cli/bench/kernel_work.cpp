#include "cli/bench/kernel_work.hpp"

namespace attune::cli::bench {

namespace {

constexpr double kFloat = 4;
constexpr double kColumn = 4;    // of a CSR
constexpr double kPosition = 8;  // of an edge of the transpose, and of a row

// A pass of an attention, by what it takes of nodes [nodes, heads, channels], of edges and heads
// [edges, heads], and what it computes.
struct AttentionPass {
  double lookups;       // rows of a neighbour, an edge
  double node_arrays;   // read or written in order
  double arrays;        // over nodes, in all
  double edge_arrays;   // read or written, by place or in order
  double kept_arrays;   // over edges, in all
  double edge_channel;  // operations an edge, head and channel
  double edge_head;     // operations an edge and head
  double node_channel;  // operations a node, head and channel
};

// Softmax: the largest, a difference, an exponential, a sum and a product. Going back: two
// products, a sum, a difference.
constexpr double kSoftmax = 4 + kExponential;
constexpr double kSoftmaxBackward = 5;

// Forward: z is read for the scores and looked up for the sums; the score of the neighbour is
// looked up and the coefficient written. Backward: z and the gradient of the result are looked up;
// coefficients and gradients of logits are read and written, then looked up along the transpose.
constexpr AttentionPass kGat[] = {{1, 2, 2, 2, 1, 2, kSoftmax + 3, 4},
                                  {2, 3, 3, 5, 2, 4, kSoftmaxBackward + 3, 8}};
// Forward: the sum, the leaky ReLU and the product with the vector, five operations, then two for
// the sums. Backward: two for the derivatives of the coefficients, four for the slopes on either
// side, two for the sums along the transpose.
constexpr AttentionPass kGatv2[] = {{1, 2, 3, 1, 1, 7, kSoftmax, 0},
                                    {3, 5, 5, 4, 2, 12, kSoftmaxBackward, 6}};
constexpr AttentionPass kDot[] = {{2, 2, 4, 1, 1, 4, kSoftmax + 1, 0},
                                  {4, 5, 7, 4, 2, 8, kSoftmaxBackward + 1, 0}};

const AttentionPass& pass_of(Attention kind, Pass pass) {
  const auto i = static_cast<std::size_t>(pass);
  switch (kind) {
    case Attention::gat:
      return kGat[i];
    case Attention::gatv2:
      return kGatv2[i];
    default:
      return kDot[i];
  }
}

// In-edges; going back also the transpose, with the place of each of its edges.
double pattern_bytes(const AttentionSize& size, Pass pass) {
  const auto edges = static_cast<double>(size.edges);
  const auto nodes = static_cast<double>(size.nodes);
  return pass == Pass::forward ? edges * kColumn + nodes * kPosition
                               : edges * (2 * kColumn + kPosition) + nodes * 2 * kPosition;
}

// Work whose arrays are each read or written once.
Work streaming(double bytes, double operations) {
  return {.streamed = bytes, .touched = bytes, .operations = operations};
}

// Clouds are read and their gradients written; all the rest is arithmetic.
Work cloud_work(const CloudSize& size, double operations_a_pair, double operations_a_point) {
  const auto positions = static_cast<double>(size.positions);
  const auto heads = static_cast<double>(size.heads);
  return streaming(4 * kFloat * positions * heads * static_cast<double>(size.channels),
                   heads * positions * (positions * operations_a_pair + 2 * operations_a_point));
}

// Forward and backward of linear maps at a point: a product going forward, two going back.
double maps_operations(double weights) {
  return 3 * 2 * weights;
}

// What the networks do at a point, biases apart.
double highway_operations(double channels) {
  return maps_operations(2 * channels * channels) + kExponential * channels;
}

}  // namespace

Work attention_work(Attention kind, const AttentionSize& size, Pass pass) {
  const AttentionPass& p = pass_of(kind, pass);
  const auto edges = static_cast<double>(size.edges);
  const auto heads = static_cast<double>(size.heads);
  const double width = heads * static_cast<double>(size.channels);
  const double node_array = kFloat * static_cast<double>(size.nodes) * width;
  const double edge_array = kFloat * edges * heads;
  const double pattern = pattern_bytes(size, pass);
  return {.streamed = p.node_arrays * node_array + p.edge_arrays * edge_array + pattern,
          .touched = p.arrays * node_array + p.kept_arrays * edge_array + pattern,
          .gathered = p.lookups * kFloat * edges * width,
          .gathered_from = node_array,
          .operations = edges * width * p.edge_channel + edges * heads * p.edge_head +
                        static_cast<double>(size.nodes) * width * p.node_channel};
}

Work edge_softmax_work(const AttentionSize& size, Pass pass) {
  const double numbers = static_cast<double>(size.edges) * static_cast<double>(size.heads);
  const double rows = kPosition * static_cast<double>(size.nodes);
  return pass == Pass::forward ? streaming(2 * kFloat * numbers + rows, kSoftmax * numbers)
                               : streaming(3 * kFloat * numbers + rows, kSoftmaxBackward * numbers);
}

Work gcn_work(const AttentionSize& size) {
  const auto edges = static_cast<double>(size.edges);
  const double width = static_cast<double>(size.heads) * static_cast<double>(size.channels);
  const double node_array = kFloat * static_cast<double>(size.nodes) * width;
  const double pattern = pattern_bytes(size, Pass::forward);
  return {.streamed = node_array + pattern,
          .touched = 2 * node_array + pattern,
          .gathered = kFloat * edges * width,
          .gathered_from = node_array,
          .operations = 2 * edges * width};
}

Work spmm_work(const SparseSize& size, std::int64_t width, Pass pass) {
  const auto nonzeros = static_cast<double>(size.nonzeros);
  const double row = kFloat * static_cast<double>(width);
  const double weight = static_cast<double>(size.columns) * row;
  const double result = static_cast<double>(size.rows) * row;
  const bool forward = pass == Pass::forward;
  // Going back the features are walked by columns, whose values are looked up by place.
  const double entries =
      forward ? nonzeros * (kFloat + kColumn) + kPosition * static_cast<double>(size.rows)
              : nonzeros * (kFloat + kColumn + kPosition) +
                    kPosition * static_cast<double>(size.columns);
  return {.streamed = entries + (forward ? result : weight),
          .touched = entries + result + weight,
          .gathered = nonzeros * row,
          .gathered_from = forward ? weight : result,
          .operations = 2 * nonzeros * static_cast<double>(width)};
}

Work sparse_dropout_work(const SparseSize& size) {
  const auto nonzeros = static_cast<double>(size.nonzeros);
  return streaming(2 * kFloat * nonzeros, (kRandomLane + 2) * nonzeros);
}

Work product_work(std::int64_t n, std::int64_t k, std::int64_t m, Pass pass) {
  const auto rows = static_cast<double>(n);
  const auto inner = static_cast<double>(k);
  const auto columns = static_cast<double>(m);
  const double x = kFloat * rows * inner;
  const double w = kFloat * inner * columns;
  const double y = kFloat * rows * columns;
  const double operations = 2 * rows * inner * columns;
  return pass == Pass::forward ? streaming(x + w + y, operations)
                               : streaming(2 * x + 2 * w + y, 2 * operations);
}

Work dropout_work(std::int64_t count, Pass pass) {
  const auto numbers = static_cast<double>(count);
  return streaming((2 * kFloat + 1) * numbers,
                   (pass == Pass::forward ? kRandomLane + 2 : 1) * numbers);
}

Work bias_elu_work(std::int64_t rows, std::int64_t width, Pass pass) {
  const double numbers = static_cast<double>(rows) * static_cast<double>(width);
  // Forward: sum, exponential, difference, choice. Backward: from the result and its gradient to
  // that of the argument, and the sums over the columns.
  return pass == Pass::forward ? streaming(2 * kFloat * numbers, (3 + kExponential) * numbers)
                               : streaming(3 * kFloat * numbers, 4 * numbers);
}

Work adam_work(std::int64_t count) {
  const auto numbers = static_cast<double>(count);
  // Parameter, both moments and gradient are read, the first three written. Two operations for the
  // decay, three and four for the moments, six for root, quotients, sum, product and difference.
  return {.streamed = 7 * kFloat * numbers,
          .touched = 4 * kFloat * numbers,
          .operations = 15 * numbers};
}

Work gan_work(const CloudSize& size) {
  const auto d = static_cast<double>(size.channels);
  const auto h = static_cast<double>(size.hidden);
  return cloud_work(size, 0, highway_operations(d) + maps_operations(d * h + h) + 2 * kExponential);
}

Work ct_work(const CloudSize& size) {
  const auto d = static_cast<double>(size.channels);
  const auto h = static_cast<double>(size.hidden);
  // Costs and logits of a pair: two products of h going forward, two formed again and four going
  // back; an exponential either way.
  const double pair = 8 * 2 * h + 2 * kExponential;
  const double critic = highway_operations(d) + maps_operations(d * h + h * h);
  const double navigator = maps_operations(d * h + h * h);
  return cloud_work(size, pair, critic + navigator);
}

Work mmd_work(const CloudSize& size) {
  const auto d = static_cast<double>(size.channels);
  // Queries with queries and keys with keys are half a square each: two squares of a product
  // forward and two back, for either point.
  return cloud_work(size, 2 * (3 * 2 * d + kExponential), 0);
}

Work ot_work(const CloudSize& size, std::int64_t pairs) {
  const auto d = static_cast<double>(size.channels);
  // A sweep: a sum, an exponential, a sum; one more for the plan, whose gradient is two products.
  const double sweeps = 2 * static_cast<double>(pairs) + 1;
  return cloud_work(size, 3 * 2 * d + sweeps * (2 + kExponential), 0);
}

}  // namespace attune::cli::bench
