#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <attune/train/metrics.hpp>

namespace attune::train {

/// An epoch as training curves show it. It holds no times: the curves of a run are the same bytes
/// on any number of threads, and after a kill and a resumption.
struct CurvePoint {
  std::int64_t epoch = 0;                                    ///< from 1
  double train_loss = 0;                                     ///< of the task alone, with dropout
  std::optional<LossAndAccuracy> validation = std::nullopt;  ///< none: no validation rows
  std::optional<double> alignment = std::nullopt;            ///< sum of the regularisers' values,
                                                             ///< before their weights; none: there
                                                             ///< are no regularisers

  /// To the bit.
  friend bool operator==(const CurvePoint&, const CurvePoint&) = default;
};

/// CSV of the columns epoch, train_loss, val_loss, val_accuracy and alignment, a row an epoch.
/// Numbers are the shortest decimals that give the value back; what was not measured is empty.
/// @throws InvalidArgument  the epochs are not 1, 2, 3, ..., or a number is not finite
[[nodiscard]] std::string encode_curves(std::span<const CurvePoint> curves);

/// Reads what encode_curves() wrote.
/// @param path  named in errors
/// @throws FileError  with the line: other columns, an epoch out of turn, a number that is none, is
///                    not finite or is followed by something, an accuracy outside [0, 1], half a
///                    validation, a last line without its end
[[nodiscard]] std::vector<CurvePoint> decode_curves(std::string_view bytes,
                                                    const std::string& path);

}  // namespace attune::train
