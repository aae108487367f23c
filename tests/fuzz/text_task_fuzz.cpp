// Files of texts: the first byte of an input says which small file the others stand for.
#include "fuzz/target.hpp"
#include "support/small_texts.hpp"
#include "support/temporary_folder.hpp"

namespace attune::fuzz {

void run(std::string_view input) {
  static const std::vector<testing::SmallText> texts = testing::small_texts();
  if (input.empty()) {
    return;
  }
  const testing::SmallText& text = texts[static_cast<unsigned char>(input[0]) % texts.size()];
  const testing::TemporaryFolder folder;
  folder.write(text.file, input.substr(1));
  testing::read_small_text(text, folder.path());
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const testing::SmallText& text : testing::small_texts()) {
    all.push_back(std::string(1, static_cast<char>(all.size())) + text.content);
  }
  return all;
}

}  // namespace attune::fuzz
