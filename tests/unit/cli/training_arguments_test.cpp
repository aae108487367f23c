#include "cli/training_arguments.hpp"

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>

namespace attune::cli {

using Catch::Contains;

TEST_CASE("training arguments: what is not said is the command's default", "[cli]") {
  const TrainingOptions options = parse_training_options(
      {"--dataset=cora", "--hidden-channels=4", "--root-weight=false", "--lr=0.25", "--align=ct"});
  CHECK(options.dataset == "cora");
  CHECK(options.hidden_channels == 4);
  CHECK_FALSE(options.root_weight);
  CHECK(options.fit.learning_rate == 0.25);
  CHECK(options.align.kind == "ct");
  const TrainingOptions defaults;
  CHECK(options.heads == defaults.heads);
  CHECK(options.align.options.weight == defaults.align.options.weight);
}

TEST_CASE("training arguments: what no option takes is refused by name", "[cli]") {
  const auto parse = [](const std::string& argument) {
    return parse_training_options({"--dataset=cora", argument});
  };
  CHECK_THROWS_WITH(parse("--hiden-channels=4"),
                    Contains("unknown option \"--hiden-channels\"") &&
                        Contains("did you mean \"--hidden-channels\"?"));
  CHECK_THROWS_WITH(parse("cora"), Contains("unknown option \"cora\""));
  CHECK_THROWS_WITH(parse("--help"), Contains("unknown option \"--help\""));
  CHECK_THROWS_WITH(parse("--model=gta"), Contains("gta"));
  CHECK_THROWS_WITH(parse("--heads=1.5"), Contains("1.5"));
  CHECK_THROWS_AS(parse_training_options({}), InvalidArgument);
}

}  // namespace attune::cli
