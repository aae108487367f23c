#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/json_fields.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>
#include <attune/data/text/batches.hpp>
#include <attune/train/saved_text.hpp>

namespace attune::train {

using core::Tensor;
using core::text;
using nlohmann::json;

namespace {

constexpr const char* kTaskFile = "/attune_task.json";
constexpr const char* kConfigFile = "/config.json";
constexpr const char* kFormat = "attune text model";
constexpr std::int64_t kFormatVersion = 1;
constexpr std::int64_t kMostTaskBytes = 16 << 20;

// ---- what it was made for

std::string encode_task(const TextTaskDescription& task) {
  const json object = {{"format", kFormat},
                       {"format_version", kFormatVersion},
                       {"version", ATTUNE_VERSION},
                       {"task", task.task},
                       {"task_sha256", task.task_sha256},
                       {"head", to_string(task.head)},
                       {"pairs", task.pairs},
                       {"metric", task.metric},
                       {"max_tokens", task.max_tokens},
                       {"may_be_none", task.may_be_none},
                       {"none_threshold", task.none_threshold}};
  return object.dump(2) + "\n";
}

TextTaskDescription read_task(const std::string& folder) {
  const std::string path = folder + kTaskFile;
  const json object = parse_json(core::read_file(path, kMostTaskBytes), path);
  const JsonFields top(object, path);
  if (top.text("format") != kFormat || top.integer("format_version") != kFormatVersion) {
    throw FileError(path, text("expected the format ", kFormat, " ", kFormatVersion));
  }
  TextTaskDescription task{.task = top.text("task"),
                           .task_sha256 = top.text("task_sha256"),
                           .pairs = top.truth("pairs"),
                           .metric = top.text("metric"),
                           .max_tokens = top.integer("max_tokens"),
                           .may_be_none = top.truth("may_be_none"),
                           .none_threshold = top.number("none_threshold")};
  try {
    task.head = text_head(top.text("head"));
  } catch (const InvalidArgument& error) {
    throw FileError(path, error.what());
  }
  return task;
}

void require_fit(const TextTaskDescription& task, const TextConfig& config,
                 const std::string& folder) {
  const std::string path = folder + kTaskFile;
  if (task.head == TextHead::classes && task.labels.size() < 2) {
    throw FileError(folder + kConfigFile,
                    text("id2label: expected at least two labels, found ", task.labels.size()));
  }
  const std::int64_t most = models::max_tokens(config.encoder);
  if (task.max_tokens < 5 || task.max_tokens > most) {
    throw FileError(path, text("max_tokens: expected 5 to ", most,
                               ", which the encoder takes, found ", task.max_tokens));
  }
  if (!std::isfinite(task.none_threshold)) {
    throw FileError(path, "none_threshold: expected a finite number");
  }
}

std::shared_ptr<const data::Tokenizer> tokenizer_of(const std::string& folder,
                                                    const TextConfig& config) {
  std::shared_ptr<const data::Tokenizer> tokenizer = data::load_tokenizer(folder);
  if (tokenizer->size() > config.encoder.vocabulary) {
    throw FileError(folder + kConfigFile,
                    text("vocab_size: expected at least ", tokenizer->size(),
                         ", the tokens of the tokeniser, found ", config.encoder.vocabulary));
  }
  return tokenizer;
}

// ---- passes over texts

using Numbers = std::vector<std::int64_t>;

std::vector<Numbers> by_length(std::span<const data::EncodedText> texts, std::int64_t batch_size) {
  Numbers lengths;
  for (const data::EncodedText& one : texts) {
    lengths.push_back(one.length());
  }
  return data::plan_in_order(lengths, batch_size);
}

models::TextBatch packed(std::span<const data::EncodedText> texts, const Numbers& which) {
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<std::vector<std::int32_t>> types;
  for (const std::int64_t i : which) {
    tokens.push_back(texts[static_cast<std::size_t>(i)].tokens);
    types.push_back(texts[static_cast<std::size_t>(i)].types);
  }
  return models::pack_texts(tokens, types);
}

void softmax(std::span<float> row) {
  const float most = *std::max_element(row.begin(), row.end());
  double sum = 0;
  for (const float x : row) {
    sum += std::exp(static_cast<double>(x) - most);
  }
  for (float& x : row) {
    x = static_cast<float>(std::exp(static_cast<double>(x) - most) / sum);
  }
}

std::set<std::int32_t> special_tokens(const data::Tokenizer& tokenizer) {
  const data::SequenceForm& form = tokenizer.form();
  return {form.pad, form.unk, form.cls, form.sep, form.mask};
}

std::vector<TokenProposal> likeliest(std::span<const float> logits,
                                     const std::set<std::int32_t>& special, std::int64_t count) {
  std::vector<std::int32_t> order;
  for (std::size_t token = 0; token < logits.size(); ++token) {
    if (!special.contains(static_cast<std::int32_t>(token))) {
      order.push_back(static_cast<std::int32_t>(token));
    }
  }
  const auto kept = std::min<std::ptrdiff_t>(count, std::ssize(order));
  const auto likelier = [&](std::int32_t a, std::int32_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + kept, order.end(), likelier);
  order.resize(static_cast<std::size_t>(kept));
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float x : logits) {
    sum += std::exp(x - most);
  }
  std::vector<TokenProposal> found;
  for (const std::int32_t token : order) {
    found.push_back({.token = token, .probability = std::exp(logits[token] - most) / sum});
  }
  return found;
}

}  // namespace

