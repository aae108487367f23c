#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/environment.hpp>
#include <attune/train/text_attack_report.hpp>

namespace attune::train {

using core::text;
using Json = nlohmann::ordered_json;

namespace {

std::optional<Summary> summary_of(const std::vector<double>& values) {
  return values.empty() ? std::nullopt : std::optional(summarize(std::span(values)));
}

const char* name_of(AttackOutcome outcome) {
  switch (outcome) {
    case AttackOutcome::skipped:
      return "skipped";
    case AttackOutcome::failed:
      return "failed";
    case AttackOutcome::succeeded:
      break;
  }
  return "succeeded";
}

Json to_json(const Summary& summary) {
  return {{"mean", summary.mean},     {"std", summary.std}, {"n", summary.n},
          {"median", summary.median}, {"min", summary.min}, {"max", summary.max}};
}

void put(Json& object, const char* key, const std::optional<Summary>& summary) {
  if (summary) {
    object[key] = to_json(*summary);
  }
}

Json to_json(const TextAttackSummary& summary) {
  Json object = {{"examples", summary.examples},
                 {"skipped", summary.skipped},
                 {"failed", summary.failed},
                 {"succeeded", summary.succeeded},
                 {"accuracy_before", summary.accuracy_before},
                 {"accuracy_after", summary.accuracy_after}};
  if (summary.failed_share) {
    object["failed_share"] = *summary.failed_share;
  }
  put(object, "changed_share", summary.changed);
  put(object, "similarity", summary.similarity);
  put(object, "queries", summary.queries);
  object["total_queries"] = summary.total_queries;
  return object;
}

Json config_of(const TextAttackReport& report) {
  const TextAttackOptions& options = report.options;
  Json config = {{"attack", to_string(options.method)}};
  if (options.method == AttackMethod::bae) {
    config["edits"] = to_string(options.edits);
  }
  config["attacked"] = options.part == AttackedPart::first ? "first" : "second";
  config["max_queries"] = options.max_queries;
  config["max_changed"] = options.max_changed;
  config["min_similarity"] = options.min_similarity;
  config["max_candidates"] = options.max_candidates;
  config["same_ending"] = options.same_ending;
  config["seed"] = options.seed;
  for (const auto& [name, setting] : report.more) {
    std::visit([&, &key = name](const auto& value) { config[key] = value; }, setting);
  }
  return config;
}

Json to_json(const TextAttackResult& result, std::int64_t number) {
  Json object = {{"example", number},
                 {"outcome", name_of(result.outcome)},
                 {"label", result.label},
                 {"predicted_before", result.predicted_before},
                 {"predicted_after", result.predicted_after},
                 {"probabilities_before", result.before},
                 {"probabilities_after", result.after},
                 {"original", result.original},
                 {"perturbed", result.perturbed}};
  if (!result.other.empty()) {
    object["other"] = result.other;
  }
  object["words"] = result.num_words;
  object["queries"] = result.queries;
  object["similarity"] = result.similarity;
  Json changes = Json::array();
  for (const WordChange& change : result.changes) {
    changes.push_back({{"word", change.word}, {"before", change.before}, {"after", change.after}});
  }
  object["changes"] = std::move(changes);
  return object;
}

void check(const TextAttackReport& report) {
  if (report.results.empty() || report.results.size() != report.numbers.size()) {
    throw InvalidArgument(text("TextAttackReport: expected results and a number each, got ",
                               report.results.size(), " and ", report.numbers.size()));
  }
}

/// `positive 97 %`
std::string answer(const TextAttackReport& report, std::int32_t predicted,
                   const std::vector<double>& probabilities) {
  const auto at = static_cast<std::size_t>(predicted);
  return text(at < report.labels.size() ? report.labels[at] : text(predicted), ' ',
              std::llround(100 * probabilities.at(at)), " %");
}

void append(std::string& out, const TextAttackReport& report, std::size_t at) {
  const TextAttackResult& result = report.results[at];
  out += text("\n#", report.numbers[at], "  ",
              answer(report, result.predicted_before, result.before), " -> ",
              answer(report, result.predicted_after, result.after), "   ", result.changes.size(),
              " of ", result.num_words, " words, ", result.queries, " queries\n");
  if (!result.other.empty()) {
    out += text("  ", report.options.part == AttackedPart::first ? "second" : "first", "  ",
                result.other, "\n");
  }
  out += text("  before  ", result.marked_original, "\n  after   ", result.marked_perturbed, "\n");
}

}  // namespace

TextAttackSummary summarize(std::span<const TextAttackResult> results) {
  if (results.empty()) {
    throw InvalidArgument("summarize: expected results of attacks, got none");
  }
  TextAttackSummary summary{.examples = std::ssize(results)};
  std::vector<double> changed;
  std::vector<double> similarity;
  std::vector<double> queries;
  for (const TextAttackResult& result : results) {
    summary.skipped += result.outcome == AttackOutcome::skipped ? 1 : 0;
    summary.failed += result.outcome == AttackOutcome::failed ? 1 : 0;
    summary.total_queries += result.queries;
    if (result.outcome != AttackOutcome::skipped) {
      queries.push_back(static_cast<double>(result.queries));
    }
    if (result.outcome == AttackOutcome::succeeded) {
      changed.push_back(static_cast<double>(result.changes.size()) /
                        static_cast<double>(result.num_words));
      similarity.push_back(result.similarity);
    }
  }
  summary.succeeded = summary.examples - summary.skipped - summary.failed;
  const auto share = [](std::int64_t part, std::int64_t of) {
    return static_cast<double>(part) / static_cast<double>(of);
  };
  const std::int64_t tried = summary.examples - summary.skipped;
  summary.accuracy_before = share(tried, summary.examples);
  summary.accuracy_after = share(summary.failed, summary.examples);
  if (tried > 0) {
    summary.failed_share = share(summary.failed, tried);
  }
  summary.changed = summary_of(changed);
  summary.similarity = summary_of(similarity);
  summary.queries = summary_of(queries);
  return summary;
}

std::string to_json(const TextAttackReport& report) {
  check(report);
  const Environment environment = current_environment();
  Json object = {{"command", report.command},
                 {"version", environment.version},
                 {"checkpoint", report.checkpoint},
                 {"task", report.task},
                 {"task_sha256", report.task_sha256},
                 {"part", report.part},
                 {"labels", report.labels},
                 {"config", config_of(report)},
                 {"summary", to_json(summarize(report.results))},
                 {"threads", report.threads},
                 {"seconds", report.seconds},
                 {"environment", {{"cpu", environment.cpu}, {"isa", environment.isa}}}};
  Json& results = object["results"] = Json::array();
  for (std::size_t i = 0; i < report.results.size(); ++i) {
    results.push_back(to_json(report.results[i], report.numbers[i]));
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_examples(const TextAttackReport& report) {
  check(report);
  std::string out = text(to_string(report.options.method), " on ", report.checkpoint, ", ",
                         report.task, " ", report.part, ", ", report.results.size(), " examples\n");
  const std::pair<AttackOutcome, const char*> kinds[] = {
      {AttackOutcome::succeeded, "\nFooled\n"},
      {AttackOutcome::failed, "\nStood firm, with the worst text that was found\n"}};
  for (const auto& [outcome, heading] : kinds) {
    out += heading;
    for (std::size_t i = 0; i < report.results.size(); ++i) {
      if (report.results[i].outcome == outcome) {
        append(out, report, i);
      }
    }
  }
  return out;
}

}  // namespace attune::train
