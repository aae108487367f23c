#include "cli/report.hpp"

#include <ostream>

#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

std::string describe(const train::EpochReport& epoch, std::int64_t epochs) {
  std::string line =
      text("epoch ", epoch.epoch, "/", epochs, "  loss ", fixed(epoch.train_loss, 4));
  if (epoch.validation) {
    line += text("  validation accuracy ", fixed(epoch.validation->accuracy, 4));
  }
  return line;
}

void print_metrics(std::ostream& out, const char* part,
                   const std::optional<train::ClassificationMetrics>& metrics) {
  if (!metrics) {
    return;
  }
  std::string name(part);
  name.resize(12, ' ');
  out << name << "accuracy " << fixed(metrics->accuracy, 4) << "  macro-F1 "
      << fixed(metrics->macro_f1, 4) << "  NLL " << fixed(metrics->nll, 4) << "  ECE "
      << fixed(metrics->ece, 4) << '\n';
}

void print_run(std::ostream& out, const data::NodeDataset& dataset, const std::string& model_name,
               const nn::Module& model, const train::FitResult& result) {
  out << "dataset     " << describe(dataset) << '\n'
      << "model       " << model_name << ", " << with_thousands(model.num_parameters())
      << " parameters\n"
      << "trained     " << result.epochs << " epochs, best " << result.best_epoch << "; "
      << fixed(result.seconds, 2) << " s, " << fixed(result.ms_per_epoch, 2) << " ms an epoch\n";
  print_metrics(out, "train", result.train);
  print_metrics(out, "validation", result.validation);
  print_metrics(out, "test", result.test);
}

}  // namespace attune::cli
