#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <numeric>
#include <vector>

#include "cli/command.hpp"
#include "cli/saved_model.hpp"
#include "cli/training_options.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/attention_coefficients.hpp>

namespace attune::cli {
namespace {

struct PredictOptions {
  std::string checkpoint;
  std::string dataset;
  std::string split;
  std::string output;
  std::string attention;
};

std::vector<double> probabilities(std::span<const float> logits) {
  std::vector<double> p(logits.begin(), logits.end());
  const double most = *std::max_element(p.begin(), p.end());
  double sum = 0;
  for (double& x : p) {
    x = std::exp(x - most);
    sum += x;
  }
  for (double& x : p) {
    x /= sum;
  }
  return p;
}

// Of each label on its own.
std::vector<double> label_probabilities(std::span<const float> logits) {
  std::vector<double> p(logits.begin(), logits.end());
  for (double& x : p) {
    x = 1 / (1 + std::exp(-x));
  }
  return p;
}

// `3`, or the labels that are more likely than not, as `0 4 17`.
std::string predicted(std::span<const float> logits, bool multi_label) {
  if (!multi_label) {
    return core::text(std::max_element(logits.begin(), logits.end()) - logits.begin());
  }
  std::string labels;
  for (std::size_t label = 0; label < logits.size(); ++label) {
    if (logits[label] > 0) {
      labels += core::text(labels.empty() ? "" : " ", label);
    }
  }
  return labels;
}

// node,predicted,p0,p1,...: a row a node, the shortest decimals that give the float back.
std::string to_csv(const core::Tensor& logits, bool multi_label) {
  const std::int64_t classes = logits.size(1);
  std::string csv = "node,predicted";
  for (std::int64_t c = 0; c < classes; ++c) {
    csv += core::text(",p", c);
  }
  csv += '\n';
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    const std::span<const float> of_node = logits.data<float>().subspan(i * classes, classes);
    const std::vector<double> p =
        multi_label ? label_probabilities(of_node) : probabilities(of_node);
    csv += core::text(i, ',', predicted(of_node, multi_label));
    for (const double x : p) {
      char digits[32];
      const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<float>(x));
      csv += ',';
      csv.append(digits, end.ptr);
    }
    csv += '\n';
  }
  return csv;
}

int predict(const PredictOptions& options, const GlobalOptions& global) {
  const SavedModel saved(options.checkpoint, options.dataset, global.data_dir, options.split);
  const core::Tensor logits = saved.logits();
  core::write_file_atomically(options.output, to_csv(logits, saved.dataset().multi_label()));
  if (!options.attention.empty()) {
    train::write_attention(options.attention,
                           train::attention_coefficients(saved.model(), saved.problem()));
  }
  if (!global.quiet) {
    std::cout << core::text("wrote ", logits.size(0), " predictions to ", options.output, '\n');
  }
  return kSuccess;
}

}  // namespace

void add_predict_command(Command app, Action& action) {
  Command command = app.add_subcommand("predict", "Classify every node with a saved model");
  const auto options = std::make_shared<PredictOptions>();
  command.add_option("--checkpoint", options->checkpoint, "Folder that `train --out` wrote")
      .required()
      .type_name("DIR");
  command
      .add_option("--dataset", options->dataset,
                  "Another data set than it was trained on, with the same features and classes")
      .type_name("NAME");
  add_split_option(command, options->split);
  command
      .add_option("--output", options->output,
                  "CSV: node, predicted class, or labels, probabilities")
      .required()
      .type_name("FILE");
  command
      .add_option(
          "--attention", options->attention,
          "Also write the attention coefficients of every layer, edge and head (.npz, or .csv by "
          "its name)")
      .type_name("FILE");
  command.callback([options, &action] {
    action = [options](const GlobalOptions& global) { return predict(*options, global); };
  });
}

}  // namespace attune::cli
