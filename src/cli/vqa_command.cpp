#include "cli/vqa_command.hpp"

namespace attune::cli {

void add_vqa_command(Command app, Action& action) {
  Command vqa = app.add_subcommand("vqa", "Answer questions about pictures");
  vqa.require_subcommand();
  add_vqa_generate(vqa, action);
  add_vqa_info(vqa, action);
  add_vqa_train(vqa, action);
  add_vqa_sweep(vqa, action);
  add_vqa_evaluate(vqa, action);
  add_vqa_predict(vqa, action);
  vqa.footer_of_subcommands(kGlobalOptions);
}

}  // namespace attune::cli
