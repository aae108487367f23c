#include "cli/vqa_saved_part.hpp"

#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {

ChosenPart chosen_part(data::VqaDataset dataset, const std::string& part) {
  const std::string& name = part.empty() ? (dataset.test ? "test" : "validation") : part;
  if (name == "test" && !dataset.test) {
    throw InvalidArgument(core::text("--part: ", dataset.source, " has no test part"));
  }
  data::VqaPart& chosen = name == "train"        ? dataset.train
                          : name == "validation" ? dataset.validation
                                                 : *dataset.test;
  return {.name = name, .part = std::move(chosen)};
}

train::VqaProblemPart part_for(const train::SavedVqa& saved, ChosenPart chosen) {
  return {std::move(chosen.name),
          std::move(chosen.part),
          saved.vocabulary(),
          {.channels = saved.model().options().region_channels}};
}

train::VqaProblemPart part_for(const train::SavedVqa& saved, data::VqaDataset dataset,
                               const std::string& part) {
  return part_for(saved, chosen_part(std::move(dataset), part));
}

}  // namespace attune::cli
