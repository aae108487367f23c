#include "cli/vqa_saved_part.hpp"

#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {

train::VqaProblemPart part_for(const train::SavedVqa& saved, data::VqaDataset dataset,
                               const std::string& part) {
  const std::string& name = part.empty() ? (dataset.test ? "test" : "validation") : part;
  if (name == "test" && !dataset.test) {
    throw InvalidArgument(core::text("--part: ", dataset.source, " has no test part"));
  }
  data::VqaPart& chosen = name == "train"        ? dataset.train
                          : name == "validation" ? dataset.validation
                                                 : *dataset.test;
  return {name,
          std::move(chosen),
          saved.vocabulary(),
          {.channels = saved.model().options().region_channels}};
}

}  // namespace attune::cli
