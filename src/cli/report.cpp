#include "cli/report.hpp"

#include <ostream>

#include "cli/training_run.hpp"
#include <attune/core/text.hpp>

namespace attune::cli {

using core::text;

std::string describe(const train::EpochReport& epoch, std::int64_t epochs, bool multi_label) {
  std::string line =
      text("epoch ", epoch.epoch, "/", epochs, "  loss ", fixed(epoch.train_loss, 4));
  if (epoch.validation) {
    line += text(multi_label ? "  validation micro-F1 " : "  validation accuracy ",
                 fixed(epoch.validation->accuracy, 4));
  }
  return line;
}

void print_metrics(std::ostream& out, const char* part,
                   const std::optional<train::ClassificationMetrics>& metrics, bool multi_label) {
  if (!metrics) {
    return;
  }
  std::string name(part);
  name.resize(12, ' ');
  out << name;
  if (multi_label) {
    out << "micro-F1 " << fixed(metrics->micro_f1, 4) << "  ";
  }
  out << "accuracy " << fixed(metrics->accuracy, 4) << "  macro-F1 " << fixed(metrics->macro_f1, 4)
      << "  NLL " << fixed(metrics->nll, 4) << "  ECE " << fixed(metrics->ece, 4);
  if (metrics->roc_auc) {
    out << "  ROC-AUC " << fixed(*metrics->roc_auc, 4);
  }
  out << '\n';
}

void print_run(std::ostream& out, const data::NodeDataset& dataset, const TrainingOptions& options,
               const train::RunResult& run) {
  const train::FitResult& fit = run.fit;
  out << "dataset     " << describe(dataset) << '\n' << "model       " << options.model;
  if (options.align.active()) {
    out << ", heads aligned by " << options.align.kind << " with weight "
        << options.align.options.weight;
  }
  out << "\ntrained     " << fit.epochs << " epochs, best " << fit.best_epoch << "; "
      << fixed(fit.seconds, 2) << " s, " << fixed(fit.ms_per_epoch, 2) << " ms an epoch\n";
  print_metrics(out, "train", fit.train, dataset.multi_label());
  print_metrics(out, "validation", fit.validation, dataset.multi_label());
  print_metrics(out, "test", fit.test, dataset.multi_label());
  if (run.mmd) {
    out << "heads       MMD of queries and keys " << fixed(*run.mmd, 4) << '\n';
  }
}

}  // namespace attune::cli
