#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <attune/data/text/encoded_text.hpp>
#include <attune/data/text/raw_text.hpp>
#include <attune/data/text/span_windows.hpp>
#include <attune/data/text/squad.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/data/text/tokenizer.hpp>
#include <attune/train/text_predictor.hpp>

namespace attune::train {

/// How a task is made ready for a model.
struct TextProblemOptions {
  std::int64_t max_tokens = 128;   ///< of a text, special ones included
  double holdout = 0.1;            ///< share of train where there is no validation part
  std::uint64_t holdout_seed = 0;  ///< of that share
};

/// One part of a task as a model takes it: examples, or windows of passages.
struct TextProblemPart {
  std::string name;                                      ///< as data::TextPart
  data::EncodedExamples examples = {};                   ///< of all heads but spans
  std::shared_ptr<const data::SpanTask> questions = {};  ///< of spans
  std::vector<data::SpanWindow> windows = {};            ///< of spans, in the order of questions
  bool labelled = false;                                 ///< the answers to all of it are known

  /// Tokens of each item that is trained on: an example, or a window. [num_items]
  [[nodiscard]] std::vector<std::int64_t> lengths() const;
  /// Examples, or windows.
  [[nodiscard]] std::int64_t num_items() const noexcept;
  /// Examples, or questions.
  [[nodiscard]] std::int64_t num_examples() const noexcept;
  /// Texts of items side by side.
  /// @throws InvalidArgument  no item, or one out of range
  [[nodiscard]] models::TextBatch batch(std::span<const std::int64_t> items) const;
};

/// A task on texts, tokenised.
struct TextProblem {
  std::string name;                         ///< as load_text_problem() was given it
  TextHead head = TextHead::classes;        ///< that it needs
  bool pairs = false;                       ///< of two texts
  std::vector<std::string> labels = {};     ///< of classes
  std::string metric = {};                  ///< to choose by
  std::vector<TextProblemPart> parts = {};  ///< those whose files are there
  std::string validation = {};              ///< name of the labelled part to choose by; empty: none
  std::string test = {};                    ///< name of the labelled part to be judged on; empty
  bool held_out = false;                    ///< validation is a share of train
  bool may_be_none = false;                 ///< spans: some questions have no answer
  std::int64_t max_tokens = 128;            ///< texts were shortened to
  std::string sha256 = {};                  ///< of the files
  std::string source = {};                  ///< folder or file

  /// The part of this name; nothing where there is none.
  [[nodiscard]] const TextProblemPart* find(const std::string& part) const noexcept;
  /// The part to train on.
  /// @throws InvalidArgument  there is none; says so
  [[nodiscard]] const TextProblemPart& training() const;
};

/// How passages are cut for a model that takes so many tokens: the defaults, where they leave room.
[[nodiscard]] data::SpanWindowOptions span_window_options(std::int64_t max_tokens);

/// The texts of the part train of any task that load_text_problem() takes, to learn a vocabulary
/// or to pretrain on.
/// @throws InvalidArgument, FileError  as load_text_problem(), or there is no such part
[[nodiscard]] data::RawText load_training_texts(const std::string& name,
                                                const std::string& data_dir);

/// Makes a task ready: data::load_text_task(), or `squad` and `squad2`, which are read from
/// FOLDER/text/squad/{train,dev}-{v1.1,v2.0}.json. Where it has a part to train on and no labelled
/// validation part, a share of the former is held out.
/// @throws as data::load_text_task() and data::encode_examples()
[[nodiscard]] TextProblem load_text_problem(const std::string& name, const std::string& data_dir,
                                            const data::Tokenizer& tokenizer,
                                            const TextProblemOptions& options = {});

}  // namespace attune::train
