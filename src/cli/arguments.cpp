#include "cli/arguments.hpp"

#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

namespace attune::cli {

Check::Check(std::function<std::string(const std::string&)> fault)
    : Check(CLI::Validator([fault = std::move(fault)](std::string& text) { return fault(text); },
                           "")) {}

Check::Check(const CLI::Validator& validator)
    : validator_(std::make_shared<CLI::Validator>(validator)) {}

Check one_of(std::vector<std::string> words) {
  return Check(CLI::IsMember(std::move(words)));
}

Check whole_number_in(std::int64_t least, std::int64_t most) {
  return Check(CLI::Range(least, most));
}

Check number_in(double least, double most) {
  return Check(CLI::Range(least, most));
}

Check not_negative() {
  return Check([](const std::string& text) {
    return text.starts_with('-') ? "expected 0 or more, got " + text : std::string();
  });
}

Option& Option::type_name(const std::string& name) {
  option_->type_name(name);
  return *this;
}

Option& Option::group(const std::string& name) {
  option_->group(name);
  return *this;
}

Option& Option::check(const Check& check) {
  option_->check(check.validator());
  return *this;
}

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::delimiter(char character) {
  option_->delimiter(character);
  return *this;
}

Option& Option::repeated() {
  option_->allow_extra_args(false)->default_str("");
  return *this;
}

template <class T>
Option Command::add_option(const std::string& names, T& value,
                           const std::string& description) const {
  return Option(*app_->add_option(names, value, description));
}

Option Command::add_flag(const std::string& names, bool& value,
                         const std::string& description) const {
  return Option(*app_->add_flag(names, value, description));
}

template Option Command::add_option(const std::string&, int&, const std::string&) const;
template Option Command::add_option(const std::string&, std::int64_t&, const std::string&) const;
template Option Command::add_option(const std::string&, std::uint64_t&, const std::string&) const;
template Option Command::add_option(const std::string&, double&, const std::string&) const;
template Option Command::add_option(const std::string&, std::string&, const std::string&) const;
template Option Command::add_option(const std::string&, std::optional<std::int64_t>&,
                                    const std::string&) const;
template Option Command::add_option(const std::string&, std::optional<double>&,
                                    const std::string&) const;
template Option Command::add_option(const std::string&, std::vector<std::int64_t>&,
                                    const std::string&) const;
template Option Command::add_option(const std::string&, std::vector<double>&,
                                    const std::string&) const;
template Option Command::add_option(const std::string&, std::vector<std::string>&,
                                    const std::string&) const;

Command Command::add_subcommand(const std::string& name, const std::string& description) const {
  return Command(*app_->add_subcommand(name, description));
}

void Command::require_subcommand() const {
  app_->require_subcommand(1);
}

void Command::footer_of_subcommands(const std::string& text) const {
  for (CLI::App* command : app_->get_subcommands({})) {
    command->footer(text);
  }
}

void Command::callback(std::function<void()> chosen) const {
  app_->callback(std::move(chosen));
}

}  // namespace attune::cli
