#include "train/json_fields.hpp"

#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "train/abbreviated.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

using nlohmann::json;

namespace {

constexpr int kMostDepth = 16;

/// Sees every piece as it is parsed; nlohmann itself would let the last of equal keys win.
class Strictness {
 public:
  explicit Strictness(const std::string& path) : path_(path) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > kMostDepth) {
      throw FileError(path_, core::text("expected at most ", kMostDepth, " levels"));
    }
    switch (event) {
      case json::parse_event_t::object_start:
        keys_.emplace_back();
        break;
      case json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case json::parse_event_t::key:
        if (!keys_.back().insert(parsed.get<std::string>()).second) {
          throw FileError(path_, core::text(abbreviated(parsed.get<std::string>()),
                                            " comes twice in an object"));
        }
        break;
      default:
        break;
    }
    return true;
  }

 private:
  const std::string& path_;
  std::vector<std::set<std::string>> keys_;
};

std::string shown(const json& value) {
  return abbreviated(value.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

json parse_json(std::string_view bytes, const std::string& path) {
  Strictness strictness(path);
  try {
    return json::parse(bytes.begin(), bytes.end(), std::ref(strictness));
  } catch (const json::parse_error& error) {
    throw FileError(path, static_cast<std::int64_t>(error.byte),
                    core::text("not JSON: ", abbreviated(error.what())));
  } catch (const json::exception& error) {
    throw FileError(path, core::text("not JSON: ", abbreviated(error.what())));
  }
}

JsonFields::JsonFields(const json& object, std::string path, std::string where)
    : object_(object), path_(std::move(path)), where_(std::move(where)) {
  if (!object_.is_object()) {
    throw FileError(path_, core::text(where_, where_.empty() ? "" : ": ",
                                      "expected an object, found ", shown(object_)));
  }
}

JsonFields JsonFields::object(const char* name) const {
  return {field(name), path_, place(name)};
}

std::string JsonFields::text(const char* name) const {
  const json& value = field(name);
  if (!value.is_string()) {
    fail(name, "a string", value);
  }
  return value.get<std::string>();
}

bool JsonFields::truth(const char* name) const {
  const json& value = field(name);
  if (!value.is_boolean()) {
    fail(name, "true or false", value);
  }
  return value.get<bool>();
}

std::int64_t JsonFields::integer(const char* name) const {
  const json& value = field(name);
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() && value.get<std::uint64_t>() > kMost)) {
    fail(name, "a whole number below 2^63", value);
  }
  return value.get<std::int64_t>();
}

std::uint64_t JsonFields::natural(const char* name) const {
  const json& value = field(name);
  if (!value.is_number_unsigned()) {
    fail(name, "a whole number from 0 to 2^64 - 1", value);
  }
  return value.get<std::uint64_t>();
}

double JsonFields::number(const char* name) const {
  const json& value = field(name);
  if (!value.is_number()) {
    fail(name, "a number", value);
  }
  return value.get<double>();
}

Settings JsonFields::settings(const char* name) const {
  const JsonFields fields = object(name);
  Settings settings;
  for (const auto& item : fields.object_.items()) {
    const std::string& key = item.key();
    const json& value = item.value();
    if (value.is_boolean()) {
      settings[key] = value.get<bool>();
    } else if (value.is_string()) {
      settings[key] = value.get<std::string>();
    } else if (value.is_number_float()) {
      settings[key] = value.get<double>();
    } else if (value.is_number_integer()) {
      settings[key] = fields.integer(key.c_str());
    } else {
      fields.fail(key, "a simple value", value);
    }
  }
  return settings;
}

std::vector<JsonFields> JsonFields::objects(const char* name) const {
  const json& value = field(name);
  if (!value.is_array()) {
    fail(name, "an array", value);
  }
  std::vector<JsonFields> all;
  for (const json& item : value) {
    all.emplace_back(item, path_, core::text(place(name), "[", all.size(), "]"));
  }
  return all;
}

const json& JsonFields::field(const char* name) const {
  const auto at = object_.find(name);
  if (at == object_.end()) {
    throw FileError(path_, core::text(place(name), " is missing"));
  }
  return *at;
}

std::string JsonFields::place(const std::string& name) const {
  return where_.empty() ? abbreviated(name) : core::text(where_, ".", abbreviated(name));
}

void JsonFields::fail(const std::string& name, const char* expected, const json& found) const {
  throw FileError(path_,
                  core::text(place(name), ": expected ", expected, ", found ", shown(found)));
}

}  // namespace attune::train
