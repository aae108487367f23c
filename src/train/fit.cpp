#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/train/fit.hpp>

namespace attune::train {

namespace {

void run_epochs(Trainer& trainer, const FitHooks& hooks) {
  const auto stopped = [&] { return hooks.stop != nullptr && hooks.stop->load(); };
  std::int64_t saved = trainer.epoch();
  const auto save = [&] {
    if (hooks.save && saved != trainer.epoch()) {
      hooks.save(trainer);
      saved = trainer.epoch();
    }
  };
  while (!trainer.finished() && !stopped()) {
    const EpochReport report = trainer.run_epoch();
    if (hooks.observer) {
      hooks.observer(report);
    }
    if (hooks.save_every > 0 && report.epoch % hooks.save_every == 0) {
      save();
    }
  }
  save();
}

}  // namespace

FitResult fit(Trainer& trainer, const FitHooks& hooks) {
  if (hooks.save_every < 0) {
    throw InvalidArgument(core::text("fit: save_every must be at least 0, got ", hooks.save_every));
  }
  FitResult result;
  core::with_threads(core::num_threads(), [&] {
    run_epochs(trainer, hooks);
    result = trainer.finish();
  });
  return result;
}

}  // namespace attune::train
