#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "cli/progress.hpp"
#include "cli/text_command.hpp"
#include "cli/training_run.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/train/text_attack_report.hpp>

namespace attune::cli {
namespace {

using core::text;
using data::TextExample;
using data::TextPart;
using data::TextTask;
using train::TextAttackReport;

struct AttackCommandOptions {
  std::string checkpoint;
  std::string task;
  std::string part;
  std::string attack = "textfooler";
  std::string edits = "replace";
  std::string attacked;
  std::string proposals;
  std::string examples;
  std::int64_t samples = 100;
  std::int64_t seed = 0;
  bool any_ending = false;
  bool paraphrases = false;
  train::TextAttackOptions search;
};

bool is_labelled(const TextPart& part) {
  return std::none_of(part.examples.begin(), part.examples.end(),
                      [](const TextExample& example) { return example.label < 0; });
}

/// The part that was asked for, else test, else validation, where its answers are known.
const TextPart& part_of(const TextTask& task, const std::string& name) {
  if (!name.empty()) {
    return task.part(name);
  }
  for (const char* usual : {"test", "validation"}) {
    const TextPart* part = task.find(usual);
    if (part != nullptr && is_labelled(*part)) {
      return *part;
    }
  }
  throw InvalidArgument(text("--part: ", task.name, " has neither a test nor a validation part ",
                             "whose answers are known; say which part is to be attacked"));
}

/// Number of each label of the task among those of the model.
std::vector<std::int32_t> map_labels(const std::vector<std::string>& task,
                                     const std::vector<std::string>& model) {
  std::vector<std::int32_t> map;
  for (const std::string& label : task) {
    const auto found = std::find(model.begin(), model.end(), label);
    if (found == model.end()) {
      throw InvalidArgument(
          text("--task: the model has no label \"", label, "\" that the task has"));
    }
    map.push_back(static_cast<std::int32_t>(found - model.begin()));
  }
  return map;
}

/// Numbers of so many examples, drawn with the seed, ascending: the same for every model.
std::vector<std::int64_t> draw(std::size_t examples, std::int64_t samples, std::uint64_t seed) {
  const core::RandomStream random(seed, core::Purpose::split);
  std::vector<std::int64_t> numbers(examples);
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  if (samples > 0 && samples < std::ssize(numbers)) {
    std::stable_sort(numbers.begin(), numbers.end(), [&](std::int64_t a, std::int64_t b) {
      return random.bits(static_cast<std::uint64_t>(a)) <
             random.bits(static_cast<std::uint64_t>(b));
    });
    numbers.resize(static_cast<std::size_t>(samples));
    std::sort(numbers.begin(), numbers.end());
  }
  return numbers;
}

std::vector<TextExample> examples_of(const TextPart& part, const std::vector<std::int64_t>& numbers,
                                     const std::vector<std::int32_t>& labels) {
  std::vector<TextExample> examples;
  for (const std::int64_t number : numbers) {
    examples.push_back(part.examples[static_cast<std::size_t>(number)]);
    const std::int32_t label = examples.back().label;
    examples.back().label = label < 0 ? label : labels.at(static_cast<std::size_t>(label));
  }
  return examples;
}

train::AttackedPart attacked_part(const std::string& name, bool pairs) {
  if (name == "second" && !pairs) {
    throw InvalidArgument("--attacked: expected first, the model takes one text, got second");
  }
  return name == "first" || !pairs ? train::AttackedPart::first : train::AttackedPart::second;
}

/// Everything an attack needs, loaded.
class Attacker {
 public:
  Attacker(const AttackCommandOptions& options, const GlobalOptions& global)
      : victim_(options.checkpoint),
        task_(data::load_text_task(options.task.empty() ? victim_.task().task : options.task,
                                   global.data_dir)),
        part_(part_of(task_, options.part)),
        words_(data::load_synonyms(global.data_dir, options.paraphrases)) {
    if (victim_.task().head != train::TextHead::classes) {
      throw InvalidArgument(text("--checkpoint: expected a classifier, got a model for ",
                                 train::to_string(victim_.task().head)));
    }
    if ((task_.kind == data::TextTaskKind::pair) != victim_.pairs() || task_.labels.empty()) {
      throw InvalidArgument(text("--task: expected classes of ",
                                 victim_.pairs() ? "pairs of texts" : "texts", ", got ",
                                 task_.name));
    }
    report_.options = options.search;
    report_.options.method = train::attack_method(options.attack);
    report_.options.edits = train::masked_edits(options.edits);
    report_.options.part = attacked_part(options.attacked, victim_.pairs());
    report_.options.same_ending = !options.any_ending;
    report_.options.seed = static_cast<std::uint64_t>(options.seed);
    load_proposals(options.proposals);
    describe(options, global);
  }

  TextAttackReport run(bool quiet) {
    const train::TextAttack attack(report_.options, words_.synonyms, proposer_);
    const std::vector<TextExample> examples =
        examples_of(part_, report_.numbers, map_labels(task_.labels, victim_.labels()));
    ProgressLine progress(std::ssize(examples), quiet);
    std::mutex mutex;
    std::int64_t done = 0;
    const auto start = std::chrono::steady_clock::now();
    report_.results = attack.attack(
        examples,
        [&](std::span<const train::TextInput> texts) { return victim_.probabilities(texts); },
        [&] {
          const std::lock_guard lock(mutex);
          ++done;
          if (progress.due()) {
            progress.show(done, text("attacked ", done, "/", examples.size()));
          }
        });
    report_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(report_);
  }

