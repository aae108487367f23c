#include "cli/text_info.hpp"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/training_run.hpp"
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>

namespace attune::cli {
namespace {

using core::text;
using data::TextExample;
using data::TextPart;
using data::TextTask;
using data::TextTaskKind;
using nlohmann::ordered_json;

const char* name_of(TextTaskKind kind) {
  switch (kind) {
    case TextTaskKind::sentence:
      return "class of a text";
    case TextTaskKind::pair:
      return "class of a pair of texts";
    case TextTaskKind::score:
      return "score of a pair of texts";
    case TextTaskKind::choice:
      return "choice of an ending";
  }
  return "";
}

/// Pieces between blanks: not what a tokeniser makes of it, but the same for all.
std::int64_t count_words(const std::string& s) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : s) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    words += !blank && !inside ? 1 : 0;
    inside = !blank;
  }
  return words;
}

std::int64_t words_of(const TextExample& example) {
  std::int64_t words = count_words(example.first) + count_words(example.second);
  for (const std::string& ending : example.endings) {
    words += count_words(ending);
  }
  return words;
}

ordered_json lengths_of(const TextPart& part) {
  std::vector<std::int64_t> words;
  double sum = 0;
  for (const TextExample& example : part.examples) {
    words.push_back(words_of(example));
    sum += static_cast<double>(words.back());
  }
  std::sort(words.begin(), words.end());
  const auto at = [&](double share) {
    return words[static_cast<std::size_t>(share * static_cast<double>(words.size() - 1))];
  };
  return {{"mean", sum / static_cast<double>(words.size())},
          {"median", at(0.5)},
          {"p95", at(0.95)},
          {"max", words.back()}};
}

ordered_json labels_of(const TextTask& task, const TextPart& part) {
  std::vector<std::int64_t> counts(task.labels.size());
  std::int64_t unknown = 0;
  for (const TextExample& example : part.examples) {
    if (example.label >= 0 && example.label < std::ssize(counts)) {
      ++counts[static_cast<std::size_t>(example.label)];
    } else {
      ++unknown;
    }
  }
  ordered_json labels = ordered_json::object();
  for (std::size_t i = 0; i < counts.size() && unknown < std::ssize(part.examples); ++i) {
    labels[task.labels[i]] = counts[i];
  }
  if (unknown > 0) {
    labels["unlabelled"] = unknown;
  }
  return labels;
}

/// Of those that have one.
ordered_json scores_of(const TextPart& part) {
  double sum = 0;
  std::int64_t count = 0;
  for (const TextExample& example : part.examples) {
    if (!std::isnan(example.score)) {
      sum += static_cast<double>(example.score);
      ++count;
    }
  }
  return count > 0 ? ordered_json{{"mean", sum / static_cast<double>(count)}} : ordered_json();
}

ordered_json facts(const TextTask& task) {
  ordered_json parts = ordered_json::object();
  for (const TextPart& part : task.parts) {
    ordered_json& of = parts[part.name];
    of["examples"] = part.examples.size();
    if (!task.labels.empty()) {
      of["labels"] = labels_of(task, part);
    }
    if (task.kind == TextTaskKind::score) {
      of["score"] = scores_of(part);
    }
    of["words"] = lengths_of(part);
    of["skipped"] = part.skipped;
  }
  return {{"name", task.name},     {"task", name_of(task.kind)}, {"classes", task.labels.size()},
          {"labels", task.labels}, {"metrics", task.metrics},    {"parts", parts},
          {"sha256", task.sha256}, {"source", task.source}};
}

std::string shown(const ordered_json& value) {
  if (value.is_number_integer()) {
    return with_thousands(value.get<std::int64_t>());
  }
  return value.is_number() ? fixed(value.get<double>(), 1) : value.get<std::string>();
}

void print_part(const std::string& name, const ordered_json& part) {
  std::string line = text(name, ": ", shown(part["examples"]), " examples");
  if (part.contains("labels")) {
    // Fifty classes are no line to read; the JSON has them.
    constexpr std::size_t kMostShown = 8;
    for (const auto& [label, count] : part["labels"].items()) {
      line += part["labels"].size() <= kMostShown ? text("  ", label, " ", shown(count)) : "";
    }
  }
  if (part.contains("score") && !part["score"].is_null()) {
    line += text("  mean score ", fixed(part["score"]["mean"].get<double>(), 3));
  }
  const ordered_json& words = part["words"];
  line += text("  words ", shown(words["mean"]), " mean, ", shown(words["median"]), " median, ",
               shown(words["p95"]), " at 95 %, ", shown(words["max"]), " most");
  if (part["skipped"] > 0) {
    line += text("  left out ", shown(part["skipped"]));
  }
  std::cout << line << '\n';
}

}  // namespace

int text_info(const TextTask& task, const GlobalOptions& global) {
  const ordered_json all = facts(task);
  if (!global.quiet) {
    std::cout << "name     " << task.name << "\ntask     " << name_of(task.kind) << "\nmetrics ";
    for (const std::string& metric : task.metrics) {
      std::cout << ' ' << metric;
    }
    std::cout << '\n';
    for (const auto& [name, part] : all["parts"].items()) {
      print_part(name, part);
    }
    std::cout << "sha256   " << task.sha256 << "\nsource   " << task.source << '\n';
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, all.dump(2) + "\n");
  }
  return kSuccess;
}

}  // namespace attune::cli
