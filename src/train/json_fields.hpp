#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <attune/train/settings.hpp>

namespace attune::train {

/// Parses JSON of a foreign file.
/// @throws FileError  no JSON, a key that comes twice in an object, or deeper than 16
[[nodiscard]] nlohmann::json parse_json(std::string_view bytes, const std::string& path);

/// Fields of a JSON object, read by name and type. Every error is a FileError that names the field:
/// `checkpoint.json: progress.epoch: expected a whole number, found "7"`.
class JsonFields {
 public:
  /// @param object  must outlive this
  /// @param where   of the object in the file, empty at the top
  JsonFields(const nlohmann::json& object, std::string path, std::string where = {});

  [[nodiscard]] bool has(const char* name) const { return object_.contains(name); }
  [[nodiscard]] JsonFields object(const char* name) const;
  [[nodiscard]] std::string text(const char* name) const;
  [[nodiscard]] bool truth(const char* name) const;
  [[nodiscard]] std::int64_t integer(const char* name) const;
  [[nodiscard]] std::uint64_t natural(const char* name) const;
  [[nodiscard]] double number(const char* name) const;
  /// An object whose values are all simple.
  [[nodiscard]] Settings settings(const char* name) const;
  /// An array of objects.
  [[nodiscard]] std::vector<JsonFields> objects(const char* name) const;

 private:
  [[nodiscard]] const nlohmann::json& field(const char* name) const;
  [[nodiscard]] std::string place(const std::string& name) const;
  [[noreturn]] void fail(const std::string& name, const char* expected,
                         const nlohmann::json& found) const;

  const nlohmann::json& object_;
  std::string path_;
  std::string where_;
};

}  // namespace attune::train
