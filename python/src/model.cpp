#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "cli/command.hpp"
#include "cli/training_arguments.hpp"
#include "cli/training_run.hpp"
#include "dataset.hpp"
#include "module.hpp"
#include "parameters.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/registry.hpp>
#include <attune/data/split.hpp>
#include <attune/train/checkpoint.hpp>
#include <attune/train/metrics.hpp>
#include <attune/train/result.hpp>

namespace attune::python {

using core::Tensor;
using SharedDataset = std::shared_ptr<Dataset>;

namespace {

// ---- a trained model

// The model of a run, and the run itself, so that it can be saved and continued.
class Model {
 public:
  // @param dataset  that it was trained on, null where nobody brought it
  Model(train::Checkpoint checkpoint, SharedDataset dataset)
      : checkpoint_(std::move(checkpoint)), dataset_(std::move(dataset)), model_(options(), 0) {
    train::load_best_parameters(model_, checkpoint_);
  }

  [[nodiscard]] const models::GraphClassifier& module() const noexcept { return model_; }
  [[nodiscard]] const train::Checkpoint& checkpoint() const noexcept { return checkpoint_; }

  // With the parameters that the model has now.
  void save(const std::string& folder) const {
    train::Checkpoint copy = checkpoint_;
    copy.state.best_parameters.clear();
    for (const std::vector<nn::NamedParameter>& all : {model_.parameters(), model_.buffers()}) {
      for (const nn::NamedParameter& each : all) {
        copy.state.best_parameters.push_back({each.name, each.variable.value()});
      }
    }
    train::save_checkpoint(folder, copy);
  }

  // Its nodes have any number of labels, not one class each.
  [[nodiscard]] bool multi_label() const {
    return checkpoint_.description.dataset.contains("multi_label");  // there where it is true
  }

  // The one it was trained on for null.
  [[nodiscard]] SharedDataset dataset_or_own(const SharedDataset& dataset) const {
    const SharedDataset& found = dataset ? dataset : dataset_;
    if (!found) {
      throw InvalidArgument(
          "Model: dataset: expected one, since a model that was loaded has none of its own");
    }
    const data::NodeDataset& data = found->data();
    if (data.multi_label() != multi_label()) {
      const auto what = [](bool several) { return several ? "several labels" : "one class"; };
      throw InvalidArgument(core::text("Model: dataset: the model gives a node ",
                                       what(multi_label()), "; nodes of ", data.name, " have ",
                                       what(data.multi_label())));
    }
    const models::GraphClassifierOptions& wanted = model_.options();
    if (wanted.in_channels != data.features.columns() || wanted.num_classes != data.num_classes) {
      throw InvalidArgument(core::text("Model: dataset: the model takes ", wanted.in_channels,
                                       " features and ", wanted.num_classes, " classes; ",
                                       data.name, " has ", data.features.columns(), " and ",
                                       data.num_classes));
    }
    return found;
  }

 private:
  [[nodiscard]] models::GraphClassifierOptions options() const {
    try {
      return train::graph_classifier_options(checkpoint_.description.model);
    } catch (const InvalidArgument& error) {
      throw FileError(checkpoint_.path, error.what());
    }
  }

  train::Checkpoint checkpoint_;
  SharedDataset dataset_;
  models::GraphClassifier model_;
};

// Keeps what every layer reports.
class Listener final : public nn::HeadSink, public nn::AttentionSink {
 public:
  void receive(const nn::AttentionHeads& heads) override {
    clouds.emplace_back(heads.queries.value(), heads.keys.value());
  }
  void receive(const Tensor& coefficients) override { alpha.push_back(coefficients); }

