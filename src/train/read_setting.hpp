#pragma once

#include <cstdint>
#include <string>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/settings.hpp>

// Options of models out of settings; errors name the option.
namespace attune::train {

/// @throws InvalidArgument  it is missing or of another type
template <class T>
const T& setting(const Settings& settings, const std::string& name, const char* expected) {
  const auto at = settings.find(name);
  if (at == settings.end()) {
    throw InvalidArgument(core::text("model: ", name, " is missing"));
  }
  const T* const value = std::get_if<T>(&at->second);
  if (value == nullptr) {
    throw InvalidArgument(
        core::text("model: ", name, " must be ", expected, ", got ", to_string(at->second)));
  }
  return *value;
}

inline void read(const Settings& settings, const char* name, std::int64_t& option) {
  option = setting<std::int64_t>(settings, name, "a whole number");
}
inline void read(const Settings& settings, const char* name, double& option) {
  option = setting<double>(settings, name, "a number with a decimal point");
}
inline void read(const Settings& settings, const char* name, bool& option) {
  option = setting<bool>(settings, name, "true or false");
}

}  // namespace attune::train
