#pragma once

#include <concepts>
#include <cstdint>

namespace attune::align {

/// The union of the queries and keys of a problem as the sweep over the Gaussian kernel sees it: z
/// are the points, centred and divided by sigma / sqrt(log2 e), so that the kernel is a power of
/// two. Queries fill tiles of their own, then keys do; the weight of a point, 1/n of a query and
/// -1/m of a key, is the one of its tile. Padding vanishes from kernel and sums.
template <std::floating_point T>
struct MmdPoints {
  std::int64_t channels;
  std::int64_t width;          ///< of a row: row_width(channels)
  const T* rows;               ///< z [tiles * 64, width]
  const T* panels;             ///< z [tiles, channels, 64]
  const T* half_norms;         ///< -|z|^2 / 2 [tiles * 64]
  const T* weighted_rows;      ///< weight z [tiles * 64, width]
  const T* weighted_pairs;     ///< the same, [tiles, 32, 8, 2], two neighbours side by side; null:
                               ///< not 8 channels
  const double* tile_weights;  ///< [tiles]
};

/// Lanes that a total of a row of a tile is spread over.
inline constexpr std::int64_t kTotalLanes = 16;

/// Where the sums over a tile are added; null: not wanted.
template <std::floating_point T>
struct MmdSums {
  T* rows;        ///< of kernel times weighted column point, [64, width]
  T* row_totals;  ///< of kernel times weight of the column, [64, kTotalLanes]
  T* cols;        ///< panel of kernel times weighted row point, then times weight of the row,
                  ///< [channels + 1, 64]
};

inline constexpr double kMlpSlope = 0.1;  // of the leaky ReLU

/// Lanes that a derivative with respect to a parameter is spread over until the end of a block.
inline constexpr std::int64_t kGradientLanes = 16;

/// Rows of points in memory.
template <class P>
struct RowsInMemory {
  P* first;
  std::int64_t stride;

  [[nodiscard]] P* row(std::int64_t i) const { return first + i * stride; }
};

/// A small network (align::Network), or the sums of its derivatives, kGradientLanes numbers a
/// parameter. Without highway, gate and transform are null. A tied transform points at the gate.
template <std::floating_point T, class P = const T>
struct NetworkView {
  std::int64_t channels;
  std::int64_t hidden;
  std::int64_t out_channels;
  P* gate_w;
  P* gate_b;
  P* trans_w;
  P* trans_b;
  P* fc1_w;
  P* fc1_b;
  P* fc2_w;
  P* fc2_b;
};

/// Panels that a network leaves for its backward pass or works in.
template <std::floating_point T>
struct NetworkScratch {
  T* gate;  ///< [channels, 64], as are transform, mixed and grad_mixed
  T* transform;
  T* mixed;
  T* hidden;  ///< [hidden, 64], as is grad_hidden
  T* grad_mixed;
  T* grad_hidden;
};

inline constexpr double kNormFloor = 1e-6;  // below it vectors are not stretched to length one

/// A problem of conditional transport after its networks: unit vectors of the critic, which make
/// the cost, and vectors of the navigator, which make the plan. Rows are padded to whole tiles.
template <std::floating_point T>
struct CtPoints {
  std::int64_t num_queries;
  std::int64_t num_keys;
  std::int64_t unit_channels;
  std::int64_t unit_width;  ///< row_width(unit_channels)
  std::int64_t nav_channels;
  std::int64_t nav_width;
  bool chord;  ///< the cost is the distance of the unit vectors, not 1 - cosine
  bool
      bounded;  ///< no logit is so large that exp of it, or a sum of them, could over- or underflow
  const T* query_unit;  ///< [tiles * 64, width]
  const T* query_nav;
  const T* key_unit;
  const T* key_nav;
  const T* key_unit_panels;  ///< [tiles, channels, 64]
  const T* key_nav_panels;
};

/// Running sums of a row tile and of all columns: z of exp(S - max), y of exp(S - max) C, where C
/// is the cosine or the distance. max is only kept where the logits are not bounded, else it is 0.
struct CtSums {
  double* row_max;  ///< [64]
  double* row_z;
  double* row_y;
  double* col_max;  ///< [tiles * 64]
  double* col_z;
  double* col_y;
};

/// Both halves of the plan, times minus the weight of the loss; see ct_derivatives.
template <std::floating_point T>
struct CtPlan {
  const T* row_factor;  ///< [tiles * 64]
  const T* row_mean;
  const T* row_log;
  const T* col_factor;
  const T* col_mean;
  const T* col_log;
};

/// Sums that the backward sweep adds to.
template <std::floating_point T>
struct CtGradients {
  T* query_unit;  ///< of the row tile, [64, width]
  T* query_nav;
  T* key_unit;  ///< of all columns, [tiles, channels, 64]
  T* key_nav;
};

/// The rows of one side of an optimal transport against the columns of the other: points, centred
/// or of unit length.
template <std::floating_point T>
struct OtPoints {
  std::int64_t num_rows;
  std::int64_t num_cols;
  std::int64_t channels;
  std::int64_t width;  ///< row_width(channels + 1)
  const T* rows;       ///< [tiles * 64, width]: the channels, then a one
  const T* panels;     ///< of the columns, [tiles, channels, 64]
  const T* products;   ///< of rows and columns, [row tiles, column tiles, 64, 64]; null: not kept
};

/// Both potentials over eps, with half the squared norms folded in, as exponents of two: the plan
/// of a pair is 2^(row + col + x . y factor). Columns that are padding have a potential that
/// vanishes.
template <std::floating_point T>
struct OtPotentials {
  T inverse_eps;
  T factor;      ///< log2 e / eps
  const T* row;  ///< [tiles * 64]
  const T* col;
};

/// The cost of a pair is row + col - x . y.
template <std::floating_point T>
struct OtNorms {
  const T* row;  ///< [tiles * 64]
  const T* col;
};

/// The loops over tiles, compiled once an instruction set.
template <std::floating_point T>
struct Kernels {
  /// panel[c, i] = rows[i][c] for i below count, at most 64, and zero beyond.
  void (*load_panel)(const RowsInMemory<const T>& rows, std::int64_t count, std::int64_t channels,
                     T* panel);

