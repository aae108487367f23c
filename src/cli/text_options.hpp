#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/alignment_options.hpp"
#include "cli/arguments.hpp"
#include "cli/step_options.hpp"
#include <attune/data/text/tokenizer.hpp>
#include <attune/train/pretrained_text.hpp>
#include <attune/train/settings.hpp>

namespace attune::cli {

/// Sizes of an encoder that is made anew.
struct EncoderSizes {
  std::string family = "bert";
  std::int64_t hidden = 128;
  std::int64_t layers = 2;
  std::int64_t heads = 2;
  std::int64_t intermediate = 0;  ///< 0: four times hidden
  std::int64_t embedding = 0;     ///< of albert; 0: hidden, at most 128
  std::int64_t vocabulary = 8000;
  std::string vocab;  ///< folder or file of a tokeniser; empty: it is learned from the texts
};

/// Options of `text train` and `text sweep`.
struct TextTrainingOptions {
  std::string task;
  std::string model;  ///< folder of an encoder; empty: from scratch
  bool from_scratch = false;
  EncoderSizes sizes;
  std::int64_t max_length = 128;
  double holdout = 0.1;
  std::optional<double> dropout;            ///< unset: what the encoder's configuration says
  std::optional<double> attention_dropout;  ///< the same
  FitFlags fit;
  AlignmentFlags align;
};

/// `--family` and the sizes.
void add_encoder_options(Command command, EncoderSizes& sizes);

/// All of TextTrainingOptions.
void add_text_training_options(Command command, TextTrainingOptions& options);

/// Configuration of an encoder of these sizes.
/// @throws InvalidArgument  sizes that do not fit each other
[[nodiscard]] train::TextConfig make_text_config(const EncoderSizes& sizes,
                                                 const data::Tokenizer& tokenizer,
                                                 std::int64_t max_length);

/// What a checkpoint and a result say about them; without the seed.
[[nodiscard]] train::Settings to_settings(const EncoderSizes& sizes);
[[nodiscard]] train::Settings to_settings(const TextTrainingOptions& options);

}  // namespace attune::cli
