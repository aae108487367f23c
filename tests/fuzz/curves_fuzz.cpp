#include <array>

#include "fuzz/target.hpp"
#include <attune/train/curves.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  const auto curves = train::decode_curves(input, "curves.csv");
  (void)train::encode_curves(curves);
}

std::vector<std::string> seeds() {
  const std::array<train::CurvePoint, 2> bare{
      {{.epoch = 1, .train_loss = 1.5}, {.epoch = 2, .train_loss = 1e-9}}};
  const std::array<train::CurvePoint, 1> full{{{.epoch = 1,
                                                .train_loss = 2,
                                                .validation = train::LossAndAccuracy{1.25, 0.5},
                                                .alignment = 0.1}}};
  return {train::encode_curves(bare), train::encode_curves(full), train::encode_curves({})};
}

}  // namespace attune::fuzz