  std::vector<std::pair<Tensor, Tensor>> clouds;
  std::vector<Tensor> alpha;
};

Tensor logits_of(const Model& model, const Dataset& dataset, nn::HeadSink* heads = nullptr,
                 nn::AttentionSink* attention = nullptr) {
  Tensor logits;
  without_gil([&] {
    const train::NodeClassification& problem = dataset.problem();
    const autograd::NoGradScope no_grad;
    nn::ForwardContext context;
    context.head_sink = heads;
    context.attention_sink = attention;
    logits = model.module().forward(problem.features(), problem.graph(), context).value();
  });
  return logits;
}

py::array logits(const Model& model, const SharedDataset& dataset) {
  return view_of(logits_of(model, *model.dataset_or_own(dataset)), Access::write);
}

py::tuple attention(const Model& model, const SharedDataset& dataset) {
  const SharedDataset found = model.dataset_or_own(dataset);
  Listener listener;
  (void)logits_of(model, *found, nullptr, &listener);
  py::list layers;
  for (const Tensor& alpha : listener.alpha) {
    layers.append(view_of(alpha, Access::write));
  }
  return py::make_tuple(found->problem().graph(), layers);
}

py::list heads(const Model& model, const SharedDataset& dataset) {
  Listener listener;
  (void)logits_of(model, *model.dataset_or_own(dataset), &listener, nullptr);
  py::list layers;
  for (const auto& [queries, keys] : listener.clouds) {
    layers.append(py::make_tuple(view_of(queries, Access::write), view_of(keys, Access::write)));
  }
  return layers;
}

// As `attune evaluate --json` writes it.
std::string evaluate(const Model& model, const SharedDataset& given, int ece_bins) {
  const SharedDataset found = model.dataset_or_own(given);
  const data::NodeDataset& dataset = found->data();
  const Tensor logits = logits_of(model, *found);
  const auto measure = [&](const std::vector<std::int64_t>& rows) {
    return rows.empty()
               ? std::nullopt
               : std::optional(found->problem().measure(logits, rows, {.ece_bins = ece_bins}));
  };
  return train::to_json(
      train::EvaluationResult{.command = "attune.Model.evaluate",
                              .checkpoint = model.checkpoint().path,
                              .dataset = dataset.name,
                              .dataset_sha256 = dataset.sha256,
                              .model = train::to_string(model.module().options().model),
                              .threads = core::num_threads(),
                              .ece_bins = ece_bins,
                              .train = measure(dataset.split.train).value(),
                              .validation = measure(dataset.split.validation),
                              .test = measure(dataset.split.test)});
}

// ---- training

// Lets Python look for Ctrl-C, and the callback see epochs, while a run has released the GIL. What
// they raise ends the run after its epoch and is raised again when it has ended.
class Watcher {
 public:
  explicit Watcher(py::object callback) : callback_(std::move(callback)) {}

  void observe(const train::EpochReport& report) {
    const auto now = std::chrono::steady_clock::now();
    // Another thread may hold the GIL for its whole interval of 5 ms: not asked for in every epoch
    // of half a millisecond unless somebody wants to see every epoch.
    if (failure_ || (callback_.is_none() && now - last_ < std::chrono::milliseconds(50))) {
      return;
    }
    last_ = now;
    const py::gil_scoped_acquire acquire;
    try {
      if (PyErr_CheckSignals() != 0) {
        throw py::error_already_set();
      }
      if (!callback_.is_none()) {
        callback_(as_dict(report));
      }
    } catch (py::error_already_set& error) {
      failure_ = std::make_unique<py::error_already_set>(std::move(error));
      stop.store(true);
    }
  }

  void raise_again() {
    if (failure_) {
      py::error_already_set failure = std::move(*failure_);
      failure_.reset();
      throw failure;
    }
  }

  std::atomic<bool> stop{false};

 private:
  static py::dict as_dict(const train::EpochReport& report) {
    py::dict dict;
    dict["epoch"] = report.epoch;
    dict["train_loss"] = report.train_loss;
    dict["align_loss"] = report.regularizer;
    dict["best_epoch"] = report.best_epoch;
    dict["seconds"] = report.seconds;
    if (report.validation) {
      dict["val_loss"] = report.validation->loss;
      dict["val_accuracy"] = report.validation->accuracy;
    }
    return dict;
  }

  py::object callback_;
  std::unique_ptr<py::error_already_set> failure_;
  std::chrono::steady_clock::time_point last_{};
};

// What train() was called with besides the options of the command.
struct Request {
  std::string out;
  std::string resume;
  std::int64_t checkpoint_every = 100;
  std::string command;
};

// A copy of its own: the run goes on with the tensors.
train::Checkpoint checkpoint_of(const train::CheckpointDescription& about,
                                const train::Trainer& trainer) {
  train::Checkpoint copy{.path = "the model",
                         .version = {},
                         .description = about,
                         .state = trainer.state(),
                         .finished = trainer.finished()};
  for (train::NamedTensor& named : copy.state.parameters) {
    named.tensor = named.tensor.clone();
  }
  for (train::NamedTensor& named : copy.state.best_parameters) {
    named.tensor = named.tensor.clone();
  }
  for (optim::AdamParameterState& state : copy.state.optimizer) {
    state.first_moment = state.first_moment.clone();
    state.second_moment = state.second_moment.clone();
  }
  return copy;
}

// A run that is prepared, without the GIL.
struct Run {
  Run(cli::TrainingOptions with, SharedDataset on, Request how)
      : options(std::move(with)),
        dataset(std::move(on)),
        request(std::move(how)),
        model(cli::classifier_options(options, dataset->data())),
        about(cli::description(options, model, dataset->data())) {}