void save_fine_tuned(const std::string& folder, const TextPredictor& predictor,
                     const TextConfig& config, const data::Tokenizer& tokenizer,
                     const TextTaskDescription& task) {
  TextConfig named = config;
  named.labels = task.head == TextHead::score ? std::vector<std::string>{"score"} : task.labels;
  save_pretrained(predictor.model(), named, folder);
  tokenizer.save(folder);
  core::write_file_atomically(folder + kTaskFile, encode_task(task));
}

SavedText::SavedText(const std::string& folder)
    : task_(read_task(folder)), config_(read_text_config(folder + kConfigFile)) {
  if (task_.head == TextHead::classes) {
    task_.labels = config_.labels;
  }
  require_fit(task_, config_, folder);
  tokenizer_ = tokenizer_of(folder, config_);
  predictor_ = std::make_unique<TextPredictor>(config_, task_.head, std::ssize(task_.labels), 0);
  const PretrainedReport report = load_pretrained(predictor_->model(), config_.encoder, folder);
  if (!report.missing.empty()) {
    throw FileError(folder + "/model.safetensors",
                    text(report.missing.front(), ": expected a tensor, found none"));
  }
}

data::EncodedText SavedText::encode(const TextInput& input) const {
  return task_.pairs ? data::encode_pair(*tokenizer_, input.first, input.second, task_.max_tokens)
                     : data::encode_text(*tokenizer_, input.first, task_.max_tokens);
}

Tensor SavedText::logits(std::span<const data::EncodedText> texts, std::int64_t batch_size) const {
  if (task_.head != TextHead::classes) {
    throw InvalidArgument(
        text("SavedText: expected a classifier, got a model for ", to_string(task_.head)));
  }
  if (texts.empty()) {
    throw InvalidArgument("SavedText: expected at least one text, got none");
  }
  const std::int64_t labels = predictor_->num_labels();
  Tensor all = Tensor::empty({std::ssize(texts), labels});
  const std::span<float> out = all.mutable_data<float>();
  const autograd::NoGradScope no_grad;
  for (const Numbers& which : by_length(texts, batch_size)) {
    nn::ForwardContext ctx;
    const Tensor part = predictor_->forward(packed(texts, which), ctx).value();
    const std::span<const float> from = part.data<float>();
    for (std::size_t i = 0; i < which.size(); ++i) {
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(i) * labels, labels,
                  out.begin() + which[i] * labels);
    }
  }
  return all;
}

Tensor SavedText::probabilities(std::span<const TextInput> inputs, std::int64_t batch_size) const {
  std::vector<data::EncodedText> texts;
  for (const TextInput& input : inputs) {
    texts.push_back(encode(input));
  }
  Tensor p = logits(texts, batch_size);
  const auto labels = static_cast<std::size_t>(p.size(1));
  const std::span<float> values = p.mutable_data<float>();
  for (std::size_t row = 0; row < texts.size(); ++row) {
    softmax(values.subspan(row * labels, labels));
  }
  return p;
}

SavedMaskedLanguage::SavedMaskedLanguage(const std::string& folder)
    : config_(read_text_config(folder + kConfigFile)), tokenizer_(tokenizer_of(folder, config_)) {
  nn::Initializer init(0);
  model_ = std::make_unique<models::MaskedLanguageModel>(config_.encoder, init);
  const PretrainedReport report = load_pretrained(*model_, config_.encoder, folder);
  if (!report.missing.empty()) {
    throw FileError(folder + "/model.safetensors",
                    text(report.missing.front(),
                         ": expected a tensor of the head that guesses tokens, found none"));
  }
}

std::vector<std::vector<TokenProposal>> SavedMaskedLanguage::proposals(
    std::span<const data::EncodedText> texts, std::span<const std::int32_t> places,
    std::int64_t count, std::int64_t batch_size) const {
  if (texts.empty() || texts.size() != places.size() || count < 1) {
    throw InvalidArgument(text("proposals: expected texts, a place each and a count above 0, got ",
                               texts.size(), ", ", places.size(), " and ", count));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (places[i] < 0 || places[i] >= texts[i].length()) {
      throw InvalidArgument(text("proposals: place must be in [0, ", texts[i].length(),
                                 ") of text ", i, ", got ", places[i]));
    }
  }
  const std::set<std::int32_t> special = special_tokens(*tokenizer_);
  std::vector<std::vector<TokenProposal>> all(texts.size());
  const autograd::NoGradScope no_grad;
  for (const Numbers& which : by_length(texts, batch_size)) {
    const models::TextBatch batch = packed(texts, which);
    std::vector<std::int32_t> rows;
    for (std::size_t i = 0; i < which.size(); ++i) {
      rows.push_back(static_cast<std::int32_t>(batch.starts[i]) +
                     places[static_cast<std::size_t>(which[i])]);
    }
    nn::ForwardContext ctx;
    const Tensor logits = model_->forward(batch, rows, ctx).value();
    // Rows of the table beyond the tokeniser's tokens stand for nothing.
    const auto width = static_cast<std::size_t>(logits.size(1));
    const auto tokens = static_cast<std::size_t>(tokenizer_->size());
    for (std::size_t i = 0; i < which.size(); ++i) {
      all[static_cast<std::size_t>(which[i])] =
          likeliest(logits.data<float>().subspan(i * width, tokens), special, count);
    }
  }
  return all;
}

}  // namespace attune::train
