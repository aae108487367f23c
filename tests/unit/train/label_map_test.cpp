#include <cmath>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/label_map.hpp>

namespace attune::testing {

using train::LabelMap;
using train::parse_label_pairs;

namespace {

const std::vector<std::string> kThree = {"entailment", "neutral", "contradiction"};
const std::vector<std::string> kTwo = {"Not_Entailment", "Entailment"};

}  // namespace

TEST_CASE("label map: names pair whatever their case and order", "[train]") {
  const LabelMap map({"positive", "negative"}, {"Negative", "Positive"});
  CHECK(map.targets() == std::vector<std::int32_t>{1, 0});
}

TEST_CASE("label map: logits of merged labels are added as probabilities are", "[train]") {
  const LabelMap map(kThree, kTwo,
                     {{"neutral", "not_entailment"}, {"contradiction", "not_entailment"}});
  core::Tensor logits = core::Tensor::zeros({1, 3});
  logits.mutable_data<float>()[0] = std::log(0.5F);
  logits.mutable_data<float>()[1] = std::log(0.2F);
  logits.mutable_data<float>()[2] = std::log(0.3F);
  const core::Tensor merged = map.apply(logits);
  REQUIRE(merged.shape() == core::Shape({1, 2}));
  CHECK(std::exp(merged.data<float>()[0]) == Approx(0.5F));
  CHECK(std::exp(merged.data<float>()[1]) == Approx(0.5F));
  CHECK_THROWS_AS((void)map.apply(core::Tensor::zeros({1, 2})), ShapeError);
}

TEST_CASE("label map: a label may be left out", "[train]") {
  const LabelMap map(kThree, {"entailment", "contradiction"}, {{"neutral", "-"}});
  CHECK(map.targets() == std::vector<std::int32_t>{0, -1, 1});
  CHECK(map.pairs().at("neutral") == "-");
}

TEST_CASE("label map: labels without a partner are named", "[train]") {
  CHECK_THROWS_WITH(LabelMap(kThree, kTwo), Catch::Contains("neutral stands for none") &&
                                                Catch::Contains("contradiction, the task's"));
  CHECK_THROWS_WITH(LabelMap({"a"}, {"a", "b"}), Catch::Contains("task's label b"));
  CHECK_THROWS_WITH(LabelMap({"a"}, {"a"}, {{"c", "a"}}), Catch::Contains("named c"));
  CHECK_THROWS_WITH(LabelMap({"a"}, {"a"}, {{"a", "d"}}), Catch::Contains("named d"));
}

TEST_CASE("label map: pairs are read from a list", "[train]") {
  CHECK(parse_label_pairs("a=b,c=-") == std::map<std::string, std::string>{{"a", "b"}, {"c", "-"}});
  CHECK(parse_label_pairs("").empty());
  for (const char* wrong : {"a", "=b", "a=", "a=b,,c=d", "a=b,a=c"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_label_pairs(wrong), InvalidArgument);
  }
}

}  // namespace attune::testing