  [[nodiscard]] train::FitHooks hooks(Watcher& watcher) {
    const std::string& folder = request.resume.empty() ? request.out : request.resume;
    return {.observer = [&watcher](const train::EpochReport& report) { watcher.observe(report); },
            .stop = &watcher.stop,
            .save =
                [this, folder](const train::Trainer& trainer) {
                  if (!folder.empty()) {
                    train::save_checkpoint(folder, about, trainer);
                  }
                  if (folder.empty() || trainer.finished()) {
                    last = checkpoint_of(about, trainer);
                  }
                },
            .save_every = folder.empty() ? 0 : request.checkpoint_every};
  }

  void train(Watcher& watcher) {
    cli::TrainerSetup setup{.hooks = hooks(watcher)};
    if (!request.resume.empty()) {
      setup.prepare = [this](train::Trainer& trainer) {
        last = train::load_checkpoint(request.resume);
        train::resume(trainer, last, about);
      };
    }
    found = cli::run_seed(options, model, dataset->problem(), options.seed, setup);
  }

  [[nodiscard]] std::string json() const {
    cli::GlobalOptions global;
    global.command_line = request.command;
    train::ExperimentResult result = cli::experiment(options, model, dataset->data(), global);
    result.runs.push_back(found);
    return train::to_json(result);
  }

  cli::TrainingOptions options;
  SharedDataset dataset;
  Request request;
  models::GraphClassifierOptions model;
  train::CheckpointDescription about;
  train::Checkpoint last;
  train::RunResult found;
};

// The data set itself, or divided anew where the options ask for it.
SharedDataset dataset_of(const SharedDataset& given, const cli::TrainingOptions& options,
                         const std::string& data_dir) {
  if (!given) {
    return std::make_shared<Dataset>(
        data::load_dataset(options.dataset, data_dir, options.split, options.seed));
  }
  if (options.split.empty()) {
    return given;
  }
  const std::string rule = data::split_of_run(options.split, given->data(), options.seed);
  return std::make_shared<Dataset>(data::with_split(given->data(), rule, data_dir));
}

// @return  the model and the result as JSON
std::pair<std::unique_ptr<Model>, std::string> train_model(
    const SharedDataset& dataset, const std::vector<std::string>& arguments,
    const std::string& data_dir, const std::string& out, const std::string& resume,
    std::int64_t checkpoint_every, int threads, const std::string& command,
    const py::object& callback) {
  Watcher watcher(callback);
  std::unique_ptr<Model> model;
  std::string json;
  {
    const py::gil_scoped_release release;
    core::with_threads(threads > 0 ? threads : core::num_threads(), [&] {
      const cli::TrainingOptions options = cli::parse_training_options(arguments);
      Run run(
          options, dataset_of(dataset, options, data_dir),
          {.out = out, .resume = resume, .checkpoint_every = checkpoint_every, .command = command});
      run.train(watcher);
      if (!run.found.fit.interrupted) {
        json = run.json();
        model = std::make_unique<Model>(std::move(run.last), run.dataset);
      }
    });
  }
  watcher.raise_again();
  return {std::move(model), std::move(json)};
}

py::dict settings_dict(const train::Settings& settings) {
  py::dict dict;
  for (const auto& [name, setting] : settings) {
    dict[py::str(name)] = py::cast(setting);
  }
  return dict;
}

py::dict description_of(const Model& model) {
  const train::CheckpointDescription& about = model.checkpoint().description;
  py::dict dict;
  dict["model"] = settings_dict(about.model);
  dict["dataset"] = settings_dict(about.dataset);
  dict["run"] = settings_dict(about.run);
  return dict;
}

}  // namespace

void bind_models(py::module_& module) {
  const py::arg_v no_dataset = py::arg("dataset") = py::none();
  py::class_<Model>(module, "_Model")
      .def("logits", &logits, no_dataset)
      .def("attention", &attention, no_dataset)
      .def("heads", &heads, no_dataset)
      .def("evaluate", &evaluate, py::arg("dataset"), py::arg("ece_bins"))
      .def("save", &Model::save, py::arg("folder"), py::call_guard<py::gil_scoped_release>())
      .def_property_readonly(
          "parameters",
          [](const Model& model) { return parameter_views(model.module().parameters()); })
      .def_property_readonly("multi_label", &Model::multi_label)
      .def_property_readonly("description", &description_of);
  module.def("_train", &train_model);
  module.def("_has_checkpoint", &train::has_checkpoint);
  module.def(
      "_load",
      [](const std::string& folder) {
        return std::make_unique<Model>(train::load_checkpoint(folder), nullptr);
      },
      py::call_guard<py::gil_scoped_release>());
}

}  // namespace attune::python
