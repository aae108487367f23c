#include "fuzz/target.hpp"
#include <attune/train/pretrained_text.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  const train::TextConfig config = train::decode_text_config(input, "config.json");
  (void)train::decode_text_config(train::encode_text_config(config), "config.json");
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const models::TextFamily family :
       {models::TextFamily::bert, models::TextFamily::roberta, models::TextFamily::albert}) {
    train::TextConfig config;
    config.encoder.family = family;
    config.labels = {"no", "yes"};
    all.push_back(train::encode_text_config(config));
  }
  return all;
}

}  // namespace attune::fuzz
