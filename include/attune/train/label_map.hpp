#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <attune/core/tensor.hpp>

namespace attune::train {

/// Which class of a task each class of a model stands for: several may stand for one, as neutral
/// and contradiction for not_entailment.
class LabelMap {
 public:
  /// Pairs labels of the same name, letters compared without case, and what is named explicitly.
  /// @param explicit_pairs  label of the task by label of the model; "-" leaves a label of the
  ///                        model out
  /// @throws InvalidArgument  a name that neither has, a label of the model that finds none, or one
  ///                          of the task that none stands for; lists the labels of both
  LabelMap(std::vector<std::string> model_labels, std::vector<std::string> task_labels,
           const std::map<std::string, std::string>& explicit_pairs = {});

  /// Of each label of the model the number of the task's label; -1: left out.
  [[nodiscard]] const std::vector<std::int32_t>& targets() const noexcept { return targets_; }
  /// Label of the task by label of the model; "-" for those left out.
  [[nodiscard]] std::map<std::string, std::string> pairs() const;

  /// Logits of the task's labels: of each the logarithm of the sum of the exponentials of those
  /// that stand for it.
  /// @param logits  [n, labels of the model]
  /// @return        [n, labels of the task]
  /// @throws ShapeError  another number of columns
  [[nodiscard]] core::Tensor apply(const core::Tensor& logits) const;

 private:
  std::vector<std::string> model_labels_;
  std::vector<std::string> task_labels_;
  std::vector<std::int32_t> targets_;
};

/// `a=b,c=d` as pairs.
/// @throws InvalidArgument  not of that form, or a name that comes twice before its =
[[nodiscard]] std::map<std::string, std::string> parse_label_pairs(const std::string& pairs);

}  // namespace attune::train
