#include <algorithm>
#include <limits>
#include <map>
#include <string_view>

#include <nlohmann/json.hpp>

#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/scene_file.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;
constexpr std::size_t kMostLine = std::size_t{1} << 16;
constexpr std::size_t kMostObjects = 20;  // as draw_scene() allows
constexpr std::uint64_t kMostId = std::numeric_limits<std::int64_t>::max();

/// A line of the file and what is wrong with it.
class SceneLine {
 public:
  SceneLine(const std::string& path, std::int64_t line, std::string_view bytes)
      : path_(path), line_(line) {
    if (bytes.size() > kMostLine) {
      fail(text("expected at most ", kMostLine, " bytes, found ", bytes.size()));
    }
    root_ = json::parse(bytes, nullptr, false);
    if (!root_.is_object()) {
      fail("expected a JSON object of a scene");
    }
  }

  [[nodiscard]] Scene scene() const {
    const json& id = member(root_, "image_id");
    const json& objects = member(root_, "objects");
    // Larger ones would wrap around to the number of another picture.
    const bool whole =
        id.is_number_integer() && (!id.is_number_unsigned() || id.get<std::uint64_t>() <= kMostId);
    if (!whole || !objects.is_array() || objects.size() > kMostObjects) {
      fail(text("expected a whole image_id and a list of at most ", kMostObjects, " objects"));
    }
    Scene out{.id = id.get<std::int64_t>()};
    for (const json& object : objects) {
      out.objects.push_back(
          {.values = values_of(object), .x = place(object, "x"), .y = place(object, "y")});
    }
    return out;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw FileError(path_, line_, what); }

  [[nodiscard]] const json& member(const json& object, std::string_view name) const {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (found == object.end()) {
      fail(text("expected a member ", quoted(name)));
    }
    return *found;
  }

  [[nodiscard]] std::array<int, kSceneAttributes.size()> values_of(const json& object) const {
    std::array<int, kSceneAttributes.size()> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string_view attribute = to_string(kSceneAttributes[i]);
      const json& value = member(object, attribute);
      const std::span<const std::string_view> names = scene_values(kSceneAttributes[i]);
      const auto found = value.is_string()
                             ? std::ranges::find(names, value.get_ref<const std::string&>())
                             : names.end();
      if (found == names.end()) {
        fail(text(attribute, ": expected one of those that scenes have, as ", names.front()));
      }
      values[i] = static_cast<int>(found - names.begin());
    }
    return values;
  }

  [[nodiscard]] double place(const json& object, std::string_view axis) const {
    const json& value = member(object, axis);
    const double at = value.is_number() ? value.get<double>() : -1.0;
    if (!(at >= 0 && at <= 1)) {
      fail(text(axis, ": expected a number from 0 to 1"));
    }
    return at;
  }

  std::string path_;
  std::int64_t line_;
  json root_;
};

}  // namespace

std::vector<Scene> read_scene_file(const std::string& path, std::span<const std::int64_t> ids) {
  const std::string bytes = core::read_file(path, kMostBytes);
  std::map<std::int64_t, Scene> wanted;
  std::string_view rest = bytes;
  for (std::int64_t line = 1; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    Scene scene = SceneLine(path, line, rest.substr(0, end)).scene();
    if (std::ranges::find(ids, scene.id) != ids.end()) {
      wanted.insert_or_assign(scene.id, std::move(scene));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::vector<Scene> out;
  for (const std::int64_t id : ids) {
    const auto found = wanted.find(id);
    if (found == wanted.end()) {
      throw FileError(path, text("expected a scene of picture ", id, ", found none"));
    }
    out.push_back(found->second);
  }
  return out;
}

}  // namespace attune::data
