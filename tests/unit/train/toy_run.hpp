#pragma once

#include <string>

#include "toy_task.hpp"
#include <attune/core/parallel.hpp>
#include <attune/train/checkpoint.hpp>
#include <attune/train/fit.hpp>

namespace attune::testing {

inline const train::CheckpointDescription kToyDescription{
    .model = {{"channels", std::int64_t{8}}, {"classes", std::int64_t{3}}},
    .dataset = {{"name", std::string("toy")}},
    .run = {{"align", std::string("none")}, {"align_weight", 0.01}, {"flag", true}}};

inline const train::FitOptions kToyOptions{
    .epochs = 60, .patience = 20, .learning_rate = 0.05, .weight_decay = 1e-3, .seed = 5};

/// Runs the toy task with a checkpoint after every epoch; continues where the folder has one.
inline train::FitResult toy_run(const std::string& folder) {
  const ToyData data;
  const ToyModel model(1);
  train::Trainer trainer(model.parameters(), data.task(model), kToyOptions);
  if (train::has_checkpoint(folder)) {
    train::resume(trainer, train::load_checkpoint(folder), kToyDescription);
  }
  train::FitResult result;
  core::with_threads(1, [&] {
    result = train::fit(trainer, {.save =
                                      [&](const train::Trainer& t) {
                                        train::save_checkpoint(folder, kToyDescription, t);
                                      },
                                  .save_every = 1});
  });
  return result;
}

}  // namespace attune::testing
