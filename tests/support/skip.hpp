#pragma once

#include <optional>
#include <string>

namespace attune::testing {

/// Says on stdout, in the form that CTest looks for, that the running test case is skipped.
void report_skipped(const std::string& why);

/// Folder with the public data sets, from $ATTUNE_DATA; empty where it is unset or does not exist.
std::optional<std::string> data_folder();

}  // namespace attune::testing

/// Ends the test case as skipped, by name.
#define ATTUNE_SKIP(why)                      \
  do {                                        \
    ::attune::testing::report_skipped((why)); \
    SUCCEED();                                \
    return;                                   \
  } while (false)
