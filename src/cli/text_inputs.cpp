#include "cli/text_inputs.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;
using nlohmann::json;

namespace {

constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;

/// A line of the file and where it is.
struct Line {
  const std::string& path;
  std::int64_t number;
  std::string_view content;

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path, number, text(parts...));
  }
};

bool is_blank(std::string_view s) {
  return s.find_first_not_of(" \t\r") == std::string_view::npos;
}

// ---- tables

data::TextExample from_table(const Line& line, bool pairs) {
  const std::size_t tab = line.content.find('\t');
  if (pairs != (tab != std::string_view::npos) ||
      (pairs && line.content.find('\t', tab + 1) != std::string_view::npos)) {
    line.fail("expected ", pairs ? "two texts with a tab between them" : "one text without a tab",
              ", found ", 1 + std::ranges::count(line.content, '\t'), " columns");
  }
  data::TextExample example;
  example.first = line.content.substr(0, tab);
  if (pairs) {
    example.second = line.content.substr(tab + 1);
  }
  if (is_blank(example.first) || (pairs && is_blank(example.second))) {
    line.fail("expected a text, found none");
  }
  return example;
}

// ---- JSON lines

json parsed(const Line& line) {
  const auto no_nesting = [&](int depth, json::parse_event_t /*event*/, json& /*value*/) {
    if (depth > 4) {
      line.fail("expected at most 4 levels");
    }
    return true;
  };
  try {
    json object = json::parse(line.content.begin(), line.content.end(), no_nesting);
    if (!object.is_object()) {
      line.fail("expected an object");
    }
    return object;
  } catch (const json::exception&) {
    line.fail("not JSON");
  }
}

std::string string_of(const Line& line, const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) {
    line.fail("expected a string \"", name, "\", found ",
              found == object.end() ? "none" : found->type_name());
  }
  const std::string& value = found->get_ref<const std::string&>();
  if (is_blank(value)) {
    line.fail("\"", name, "\": expected a text, found an empty one");
  }
  return value;
}

data::TextExample from_json(const Line& line, const train::TextTaskDescription& model) {
  const json object = parsed(line);
  data::TextExample example;
  example.first = string_of(line, object, "text");
  if (model.head != train::TextHead::choice) {
    if (model.pairs) {
      example.second = string_of(line, object, "text_pair");
    }
    return example;
  }
  const auto endings = object.find("endings");
  if (endings == object.end() || !endings->is_array() || endings->size() < 2) {
    line.fail("expected an array \"endings\" of at least two");
  }
  for (const json& ending : *endings) {
    if (!ending.is_string()) {
      line.fail("endings: expected strings, found ", ending.type_name());
    }
    example.endings.push_back(ending.get<std::string>());
  }
  return example;
}

void add_question(const Line& line, data::SpanTask& task) {
  const json object = parsed(line);
  data::SpanQuestion question;
  question.question = string_of(line, object, "question");
  question.context = std::ssize(task.contexts);
  question.id =
      object.contains("id") ? string_of(line, object, "id") : std::to_string(task.questions.size());
  task.contexts.push_back(string_of(line, object, "context"));
  task.questions.push_back(std::move(question));
}

void add_line(const Line& line, bool jsonl, const train::TextTaskDescription& model,
              TextInputs& inputs) {
  if (model.head == train::TextHead::spans) {
    add_question(line, inputs.questions);
    return;
  }
  inputs.examples.push_back(jsonl ? from_json(line, model) : from_table(line, model.pairs));
  const std::size_t endings = inputs.examples.front().endings.size();
  if (inputs.examples.back().endings.size() != endings) {
    line.fail("expected ", endings, " endings as on the first line, found ",
              inputs.examples.back().endings.size());
  }
}

}  // namespace

TextInputs read_text_inputs(const std::string& path, const train::TextTaskDescription& model) {
  const bool jsonl = path.ends_with(".jsonl");
  if (!jsonl && (model.head == train::TextHead::choice || model.head == train::TextHead::spans)) {
    throw FileError(
        path, text("expected a file .jsonl, which a model of ", to_string(model.head), " takes"));
  }
  const std::string bytes = core::read_file(path, kMostBytes);
  TextInputs inputs;
  std::string_view rest = bytes;
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::size_t length = std::min(rest.find('\n'), rest.size());
    std::string_view content = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    if (content.ends_with('\r')) {
      content.remove_suffix(1);
    }
    add_line({path, number, content}, jsonl, model, inputs);
  }
  if (inputs.examples.empty() && inputs.questions.questions.empty()) {
    throw FileError(path, "expected texts, a line each, found none");
  }
  return inputs;
}

}  // namespace attune::cli
