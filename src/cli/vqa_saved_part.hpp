#pragma once

#include <string>

#include <attune/data/vqa/vqa_dataset.hpp>
#include <attune/train/saved_vqa.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::cli {

/// A part of a data set that was read, as a saved model takes it.
/// @param part  train, validation or test; empty: test, else validation
/// @throws InvalidArgument, FileError  the data set has no such part, or regions that do not fit
[[nodiscard]] train::VqaProblemPart part_for(const train::SavedVqa& saved, data::VqaDataset dataset,
                                             const std::string& part);

}  // namespace attune::cli
