#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/dpkg.hpp>
#include <attune/data/native_npz.hpp>

namespace attune::data {

namespace {

using Catch::Contains;
using testing::TemporaryFolder;
using Names = std::vector<std::string>;

std::string paragraph(const std::string& name, const std::string& section, const std::string& more,
                      const std::string& description) {
  return "Package: " + name + "\nStatus: install ok installed\nSection: " + section + "\n" + more +
         "Description: " + description + "\n\n";
}

// mta (virtual) - exim; tool depends on libz and on mta; libz2 on libz; gone is not installed.
const std::string kStatus =
    paragraph("tool", "utils", "Depends: libz (>= 1:2.0), nothing | mta,\n missing:any\n",
              "Zips files\n The files are zipped.\n .\n C++ too.") +
    paragraph("libz", "libs", "Multi-Arch: same\nArchitecture: amd64\n", "zips FILES, library") +
    paragraph("libz", "libs", "Architecture: i386\n", "another word") +
    paragraph("exim", "non-free/utils", "Provides: mta (= 4), smtp\n", "sends mail files") +
    paragraph("libz2", "libs", "Pre-Depends: libz:any [amd64]\n", "library") +
    paragraph("odd", "games", "", "plays") +
    "Package: gone\nStatus: deinstall ok config-files\nSection: libs\nDescription: library\n";

DpkgDataset build(const std::string& status, DpkgOptions options = {}) {
  const TemporaryFolder folder;
  options.status_file = folder.write("status", status);
  return build_dpkg_graph(options);
}

std::string error_of(const std::string& status, const DpkgOptions& options) {
  try {
    (void)build(status, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const DpkgOptions kSmall{
    .min_section = 2, .min_packages = 2, .max_share = 1, .split = "fraction:1/0"};

}  // namespace

TEST_CASE("dpkg: packages, dependencies, words and sections are those of the file", "[data]") {
  const DpkgDataset built = build(kStatus, kSmall);
  CHECK(built.packages == Names{"exim", "libz", "libz2", "odd", "tool"});
  CHECK(built.sections == Names{"libs", "utils"});
  CHECK(built.words == Names{"files", "library", "zips"});
  const NodeDataset& dataset = built.dataset;
  CHECK(dataset.labels == std::vector<std::int32_t>{1, 0, 0, -1, 1});
  CHECK(dataset.graph.num_edges() == 2 * 3);  // tool-libz, tool-exim by mta, libz2-libz
  CHECK(dataset.graph.in_degree(4) == 2);
  CHECK(dataset.graph.in_degree(1) == 2);
  CHECK(dataset.graph.in_degree(3) == 0);
  const std::span<const float> values = dataset.features.values().data<float>();
  CHECK(values[0] == 1);                      // exim: files
  CHECK(values[1] == Approx(1.0 / 3));        // libz: files, library, zips
  CHECK(dataset.features.row_ptr()[4] == 5);  // odd: none
  CHECK(dataset.features.num_nonzeros() == 1 + 3 + 1 + 2);
  CHECK(dataset.split.train == std::vector<std::int64_t>{0, 1, 2, 4});
}

TEST_CASE("dpkg: what nearly all descriptions say is no feature", "[data]") {
  DpkgOptions options = kSmall;
  options.max_share = 0.4;  // of five: two packages
  CHECK(build(kStatus, options).words == Names{"library", "zips"});
}

TEST_CASE("dpkg: lines that are no control data are refused by number", "[data]") {
  CHECK_THAT(error_of("Package: a\nnonsense\n", kSmall),
             Contains("status:2: expected Name: value, found \"nonsense\""));
  CHECK_THAT(error_of(" continued\n", kSmall), Contains("status:1: expected a field before"));
  CHECK_THAT(error_of("Package: a\n\n more\n", kSmall), Contains("status:3: expected a field"));
  CHECK_THAT(error_of(": a\n", kSmall), Contains("status:1: expected Name: value"));
  CHECK_THAT(error_of("", kSmall), Contains("expected an installed package at least"));
  CHECK_THAT(error_of(paragraph("a", "libs", "", "word"), kSmall), Contains("two classes"));
}

TEST_CASE("dpkg: options out of range are refused", "[data]") {
  CHECK_THROWS_AS(build(kStatus, {.min_section = 0}), InvalidArgument);
  CHECK_THROWS_AS(build(kStatus, {.min_packages = 0}), InvalidArgument);
  CHECK_THROWS_AS(build(kStatus, {.max_share = 0}), InvalidArgument);
  CHECK_THROWS_AS(build(kStatus, {.max_share = 1.5}), InvalidArgument);
}

TEST_CASE("dpkg: the packages of this machine make a data set that is saved and read", "[data]") {
  if (!std::filesystem::exists(DpkgOptions().status_file)) {
    ATTUNE_SKIP("there is no /var/lib/dpkg/status");
  }
  DpkgOptions options{.min_section = 5};
  const DpkgDataset built = build_dpkg_graph(options);
  CHECK(built.dataset.num_nodes() > 50);
  CHECK(built.dataset.graph.num_edges() > built.dataset.num_nodes());
  CHECK(std::ssize(built.words) == built.dataset.features.columns());
  const TemporaryFolder folder;
  save_native_npz(folder.path("dpkg.npz"), built.dataset);
  const NodeDataset back = load_native_npz(folder.path("dpkg.npz"));
  CHECK(back.labels == built.dataset.labels);
  CHECK(back.split.train == built.dataset.split.train);
}

}  // namespace attune::data
