#pragma once

#include <string>

#include "cli/arguments.hpp"

namespace attune::cli {

/// Options of how many steps there are and how large each is, for training and pretraining alike.
/// @param fit       options of either, whose defaults are shown
/// @param passed    what an epoch goes over, such as "the texts"
/// @param examples  what a batch is made of, such as "Sequences"
template <class Fit>
void add_step_sizes(Command command, Fit& fit, const std::string& passed,
                    const std::string& examples) {
  const auto add = [&command](const char* name, auto& value, const std::string& what,
                              const char* type) {
    command.add_option(name, value, what).type_name(type).group("Training");
  };
  add("--epochs", fit.epochs, "Over " + passed, "N");
  add("--steps", fit.steps, "Instead of epochs", "N");
  add("--batch-size", fit.batch_size, examples + " a batch", "N");
  add("--accumulate", fit.accumulate, "Batches a step", "N");
  add("--lr", fit.learning_rate, "Learning rate of AdamW at the end of the warm-up", "X");
  add("--warmup", fit.warmup, "Share of the steps in which the learning rate rises", "P");
  add("--weight-decay", fit.weight_decay, "Of AdamW", "X");
  add("--max-gradient-norm", fit.max_gradient_norm, "Clip gradients to it; 0: never", "X");
}

}  // namespace attune::cli