 private:
  void load_proposals(const std::string& folder) {
    const bool wanted = report_.options.method == train::AttackMethod::bae;
    if (wanted != !folder.empty()) {
      throw InvalidArgument(wanted ? "--proposals: expected the folder of a pretrained encoder, "
                                     "which --attack bae takes its words from"
                                   : "--proposals: only --attack bae takes words from a model");
    }
    if (wanted) {
      language_ = std::make_unique<train::SavedMaskedLanguage>(folder);
      proposer_ = train::propose_words(*language_, report_.options.max_candidates);
    }
  }

  void describe(const AttackCommandOptions& options, const GlobalOptions& global) {
    report_.command = global.command_line;
    report_.checkpoint = options.checkpoint;
    report_.task = task_.name;
    report_.task_sha256 = task_.sha256;
    report_.part = part_.name;
    report_.labels = victim_.labels();
    report_.threads = core::num_threads();
    report_.numbers = draw(part_.examples.size(), options.samples, report_.options.seed);
    report_.more = {{"samples", std::ssize(report_.numbers)},
                    {"paraphrases", options.paraphrases},
                    {"synonyms_sha256", words_.sha256}};
    if (!options.proposals.empty()) {
      report_.more["proposals"] = options.proposals;
    }
  }

  train::SavedText victim_;
  TextTask task_;
  const TextPart& part_;
  data::LoadedSynonyms words_;
  std::unique_ptr<train::SavedMaskedLanguage> language_;
  train::MaskedProposer proposer_;
  TextAttackReport report_;
};

void print(const TextAttackReport& report) {
  const train::TextAttackSummary summary = train::summarize(std::span(report.results));
  const std::int64_t tried = summary.examples - summary.skipped;
  std::cout << text("victim    ", report.checkpoint, "\nattack    ",
                    train::to_string(report.options.method), " on ",
                    with_thousands(summary.examples), " texts of ", report.task, ", ", report.part,
                    "\naccuracy  ", fixed(summary.accuracy_before, 4), " before, ",
                    fixed(summary.accuracy_after, 4), " under attack\n");
  if (summary.failed_share) {
    std::cout << text("failed    ", fixed(100 * *summary.failed_share, 1), " % of ", tried,
                      " attacks\n");
  }
  if (summary.changed) {
    std::cout << text("changed   ", fixed(100 * summary.changed->mean, 1),
                      " % of the words where it succeeded, similarity ",
                      fixed(summary.similarity->mean, 3), '\n');
  }
  if (summary.queries) {
    std::cout << text("queries   ", fixed(summary.queries->mean, 1), " a text, ",
                      with_thousands(summary.total_queries), " in all, ", fixed(report.seconds, 1),
                      " s\n");
  }
}

int attack_texts(const AttackCommandOptions& options, const GlobalOptions& global) {
  const TextAttackReport report = Attacker(options, global).run(global.quiet);
  if (!options.examples.empty()) {
    core::write_file_atomically(options.examples, train::to_examples(report));
  }
  if (!global.json.empty()) {
    core::write_file_atomically(global.json, train::to_json(report));
  }
  if (!global.quiet) {
    print(report);
  }
  return kSuccess;
}

void add_what(Command command, AttackCommandOptions& options) {
  command.add_option("--checkpoint", options.checkpoint, "Folder that `text train --out` wrote")
      .required()
      .type_name("DIR");
  command.add_option("--task", options.task, "Task to take texts from; else the one trained on")
      .type_name("NAME");
  command.add_option("--part", options.part, "Part of the task; else test, else validation")
      .type_name("NAME");
  command
      .add_option("--samples", options.samples,
                  "Texts to attack, drawn with the seed, the same for every model; 0: all")
      .check(whole_number_in(0, std::int64_t{1} << 40))
      .type_name("N");
  command.add_option("--attacked", options.attacked, "Of two texts: first or second, the default")
      .check(one_of({"first", "second"}))
      .type_name("NAME");
  command.add_option("--examples", options.examples, "Write texts before and after to this file")
      .type_name("FILE");
}

void add_how(Command command, AttackCommandOptions& options) {
  command.add_option("--attack", options.attack, "textfooler, textbugger or bae").type_name("NAME");
  command
      .add_option("--proposals", options.proposals,
                  "bae: folder of the pretrained encoder that proposes words")
      .type_name("DIR");
  command.add_option("--edits", options.edits, "bae: replace, insert, either or both")
      .type_name("NAME");
  command
      .add_option("--max-queries", options.search.max_queries, "Texts to ask about for one example")
      .type_name("N");
  command.add_option("--max-changed", options.search.max_changed, "Share of the words to change")
      .type_name("X");
  command
      .add_option("--min-similarity", options.search.min_similarity,
                  "Mean over the words of how near each is to what stood there")
      .type_name("X");
  command.add_option("--max-candidates", options.search.max_candidates, "Candidates for a word")
      .type_name("N");
  command.add_flag("--any-ending", options.any_ending,
                   "Words may be replaced by words of other endings (-ing, -ed, -ly, -s)");
  command.add_flag("--paraphrases", options.paraphrases, "Pairs of PPDB are synonyms too");
  command.add_option("--seed", options.seed, "Of the texts drawn and of typing errors")
      .check(whole_number_in(0, std::int64_t{1} << 53))
      .type_name("N");
}

}  // namespace

void add_text_attack(Command app, Action& action) {
  Command command = app.add_subcommand("attack", "Change texts until a classifier errs");
  const auto options = std::make_shared<AttackCommandOptions>();
  add_what(command, *options);
  add_how(command, *options);
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return attack_texts(*options, global); };
  });
}

}  // namespace attune::cli
