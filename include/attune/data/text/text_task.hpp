#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <attune/data/registry.hpp>

namespace attune::data {

/// What is asked of an example.
enum class TextTaskKind {
  sentence,  ///< the class of one text
  pair,      ///< the class of two
  score,     ///< a number for two
  choice,    ///< which of several endings goes on with a text
};

/// One thing to answer. What its kind does not use is empty.
struct TextExample {
  std::string first = {};                 ///< the text, the premise, or what the endings go on with
  std::string second = {};                ///< the hypothesis; of a choice: how every ending begins
  std::vector<std::string> endings = {};  ///< of a choice
  std::int32_t label = -1;                ///< class, or number of the right ending; -1 unknown
  float score = 0;                        ///< of kind score; NaN unknown
};

/// Examples of one use: `train`, `validation`, `test`, or another set of examples of the same task.
struct TextPart {
  std::string name = {};                   ///< unique in the task
  std::vector<TextExample> examples = {};  ///< in the order of the file
  std::int64_t skipped = 0;  ///< lines left out because the format says that they mean nothing
};

/// Texts and what is asked about them.
struct TextTask {
  std::string name = {};                       ///< as load_text_task() was given it
  TextTaskKind kind = TextTaskKind::sentence;  ///< of every example
  std::vector<std::string> labels = {};        ///< names of the classes, none for score and choice
  std::vector<std::string> metrics = {};       ///< that are customary, the first to choose by
  std::vector<TextPart> parts = {};            ///< those whose files are there
  std::string sha256 = {};                     ///< of the files in the order of reading
  std::string source = {};                     ///< folder or file

  /// The part of this name; nothing where there is none.
  [[nodiscard]] const TextPart* find(const std::string& part) const noexcept;
  /// @throws InvalidArgument  there is none; says which there are
  [[nodiscard]] const TextPart& part(const std::string& part) const;
};

/// The data sets that load_text_task() knows by name, whether their files are here or not.
[[nodiscard]] std::vector<KnownDataset> known_text_tasks();

/// A task by name, from FOLDER/text/... of data_folders(data_dir), in the files that its publishers
/// give out. Parts whose file is missing are left out; one must be there. Or a file or folder of
/// one's own:
///
///     PATH.tsv, PATH.txt    label TAB text, or label TAB text TAB text, a line each; part `test`
///     PATH/                 train.tsv, dev.tsv (or validation.tsv, valid.tsv) and test.tsv of
///     these
///
/// Labels of one's own files are numbered in the order of their names. Texts are UTF-8.
/// @throws InvalidArgument  an unknown name (says which are near)
/// @throws FileError        files that are missing (says where they were looked for and what they
///                          are called) or malformed: file, line, what was expected and found
[[nodiscard]] TextTask load_text_task(const std::string& name, const std::string& data_dir = {});

/// Whether load_text_task() takes this name: a known one, or a path that ends in .tsv or .txt.
[[nodiscard]] bool is_text_task(const std::string& name);

/// Whether a file of a known task is in data_folders(data_dir).
/// @throws InvalidArgument  an unknown name
/// @throws FileError        data_dir is no folder
[[nodiscard]] bool has_text_task(const std::string& name, const std::string& data_dir = {});

/// Takes a share of a part's examples away, spread evenly over the classes, and makes them a part
/// of their own: the same ones for the same seed. For tasks without a validation part.
/// @throws InvalidArgument  no such part, or one named `to` is there already; a share outside (0,
/// 1)
void hold_out(TextTask& task, const std::string& from, const std::string& to, double share,
              std::uint64_t seed);

}  // namespace attune::data
