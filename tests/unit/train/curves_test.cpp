#include <limits>

#include <catch2/catch.hpp>

#include <attune/core/error.hpp>
#include <attune/train/curves.hpp>

using attune::FileError;
using attune::InvalidArgument;
using attune::train::CurvePoint;
using attune::train::decode_curves;
using attune::train::encode_curves;
using Catch::Matchers::Contains;

namespace {

const std::string kHeader = "epoch,train_loss,val_loss,val_accuracy,alignment\n";

const std::vector<CurvePoint> kCurves{
    {.epoch = 1, .train_loss = 1.9459101090932196},
    {.epoch = 2,
     .train_loss = 0.1,
     .validation = attune::train::LossAndAccuracy{.loss = 1e-300, .accuracy = 1.0 / 3},
     .alignment = -0.25},
    {.epoch = 3, .train_loss = 0, .alignment = 1e22}};

}  // namespace

TEST_CASE("curves: a row an epoch, empty where nothing was measured", "[train][curves]") {
  CHECK(encode_curves({}) == kHeader);
  CHECK(encode_curves(kCurves) == kHeader +
                                      "1,1.9459101090932196,,,\n"
                                      "2,0.1,1e-300,0.3333333333333333,-0.25\n"
                                      "3,0,,,1e+22\n");
}

TEST_CASE("curves: are read as they were", "[train][curves]") {
  CHECK(decode_curves(encode_curves(kCurves), "c.csv") == kCurves);
  CHECK(decode_curves(kHeader, "c.csv").empty());
}

TEST_CASE("curves: what could not be read is not written", "[train][curves]") {
  CHECK_THROWS_WITH(encode_curves(std::vector<CurvePoint>{{.epoch = 2}}),
                    Contains("expected epoch 1, got 2"));
  const double inf = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH(encode_curves(std::vector<CurvePoint>{{.epoch = 1, .train_loss = inf}}),
                    Contains("epoch 1 is not finite"));
  CHECK_THROWS_AS(encode_curves(std::vector<CurvePoint>{{.epoch = 1, .alignment = -inf}}),
                  InvalidArgument);
}

TEST_CASE("curves: damaged files are refused with the line", "[train][curves]") {
  const auto expect = [](const std::string& bytes, const std::string& reason) {
    CAPTURE(bytes);
    CHECK_THROWS_WITH(decode_curves(bytes, "c.csv"), Contains("c.csv:") && Contains(reason));
    CHECK_THROWS_AS(decode_curves(bytes, "c.csv"), FileError);
  };
  expect("", "c.csv:1: expected a line that ends");
  expect("epoch,loss\n", "expected the columns epoch,train_loss,val_loss");
  expect(kHeader + "1,1,,,", "c.csv:2: expected a line that ends");
  expect(kHeader + "1,1,,\n", "expected 5 columns, found only 4");
  expect(kHeader + "\n", "found only 1");
  expect(kHeader + "1,1,,,,\n", "alignment: expected a finite number, found ,");
  expect(kHeader + "2,1,,,\n", "expected epoch 1, found 2");
  expect(kHeader + "1,1,,,\n1,1,,,\n", "c.csv:3: expected epoch 2");
  expect(kHeader + "99999999999999999999,1,,,\n", "epoch: expected a finite number");
  expect(kHeader + "1,,,,\n", "train_loss: expected a finite number, found ");
  expect(kHeader + "1, 1,,,\n", "train_loss");
  expect(kHeader + "1,1x,,,\n", "found 1x");
  expect(kHeader + "1,nan,,,\n", "found nan");
  expect(kHeader + "1,1e999,,,\n", "found 1e999");
  expect(kHeader + "1,1,1,,\n", "val_accuracy: expected a finite number");
  expect(kHeader + "1,1,,1,\n", "val_loss: expected a finite number");
  expect(kHeader + "1,1,1,1.5,\n", "val_accuracy: expected a fraction, found 1.5");
  expect(kHeader + "1,1,1,-0.5,\n", "found -0.5");
  expect(kHeader + std::string("1,1,\0,,\n", 8), "val_loss");
  expect(kHeader + "1," + std::string(1000, '7') + "x,,,\n", "...");
}
