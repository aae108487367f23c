#include "fuzz/target.hpp"
#include <attune/train/safetensors.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  const train::Safetensors content = train::decode_safetensors(input, "input.safetensors");
  (void)train::encode_safetensors(content);
}

std::vector<std::string> seeds() {
  const core::Tensor weight = core::Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3});
  const core::Tensor bias = core::Tensor::from(std::vector<double>{0.5, -0.5}, {2});
  train::Safetensors content;
  std::vector<std::string> seeds{train::encode_safetensors(content)};
  content.tensors = {{"layers.0.weight", weight}, {"bias", bias}};
  content.integers = {{"steps", {.shape = {2}, .values = {3, -4}}}};
  content.metadata = {{"format", "attune"}};
  seeds.push_back(train::encode_safetensors(content));
  return seeds;
}

}  // namespace attune::fuzz
