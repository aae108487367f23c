#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/report/markup.hpp"

namespace attune::cli {

/// A run as a page's heading has it.
struct RunHeading {
  std::string name;
  std::string words;  ///< what it is
};

/// A link of a page to its own element: its id, and what it is called.
using PageLink = std::pair<std::string, std::string>;

/// Begins a page about one run or two: its head and its heading. What is written next comes into
/// `<main>`.
/// @param data  what the runs are about
void begin_page(Markup& page, const std::vector<RunHeading>& runs, const std::string& data,
                const std::vector<PageLink>& links);

/// Ends it and hands over all of it.
[[nodiscard]] std::string finish_page(Markup& page);

/// The square in a run's colour and its name, which go before what is about the run.
void write_run_name(Markup& page, std::size_t index, const std::string& name);

}  // namespace attune::cli
