#include "cli/report/attention_name.hpp"

#include <variant>

#include <attune/core/text.hpp>

namespace attune::cli {

namespace {

// `gan` is GAN to readers.
std::string upper(std::string name) {
  for (char& letter : name) {
    letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return name;
}

}  // namespace

std::string attention_name(const train::Settings& training) {
  const auto align = training.find("align");
  const std::string* const kind =
      align == training.end() ? nullptr : std::get_if<std::string>(&align->second);
  if (kind == nullptr) {
    return "attention as trained, not known how";
  }
  if (*kind == "none") {
    return "soft attention";
  }
  std::string name = "AA-" + upper(*kind);
  const auto weight = training.find("align_weight");
  if (weight != training.end() && std::holds_alternative<double>(weight->second)) {
    name += core::text(", lambda ", std::get<double>(weight->second));
  }
  const auto cross = training.find("align_cross");
  if (cross != training.end() && cross->second == train::Setting(true)) {
    name += ", guided heads too";
  }
  return name;
}

}  // namespace attune::cli
