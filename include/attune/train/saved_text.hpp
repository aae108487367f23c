#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <attune/core/tensor.hpp>
#include <attune/data/text/encoded_text.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/data/text/tokenizer.hpp>
#include <attune/train/text_predictor.hpp>

// Models on texts in folders that Hugging Face's transformers read too: config.json,
// model.safetensors, the files of the tokeniser and, of a fine-tuned model, attune_task.json.
namespace attune::train {

/// What a fine-tuned model was made for.
struct TextTaskDescription {
  std::string task;                      ///< name of the task it was trained on
  std::string task_sha256 = {};          ///< of its files
  TextHead head = TextHead::classes;     ///< what it says
  bool pairs = false;                    ///< of two texts; of choices and spans always
  std::vector<std::string> labels = {};  ///< of classes
  std::string metric = {};               ///< that it was chosen by
  std::int64_t max_tokens = 128;         ///< of a text, special ones included
  bool may_be_none = false;              ///< of spans: some questions have no answer
  double none_threshold = 0;             ///< of spans: SpanChoiceOptions::none_threshold
};

/// Writes a fine-tuned model with its tokeniser. The folder is made if it is missing.
/// @throws FileError  the system refuses
void save_fine_tuned(const std::string& folder, const TextPredictor& predictor,
                     const TextConfig& config, const data::Tokenizer& tokenizer,
                     const TextTaskDescription& task);

/// One text, or two.
struct TextInput {
  std::string first;        ///< the text, or the first of two
  std::string second = {};  ///< of a pair
};

/// A fine-tuned model that was saved. Calls from several threads at once are allowed.
class SavedText {
 public:
  /// @throws FileError  the folder holds no fine-tuned model, a file of it is missing or malformed,
  ///                    or the files contradict each other
  explicit SavedText(const std::string& folder);

  /// What it was made for.
  [[nodiscard]] const TextTaskDescription& task() const noexcept { return task_; }
  /// Names of the classes.
  [[nodiscard]] const std::vector<std::string>& labels() const noexcept { return task_.labels; }
  /// Whether it takes two texts.
  [[nodiscard]] bool pairs() const noexcept { return task_.pairs; }
  /// It was trained with.
  [[nodiscard]] const data::Tokenizer& tokenizer() const noexcept { return *tokenizer_; }
  /// Encoder and head.
  [[nodiscard]] const TextPredictor& predictor() const noexcept { return *predictor_; }
  /// Sizes of the encoder.
  [[nodiscard]] const TextConfig& config() const noexcept { return config_; }

  /// As the encoder takes it, shortened to task().max_tokens.
  [[nodiscard]] data::EncodedText encode(const TextInput& input) const;
  /// Logits of any number of texts, which are computed by length, so many at a time.
  /// @return  [texts.size(), labels]
  /// @throws InvalidArgument  no text, or the model is no classifier
  [[nodiscard]] core::Tensor logits(std::span<const data::EncodedText> texts,
                                    std::int64_t batch_size = 32) const;
  /// Probabilities of the classes: softmax of the logits, [inputs.size(), labels].
  /// @throws InvalidArgument  as logits()
  [[nodiscard]] core::Tensor probabilities(std::span<const TextInput> inputs,
                                           std::int64_t batch_size = 32) const;

 private:
  TextTaskDescription task_;
  TextConfig config_;
  std::shared_ptr<const data::Tokenizer> tokenizer_;
  std::unique_ptr<TextPredictor> predictor_;
};

/// A token that may stand at a place.
struct TokenProposal {
  std::int32_t token = 0;  ///< its number
  double probability = 0;  ///< by the model
};

/// A pretrained masked language model that was saved. Calls from several threads at once are
/// allowed.
class SavedMaskedLanguage {
 public:
  /// @throws FileError  the folder holds no encoder with a head that guesses tokens and a tokeniser
  explicit SavedMaskedLanguage(const std::string& folder);

  /// It was trained with.
  [[nodiscard]] const data::Tokenizer& tokenizer() const noexcept { return *tokenizer_; }
  /// Sizes of the encoder.
  [[nodiscard]] const TextConfig& config() const noexcept { return config_; }

  /// The likeliest tokens at one place of each text, likeliest first, special ones left out. What
  /// stands there is read as it is: mask it or not.
  /// @param places  of each text, a token
  /// @throws InvalidArgument  no text, not one place a text, one outside its text, or count below 1
  [[nodiscard]] std::vector<std::vector<TokenProposal>> proposals(
      std::span<const data::EncodedText> texts, std::span<const std::int32_t> places,
      std::int64_t count, std::int64_t batch_size = 32) const;

 private:
  TextConfig config_;
  std::shared_ptr<const data::Tokenizer> tokenizer_;
  std::unique_ptr<models::MaskedLanguageModel> model_;
};

}  // namespace attune::train