  /// rows[i][c] = panel[c, i] for i below count.
  void (*store_panel)(const T* panel, std::int64_t count, std::int64_t channels,
                      const RowsInMemory<T>& rows);

  /// The network on a panel of points.
  /// @param keep  what to multiply the input of the MLP with, [channels, 64]; null: nothing
  void (*network_forward)(const NetworkView<T>& net, const T* x, const T* keep,
                          const NetworkScratch<T>& scratch, T* out);

  /// Its derivative, after network_forward on the same points. Points with grad_out 0 add nothing.
  void (*network_backward)(const NetworkView<T>& net, const T* x, const T* keep,
                           const NetworkScratch<T>& scratch, const T* grad_out, T* grad_x,
                           const NetworkView<T, T>& grads);

  /// sums[p] = sum of the kGradientLanes numbers of parameter p.
  void (*sum_lanes)(const T* lanes, std::int64_t count, double* sums);

  /// From the discriminator's logits of 64 points to the derivatives of the GAN loss of each.
  /// losses [64]: of each point.
  void (*gan_logits)(bool queries, T* logits, T* losses);

  /// Points of a panel stretched to unit length, in place; norms [64]: their lengths before.
  void (*unit_panel)(std::int64_t channels, T* panel, T* norms);

  /// Its derivative, in place.
  void (*unit_panel_backward)(std::int64_t channels, const T* unit, const T* norms, T* grad);

  /// Sums over a row tile and all columns.
  /// @param kept  where the logits are bounded, receives what ct_backward would compute again,
  ///              [tiles of columns, 2, 64, 64]; null: not wanted
  void (*ct_forward)(const CtPoints<T>& points, std::int64_t row_tile, const CtSums& sums, T* kept);

  /// Derivatives from a row tile and all columns.
  /// @param kept  of ct_forward, overwritten; null: computed again
  void (*ct_backward)(const CtPoints<T>& points, const CtPlan<T>& plan, std::int64_t row_tile,
                      const CtGradients<T>& grads, T* kept);

  /// The products of a row tile with all columns, [column tiles, 64, 64], to be kept.
  void (*ot_products)(const OtPoints<T>& points, std::int64_t row_tile, T* products);

  /// logs[i] = log sum over j of the plan of (i, j) for the rows of a tile, [64].
  /// @param scratch  [64, width]
  void (*ot_row_logs)(const OtPoints<T>& points, const OtPotentials<T>& potentials,
                      std::int64_t row_tile, T* scratch, double* logs);

  /// Adds, for the rows of a tile, [64], the sums over j of e, the plan of (i, j), of e cost
  /// and of e values[j].
  void (*ot_plan_sums)(const OtPoints<T>& points, const OtPotentials<T>& potentials,
                       const OtNorms<T>& norms, const T* values, std::int64_t row_tile,
                       double* row_sums, double* row_costs, double* row_values);

  /// With w, the plan of (i, j), times 1 + (row_value + col_value - cost) / eps where values
  /// are given: adds w col_rows[j] to row_sums [64, width] and w rows[i] to the panels col_sums
  /// [tiles, channels + 1, 64].
  void (*ot_backward)(const OtPoints<T>& points, const OtPotentials<T>& potentials,
                      const OtNorms<T>& norms, const T* row_values, const T* col_values,
                      const T* col_rows, std::int64_t row_tile, T* row_sums, T* col_sums);

  /// The kernel 2^(-|z_i - z_j|^2 / 2) of the tile (row_tile, col_tile), added to sums.
  /// @return  its sum
  double (*mmd_tile)(const MmdPoints<T>& points, std::int64_t row_tile, std::int64_t col_tile,
                     const MmdSums<T>& sums);
};

/// The kernels for this processor.
template <std::floating_point T>
[[nodiscard]] const Kernels<T>& kernels() noexcept;

}  // namespace attune::align
