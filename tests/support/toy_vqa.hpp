#pragma once

#include "support/temporary_folder.hpp"

namespace attune::testing {

/// Writes a small data set in the layout of VQA-v2, which a tiny model learns: each picture is of
/// one of three colours, and the questions are what colour it is and whether it is red. 48, 16 and
/// 16 pictures to train, validate and test on, two questions each; one annotator in ten is wrong.
/// @return  the folder
std::string write_toy_vqa(const TemporaryFolder& folder);

}  // namespace attune::testing
