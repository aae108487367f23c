#include "cli/vqa_options.hpp"

#include <attune/core/text.hpp>

namespace attune::cli {
namespace {

void add_size_options(Command command, McanSizes& sizes) {
  const std::string group = "Model";
  const auto add = [&](const char* name, std::int64_t& size, const char* what) {
    command.add_option(name, size, what)
        .check(whole_number_in(0, std::int64_t{1} << 20))
        .type_name("N")
        .group(group);
  };
  add("--hidden", sizes.hidden, "Channels of the layers");
  add("--layers", sizes.layers, "Layers of the encoder, and as many of the decoder");
  add("--heads", sizes.heads, "Heads of each attention");
  add("--intermediate", sizes.intermediate,
      "Width of the feed-forward networks; 0: four times --hidden");
  add("--word-channels", sizes.word_channels, "Width of the embeddings of words; 0: as --hidden");
  command.add_option("--dropout", sizes.dropout, "Of everything but coefficients")
      .type_name("P")
      .group(group);
  command.add_option("--attention-dropout", sizes.attention_dropout, "Of coefficients")
      .type_name("P")
      .group(group);
  command
      .add_option("--word-deviation", sizes.word_deviation,
                  "Of the normal distribution that embeddings of words are drawn from")
      .type_name("X")
      .group(group);
}

void add_vocabulary_options(Command command, train::VqaVocabularyOptions& vocabulary) {
  const std::string group = "Words and answers";
  command.add_option("--max-words", vocabulary.max_words, "Of a question; what is more is cut")
      .type_name("N")
      .group(group);
  command
      .add_option("--min-words", vocabulary.min_word_count,
                  "Times that a word must come in the training questions")
      .type_name("N")
      .group(group);
  command
      .add_option("--min-answers", vocabulary.answers.min_count,
                  "Training questions that an answer must be the usual one of, to be chosen from")
      .type_name("N")
      .group(group);
  command
      .add_option("--max-answers", vocabulary.answers.max_answers,
                  "To choose from, the most frequent ones; 0: all")
      .type_name("N")
      .group(group);
}

}  // namespace

void add_vqa_data_option(Command command, std::string& data) {
  command.add_option("--data", data, "Folder of questions, annotations and regions")
      .required()
      .type_name("DIR");
}

void add_vqa_measuring_options(Command command, VqaMeasuring& measuring) {
  const std::string group = "Measuring";
  train::VqaEvaluationOptions& options = measuring.options;
  command
      .add_option("--noise-variance", measuring.noise_variances,
                  "Measure also with Gaussian noise added to the regions, of these variances")
      .check(number_in(0.0, 1e12))
      .delimiter(',')
      .type_name("X,...")
      .group(group);
  command.add_option("--noise-seed", options.noise.seed, "Of the noise, with an image's number")
      .type_name("N")
      .group(group);
  command
      .add_option("--pavpu-samples", options.sampling.samples,
                  "Passes with dropped coefficients that PAvPU is measured by; 0: it is not")
      .check(whole_number_in(0, 10000))
      .type_name("N")
      .group(group);
  command
      .add_option("--pavpu-dropout", options.sampling.dropout,
                  "Of the coefficients in these passes")
      .type_name("P")
      .group(group);
  command
      .add_option("--pavpu-p", options.sampling.threshold,
                  "p-value below which an answer counts as certain")
      .check(number_in(0.0, 1.0))
      .type_name("P")
      .group(group);
  command.add_option("--ece-bins", options.ece_bins, "Bins of the expected calibration error")
      .check(whole_number_in(1, 1000))
      .type_name("N")
      .group(group);
}

void add_vqa_training_options(Command command, VqaTrainingOptions& options) {
  add_vqa_data_option(command, options.data);
  add_size_options(command, options.sizes);
  add_vocabulary_options(command, options.vocabulary);
  add_fit_options(command, options.fit, "questions", "the parameters");
  add_vqa_measuring_options(command, options.measuring);
  // The plain game of GANs does not hold on sequences: align::GanOptions::bounded.
  options.align.options.distance.bounded = true;
  add_alignment_options(command, options.align);
  command
      .add_flag("--align-cross", options.align.options.cross,
                "Heads of guided attention, of an image to a question, are aligned too")
      .group("Alignment");
}

models::McanOptions mcan_options(const McanSizes& sizes, const train::VqaProblem& problem) {
  return {.vocabulary = problem.vocabulary.words.size(),
          .answers = problem.vocabulary.answers.size(),
          .word_channels = sizes.word_channels > 0 ? sizes.word_channels : sizes.hidden,
          .region_channels = problem.train.region_channels(),
          .channels = sizes.hidden,
          .layers = sizes.layers,
          .heads = sizes.heads,
          .intermediate_channels = sizes.intermediate > 0 ? sizes.intermediate : 4 * sizes.hidden,
          .reduction_channels = sizes.hidden,
          .fused_channels = 2 * sizes.hidden,
          .dropout = sizes.dropout,
          .attention_dropout = sizes.attention_dropout,
          .word_deviation = sizes.word_deviation};
}

train::Settings to_settings(const VqaMeasuring& measuring) {
  const train::VqaEvaluationOptions& options = measuring.options;
  std::string variances;
  for (const double variance : measuring.noise_variances) {
    variances += core::text(variances.empty() ? "" : ",", variance);
  }
  return {{"noise_variance", variances},
          {"noise_seed", static_cast<std::int64_t>(options.noise.seed)},
          {"pavpu_samples", options.sampling.samples},
          {"pavpu_dropout", options.sampling.dropout},
          {"pavpu_p", options.sampling.threshold},
          {"ece_bins", std::int64_t{options.ece_bins}}};
}

train::Settings to_settings(const VqaTrainingOptions& options) {
  train::Settings settings = to_settings(options.align);
  if (options.align.active()) {
    settings["align_cross"] = options.align.options.cross;
  }
  settings.merge(to_settings(options.measuring));
  settings["hidden"] = options.sizes.hidden;
  settings["layers"] = options.sizes.layers;
  settings["heads"] = options.sizes.heads;
  settings["intermediate"] = options.sizes.intermediate;
  settings["word_channels"] = options.sizes.word_channels;
  settings["dropout"] = options.sizes.dropout;
  settings["attention_dropout"] = options.sizes.attention_dropout;
  settings["word_deviation"] = options.sizes.word_deviation;
  settings["max_words"] = options.vocabulary.max_words;
  settings["min_words"] = options.vocabulary.min_word_count;
  settings["min_answers"] = options.vocabulary.answers.min_count;
  settings["max_answers"] = options.vocabulary.answers.max_answers;
  add_settings(options.fit, settings);
  return settings;
}

}  // namespace attune::cli
