#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <attune/train/settings.hpp>
#include <attune/train/statistics.hpp>
#include <attune/train/text_attack.hpp>

namespace attune::train {

/// What attacks on some examples came to.
struct TextAttackSummary {
  std::int64_t examples = 0;   ///< all of them
  std::int64_t skipped = 0;    ///< wrong before any attack
  std::int64_t failed = 0;     ///< right in spite of it
  std::int64_t succeeded = 0;  ///< wrong because of it
  double accuracy_before = 0;  ///< share of the examples that is right without an attack
  double accuracy_after = 0;   ///< share of the examples that is right under it
  /// Attacks that failed, of those that were tried, as a fraction: Table 3 of Zhang et al. gives it
  /// in percent. Nothing where all were skipped.
  std::optional<double> failed_share = std::nullopt;
  std::optional<Summary> changed = std::nullopt;     ///< share of words, of attacks that succeeded
  std::optional<Summary> similarity = std::nullopt;  ///< likewise
  std::optional<Summary> queries = std::nullopt;     ///< of the attacks that were tried
  std::int64_t total_queries = 0;                    ///< of all examples
};

/// Counts and means.
/// @throws InvalidArgument  no result
[[nodiscard]] TextAttackSummary summarize(std::span<const TextAttackResult> results);

/// What `text attack` found.
struct TextAttackReport {
  std::string command = {};                    ///< as it was typed
  std::string checkpoint = {};                 ///< folder of the victim
  std::string task = {};                       ///< that the examples are of
  std::string task_sha256 = {};                ///< of its files
  std::string part = {};                       ///< of the task
  std::vector<std::string> labels = {};        ///< names of the classes
  TextAttackOptions options = {};              ///< of the attack
  Settings more = {};                          ///< options of the command beyond those
  std::int64_t threads = 1;                    ///< that it ran on
  double seconds = 0;                          ///< that the attacks took
  std::vector<std::int64_t> numbers = {};      ///< of the examples in the part, from 0
  std::vector<TextAttackResult> results = {};  ///< of these, in their order
};

/// Summary, options and every example, indented. What is missing is left out; null never appears;
/// bytes that are not UTF-8 are written as U+FFFD.
/// @throws InvalidArgument  no result, or not one number a result
[[nodiscard]] std::string to_json(const TextAttackReport& report);

/// The attacks that succeeded, to be read: of each the answer before and after, and both texts with
/// the changed words in [[ ]]; behind them those that failed, how far they came.
/// @throws InvalidArgument  as to_json()
[[nodiscard]] std::string to_examples(const TextAttackReport& report);

}  // namespace attune::train
