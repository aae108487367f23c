#pragma once

#include <string>

#include <attune/data/vqa/vqa_dataset.hpp>
#include <attune/train/saved_vqa.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::cli {

/// Questions of one use under the name of that use.
struct ChosenPart {
  std::string name;  ///< train, validation or test
  data::VqaPart part;
};

/// A part of a data set that was read.
/// @param part  train, validation or test; empty: test, else validation
/// @throws InvalidArgument  the data set has no such part
[[nodiscard]] ChosenPart chosen_part(data::VqaDataset dataset, const std::string& part);

/// Questions as a saved model takes them.
/// @throws InvalidArgument, FileError  regions that do not fit the model
[[nodiscard]] train::VqaProblemPart part_for(const train::SavedVqa& saved, ChosenPart chosen);

/// The two in one.
[[nodiscard]] train::VqaProblemPart part_for(const train::SavedVqa& saved, data::VqaDataset dataset,
                                             const std::string& part);

}  // namespace attune::cli
