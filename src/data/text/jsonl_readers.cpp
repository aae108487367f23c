#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "data/text/json_file.hpp"
#include "data/text/part_readers.hpp"

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

/// An object a line. Every error is a FileError with the number of the line.
class ObjectLines {
 public:
  ObjectLines(std::string_view bytes, std::string path)
      : rest_(without_bom(bytes)), path_(std::move(path)) {}

  bool next() {
    while (!rest_.empty()) {
      const std::size_t length = std::min(rest_.find('\n'), rest_.size());
      const std::string_view line = rest_.substr(0, length);
      rest_.remove_prefix(std::min(length + 1, rest_.size()));
      ++number_;
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
        continue;
      }
      parse(line);
      return true;
    }
    return false;
  }

  [[nodiscard]] bool has(const char* name) const { return object_.contains(name); }

  [[nodiscard]] const std::string& text_of(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_string()) {
      fail(name, ": expected a text, found ", found == object_.end() ? "nothing" : shown(*found));
    }
    return found->get_ref<const std::string&>();
  }

  [[nodiscard]] const json& value(const char* name) const { return object_.at(name); }

  [[nodiscard]] std::vector<std::string> texts_of(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_array() || found->size() < 2 ||
        !std::all_of(found->begin(), found->end(), [](const json& v) { return v.is_string(); })) {
      fail(name, ": expected a list of at least two texts, found ",
           found == object_.end() ? "nothing" : shown(*found));
    }
    return found->get<std::vector<std::string>>();
  }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, number_, text(parts...));
  }

 private:
  void parse(std::string_view line) {
    try {
      object_ = parse_json_text(line, path_);
    } catch (const FileError& error) {
      // Of one line; its own number says nothing.
      const std::string_view what = error.what();
      const std::size_t at = what.find("not JSON");
      fail(at == std::string_view::npos ? what.substr(path_.size() + 2) : what.substr(at));
    }
    if (!object_.is_object()) {
      fail("expected an object, found ", shown(object_));
    }
  }

  std::string_view rest_;
  std::string path_;
  std::int64_t number_ = 0;
  json object_;
};

/// The label of a choice: a number, in some files as a text; nothing known where it is empty.
std::int32_t ending_label(const ObjectLines& lines, std::size_t endings) {
  if (!lines.has("label") || lines.value("label") == "") {
    return -1;
  }
  const json& label = lines.value("label");
  for (std::size_t i = 0; i < endings; ++i) {
    if (label == i || label == text(i)) {
      return static_cast<std::int32_t>(i);
    }
  }
  lines.fail("label: expected a number from 0 to ", endings - 1, ", found ", shown(label));
}

}  // namespace

PartReader inference_jsonl_reader() {
  return [](const std::string& path, TextFiles& files, TextTask& task, TextPart& part) {
    const std::string bytes = files.read(path);
    for (ObjectLines lines(bytes, path); lines.next();) {
      const std::string& label = lines.text_of("gold_label");
      if (label == "-") {  // the annotators did not agree
        ++part.skipped;
        continue;
      }
      const auto found = std::find(task.labels.begin(), task.labels.end(), label);
      if (found == task.labels.end()) {
        lines.fail("gold_label: expected entailment, neutral, contradiction or -, found ",
                   shown(label));
      }
      part.examples.push_back({.first = lines.text_of("sentence1"),
                               .second = lines.text_of("sentence2"),
                               .label = static_cast<std::int32_t>(found - task.labels.begin())});
    }
  };
}

PartReader hellaswag_reader() {
  return [](const std::string& path, TextFiles& files, TextTask&, TextPart& part) {
    const std::string bytes = files.read(path);
    for (ObjectLines lines(bytes, path); lines.next();) {
      TextExample example{.first = lines.text_of("ctx_a"),
                          .second = lines.text_of("ctx_b"),
                          .endings = lines.texts_of("endings")};
      example.label = ending_label(lines, example.endings.size());
      part.examples.push_back(std::move(example));
    }
  };
}

}  // namespace attune::data
