#include "cli/text_command.hpp"

namespace attune::cli {

void add_text_command(Command app, Action& action) {
  Command text =
      app.add_subcommand("text", "Pretrain, fine-tune, measure and attack encoders of texts");
  text.require_subcommand();
  add_text_pretrain(text, action);
  add_text_train(text, action);
  add_text_sweep(text, action);
  add_text_evaluate(text, action);
  add_text_predict(text, action);
  add_text_attack(text, action);
  text.footer_of_subcommands(kGlobalOptions);
}

}  // namespace attune::cli
