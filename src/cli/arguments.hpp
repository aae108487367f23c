#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

/// What a subcommand says of its options, without the header of CLI11, which costs more to compile
/// than a file of this folder does: arguments.cpp includes it for all of them.
namespace attune::cli {

/// A condition on what is typed for an option; its description is part of the help.
class Check {
 public:
  /// @param fault  what is wrong with the text; empty: nothing
  explicit Check(std::function<std::string(const std::string&)> fault);
  explicit Check(const CLI::Validator& validator);

  const CLI::Validator& validator() const { return *validator_; }

 private:
  std::shared_ptr<const CLI::Validator> validator_;
};

Check one_of(std::vector<std::string> words);
Check whole_number_in(std::int64_t least, std::int64_t most);
Check number_in(double least, double most);
/// 0 or more, of whatever size; says so where CLI11 would take -1 for a huge number.
Check not_negative();

/// An option that was added, to say more of it. Lives as long as its command.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option& type_name(const std::string& name);
  Option& group(const std::string& name);
  Option& check(const Check& check);
  Option& required();
  /// Several values in one argument, with this character between them.
  Option& delimiter(char character);
  /// One value each time the option is typed, and none shown as its default.
  Option& repeated();

 private:
  CLI::Option* option_;
};

/// The program or one of its subcommands, owned by CLI11's description of the program.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  /// @param value  holds the default and must outlive the parsing; arguments.cpp says of which
  /// types
  template <class T>
  Option add_option(const std::string& names, T& value, const std::string& description) const;
  Option add_flag(const std::string& names, bool& value, const std::string& description) const;
  Command add_subcommand(const std::string& name, const std::string& description) const;
  void require_subcommand() const;
  void footer_of_subcommands(const std::string& text) const;
  /// @param chosen  called when all is parsed and this subcommand was typed
  void callback(std::function<void()> chosen) const;

 private:
  CLI::App* app_;
};

}  // namespace attune::cli
