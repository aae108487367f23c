#pragma once

#include <string>

#include "cli/command.hpp"
#include "cli/report/question_choice.hpp"

namespace attune::cli {

/// What a report about visual questions shows.
struct VqaReportOptions {
  std::string folder;   ///< that `vqa train --out` wrote
  std::string against;  ///< another one on the same data; empty: none
  std::string output;
  std::string data;  ///< folder of the data set
  std::string part;  ///< train, validation or test; empty: test, else validation
  QuestionChoice choice;
};

/// Whether `vqa train` saved a model in a folder.
[[nodiscard]] bool is_vqa_run(const std::string& folder);

/// `report` for such a folder.
/// @return  exit status
[[nodiscard]] int report_vqa(const VqaReportOptions& options, const GlobalOptions& global);

}  // namespace attune::cli
