#include "data/text/json_file.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using nlohmann::json;

namespace {

constexpr int kMostDepth = 32;
constexpr std::int64_t kMaxFileBytes = std::int64_t{4} << 30;

/// Sees every piece as it is parsed; nlohmann itself would let the last of equal keys win.
class Strictness {
 public:
  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    if (depth > kMostDepth) {
      throw InvalidArgument(core::text("expected at most ", kMostDepth, " levels, found more"));
    }
    if (event == json::parse_event_t::object_start) {
      keys_.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      keys_.pop_back();
    } else if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        throw InvalidArgument(core::text("key ", data::quoted(key), " comes twice in an object"));
      }
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;
};

std::int64_t line_of(std::string_view bytes, std::size_t at) {
  const std::string_view before = bytes.substr(0, std::min(at, bytes.size()));
  return 1 + std::count(before.begin(), before.end(), '\n');
}

/// What nlohmann says, without its own idea of the place.
std::string_view reason(std::string_view message) {
  const std::size_t at = message.rfind(" - ");
  return at == std::string_view::npos ? message : message.substr(at + 3);
}

}  // namespace

json parse_json_text(std::string_view bytes, const std::string& path) {
  if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw FileError(path, "expected JSON, found nothing");
  }
  Strictness strictness;
  try {
    return json::parse(bytes.begin(), bytes.end(), std::ref(strictness));
  } catch (const json::parse_error& error) {
    throw FileError(path, line_of(bytes, error.byte > 0 ? error.byte - 1 : 0),
                    core::text("not JSON: ", data::quoted(reason(error.what()))));
  } catch (const json::exception& error) {
    throw FileError(path, core::text("not JSON: ", data::quoted(reason(error.what()))));
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
}

json read_json_file(const std::string& path) {
  return parse_json_text(core::read_file(path, kMaxFileBytes), path);
}

std::string shown(const json& value) {
  constexpr std::size_t kLongest = 80;
  if (value.is_object()) {
    return "an object";
  }
  if (value.is_array()) {
    return core::text("a list of ", value.size());
  }
  if (value.is_string()) {
    return data::quoted(value.get_ref<const std::string&>());
  }
  return value.dump().substr(0, kLongest);
}

}  // namespace attune::data
