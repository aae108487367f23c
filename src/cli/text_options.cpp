#include "cli/text_options.hpp"

#include <algorithm>

namespace attune::cli {
namespace {

models::TextFamily family_of(const std::string& name) {
  if (name == "albert") {
    return models::TextFamily::albert;
  }
  return name == "roberta" ? models::TextFamily::roberta : models::TextFamily::bert;
}

}  // namespace

void add_encoder_options(Command command, EncoderSizes& sizes) {
  const std::string group = "A new encoder";
  command.add_option("--family", sizes.family, "Kind of encoder")
      .check(one_of({"bert", "roberta", "albert"}))
      .group(group);
  command.add_option("--hidden", sizes.hidden, "Channels of the layers")
      .type_name("N")
      .group(group);
  command.add_option("--layers", sizes.layers, "Layers").type_name("N").group(group);
  command.add_option("--heads", sizes.heads, "Heads of each layer").type_name("N").group(group);
  command
      .add_option("--intermediate", sizes.intermediate,
                  "Width of the feed-forward networks; 0: four times --hidden")
      .type_name("N")
      .group(group);
  command
      .add_option("--embedding", sizes.embedding,
                  "albert: width of the embeddings; 0: as --hidden, at most 128")
      .type_name("N")
      .group(group);
  command
      .add_option("--vocab-size", sizes.vocabulary,
                  "Tokens of the WordPiece vocabulary that is learned from the texts")
      .type_name("N")
      .group(group);
  command.add_option("--vocab", sizes.vocab, "Folder or file of a tokeniser to take instead")
      .type_name("PATH")
      .group(group);
}

void add_text_training_options(Command command, TextTrainingOptions& options) {
  command
      .add_option("--task", options.task,
                  "Name, FILE.tsv or FOLDER/ of label TAB text; see `attune datasets list`")
      .required()
      .type_name("NAME");
  const std::string group = "Model";
  command
      .add_option("--model", options.model,
                  "Folder of a BERT, RoBERTa or ALBERT with its tokeniser, as Hugging Face's "
                  "transformers or `text pretrain` write it")
      .type_name("DIR")
      .group(group);
  command
      .add_flag("--from-scratch", options.from_scratch,
                "Instead: an encoder that was not pretrained")
      .group(group);
  command.add_option("--max-length", options.max_length, "Tokens of a text; what is more is cut")
      .type_name("N")
      .group(group);
  command
      .add_option("--dropout", options.dropout,
                  "Of embeddings and layers [what the encoder was made with]")
      .type_name("P")
      .group(group);
  command
      .add_option("--attention-dropout", options.attention_dropout,
                  "Of coefficients [what the encoder was made with]")
      .type_name("P")
      .group(group);
  add_encoder_options(command, options.sizes);
  add_fit_options(command, options.fit, "texts", "the head");
  command
      .add_option("--holdout", options.holdout,
                  "Share of the training part to validate on where there is no such part")
      .type_name("P")
      .group("Training");
  // The plain game of GANs does not hold on texts: align::GanOptions::bounded.
  options.align.options.distance.bounded = true;
  add_alignment_options(command, options.align);
}

train::TextConfig make_text_config(const EncoderSizes& sizes, const data::Tokenizer& tokenizer,
                                   std::int64_t max_length) {
  const models::TextFamily family = family_of(sizes.family);
  const bool albert = family == models::TextFamily::albert;
  const std::int64_t pad = tokenizer.form().pad;
  const std::int64_t narrow =
      sizes.embedding > 0 ? sizes.embedding : std::min<std::int64_t>(sizes.hidden, 128);
  train::TextConfig config;
  config.encoder = {
      .family = family,
      .vocabulary = tokenizer.size(),
      .embedding_channels = albert ? narrow : sizes.hidden,
      .channels = sizes.hidden,
      .layers = sizes.layers,
      .heads = sizes.heads,
      .intermediate_channels = sizes.intermediate > 0 ? sizes.intermediate : 4 * sizes.hidden,
      .max_positions = max_length + (family == models::TextFamily::roberta ? pad + 1 : 0),
      .padding_token = pad,
      .layer_groups = albert ? 1 : 0,
      .activation = albert ? nn::HiddenActivation::gelu_tanh : nn::HiddenActivation::gelu};
  models::validate(config.encoder);
  return config;
}

train::Settings to_settings(const EncoderSizes& sizes) {
  return {{"family", sizes.family},         {"hidden", sizes.hidden},
          {"layers", sizes.layers},         {"heads", sizes.heads},
          {"vocab_size", sizes.vocabulary}, {"intermediate", sizes.intermediate},
          {"embedding", sizes.embedding}};
}

train::Settings to_settings(const TextTrainingOptions& options) {
  train::Settings settings = to_settings(options.align);
  if (options.from_scratch) {
    settings.merge(to_settings(options.sizes));
  }
  settings["task"] = options.task;
  settings["from_scratch"] = options.from_scratch;
  settings["max_length"] = options.max_length;
  settings["holdout"] = options.holdout;
  if (options.dropout) {
    settings["dropout"] = *options.dropout;
  }
  if (options.attention_dropout) {
    settings["attention_dropout"] = *options.attention_dropout;
  }
  add_settings(options.fit, settings);
  return settings;
}

}  // namespace attune::cli
