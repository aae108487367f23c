#include "cli/report/attention_name.hpp"

#include <catch2/catch.hpp>

using attune::cli::attention_name;

TEST_CASE("attention name: soft and aligned as papers call them", "[cli][report]") {
  CHECK(attention_name({{"align", "none"}, {"align_weight", 0.01}}) == "soft attention");
  CHECK(attention_name({{"align", "gan"}, {"align_weight", 0.01}}) == "AA-GAN, lambda 0.01");
  CHECK(attention_name({{"align", "ct"}, {"align_weight", 1.0}, {"align_cross", false}}) ==
        "AA-CT, lambda 1");
  CHECK(attention_name({{"align", "mmd"}, {"align_weight", 0.1}, {"align_cross", true}}) ==
        "AA-MMD, lambda 0.1, guided heads too");
}

TEST_CASE("attention name: what was not saved is not known", "[cli][report]") {
  CHECK(attention_name({}) == "attention as trained, not known how");
  CHECK(attention_name({{"align", true}}) == "attention as trained, not known how");
}
