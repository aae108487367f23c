#include <cmath>
#include <filesystem>
#include <memory>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/toy_texts.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/data/text/raw_text.hpp>
#include <attune/data/text/wordpiece.hpp>
#include <attune/data/text/wordpiece_trainer.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/saved_text.hpp>
#include <attune/train/text_evaluation.hpp>
#include <attune/train/text_pretraining.hpp>
#include <attune/train/text_trainer.hpp>

namespace attune::testing {

using namespace train;  // NOLINT: the room that is tested

namespace {

/// Toy tasks with a vocabulary of their words.
struct Toy {
  Toy() {
    write_toy_texts(folder);
    data::WordPieceTrainer trainer({.vocabulary_size = 150});
    data::RawText raw;
    for (const char* task : {"sst2", "sick"}) {
      data::add_texts(raw, data::load_text_task(task, folder.path()).part("train"));
    }
    for (const std::vector<std::string>& document : raw.documents) {
      for (const std::string& line : document) {
        trainer.add(line);
      }
    }
    tokenizer = std::make_shared<const data::WordPieceTokenizer>(trainer.train());
    sequences = data::pack_sequences(raw, *tokenizer, 24);
    config.encoder = {.vocabulary = tokenizer->size(),
                      .embedding_channels = 16,
                      .channels = 16,
                      .layers = 1,
                      .heads = 2,
                      .intermediate_channels = 32,
                      .max_positions = 24};
  }

  [[nodiscard]] TextProblem problem(const char* task) const {
    return load_text_problem(task, folder.path(), *tokenizer, {.max_tokens = 24});
  }
  [[nodiscard]] std::unique_ptr<TextPredictor> predictor(const TextProblem& problem) const {
    return std::make_unique<TextPredictor>(config, problem.head, std::ssize(problem.labels), 1);
  }

  TemporaryFolder folder;
  std::shared_ptr<const data::Tokenizer> tokenizer;
  std::vector<data::EncodedText> sequences;
  TextConfig config;
};

const StepFitOptions kQuick{.epochs = 4, .batch_size = 8, .learning_rate = 5e-3, .seed = 2};

std::vector<float> values(const nn::Module& module) {
  std::vector<float> all;
  for (const nn::NamedParameter& parameter : module.parameters()) {
    const std::span<const float> one = parameter.variable.value().data<float>();
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

AlignmentRegularizer gan() {
  AlignmentOptions options;
  options.distance.kind = align::Kind::gan;
  options.distance.bounded = true;
  return AlignmentRegularizer(options);
}

}  // namespace

TEST_CASE("text problem: parts to choose by and to be judged on", "[train][text]") {
  const Toy toy;
  const TextProblem sst2 = toy.problem("sst2");
  CHECK(sst2.validation == "validation");
  CHECK(sst2.test == "test");
  CHECK_FALSE(sst2.held_out);
  CHECK(sst2.training().num_items() == 96);
  const TextProblem rte = toy.problem("rte");  // its test part has no labels
  CHECK(rte.test.empty());
  CHECK_FALSE(rte.find("test")->labelled);
  const TextProblem mrpc = toy.problem("mrpc");
  CHECK(mrpc.held_out);
  CHECK(mrpc.find(mrpc.validation)->num_items() == 8);
  CHECK(mrpc.training().num_items() == 72);
  const TextProblem squad = toy.problem("squad2");
  CHECK(squad.head == TextHead::spans);
  CHECK(squad.may_be_none);
  CHECK(squad.training().num_examples() == 40);
  CHECK_THROWS_AS((void)toy.problem("uci/imdb").training(), InvalidArgument);
  CHECK_THROWS_AS((void)toy.problem("imdb"), FileError);
}

TEST_CASE("text measures: of no answer the best threshold is found", "[train][text]") {
  const Toy toy;
  const TextProblem problem = toy.problem("squad2");
  const TextProblemPart& part = *problem.find("validation");
  // Scores that are right of every question, those without an answer by a lead of 5 at CLS.
  std::int64_t tokens = 0;
  for (const std::int64_t length : part.lengths()) {
    tokens += length;
  }
  core::Tensor outputs = core::Tensor::zeros({tokens, 2});
  std::int64_t first = 0;
  for (const data::SpanWindow& window : part.windows) {
    const bool none = window.answer_begin == 0;
    outputs.mutable_data<float>()[2 * (first + window.answer_begin)] = 10;
    outputs.mutable_data<float>()[2 * (first + window.answer_end) + 1] = 10;
    if (none) {  // some answer is likely too, but less so
      const std::int64_t word = first + window.first_token + 1;
      outputs.mutable_data<float>()[2 * word] = 3;
      outputs.mutable_data<float>()[2 * word + 1] = 3;
    } else {
      outputs.mutable_data<float>()[2 * first] = 8;
      outputs.mutable_data<float>()[2 * first + 1] = 8;
    }
    first += window.text.length();
  }
  const TextMeasures measures = text_measures(outputs, problem, part);
  CHECK(measures.at("f1") == Approx(1));
  CHECK(measures.at("exact") == Approx(1));
  CHECK(measures.at("none_threshold") >= -4);
  CHECK(measures.at("none_threshold") < 14);
}

TEST_CASE("text trainer: learns and keeps the best", "[train][text]") {
  const Toy toy;
  const TextProblem problem = toy.problem("sst2");
  const std::unique_ptr<TextPredictor> predictor = toy.predictor(problem);
  StepFitOptions options = kQuick;
  options.epochs = 30;
  TextTrainer trainer(*predictor, problem, options);
  double best = 0;
  while (!trainer.finished()) {
    const FitStep step = trainer.step();
    best = step.validation ? std::max(best, step.validation->at("accuracy")) : best;
  }
  CHECK(trainer.curve().size() == 30);
  trainer.restore_best();
  const TextMeasures validation = evaluate_text(*predictor, problem, *problem.find("validation"));
  CHECK(validation.at("accuracy") == best);
  CHECK(best > 0.9);
  CHECK_THROWS_AS(trainer.step(), InvalidArgument);
}

TEST_CASE("text trainer: patience ends it early", "[train][text]") {
  const Toy toy;
  const TextProblem problem = toy.problem("sst2");
  const std::unique_ptr<TextPredictor> predictor = toy.predictor(problem);
  StepFitOptions options = kQuick;
  options.learning_rate = 0;  // no validation is better than the first
  options.eval_every = 1;
  options.patience = 3;
  TextTrainer trainer(*predictor, problem, options);
  while (!trainer.finished()) {
    (void)trainer.step();
  }
  CHECK(trainer.steps() == 4);
  CHECK(trainer.best_step() == 1);
}

TEST_CASE("text trainer: saved after any step it goes on to the bit, on any threads",
          "[train][text]") {
  const Toy toy;
  const TextProblem problem = toy.problem("sick");
  const auto run = [&](int threads, std::int64_t stop_after) {
    const std::string folder = toy.folder.path("run" + std::to_string(stop_after));
    const std::unique_ptr<TextPredictor> predictor = toy.predictor(problem);
    AlignmentRegularizer alignment = gan();
    std::vector<float> found;
    core::with_threads(threads, [&] {
      auto trainer = std::make_unique<TextTrainer>(*predictor, problem, kQuick, &alignment);
      while (trainer->steps() < stop_after) {
        (void)trainer->step();
      }
      save_step_checkpoint(folder, trainer->checkpoint({{"name", std::string("x")}}));
      const std::unique_ptr<TextPredictor> other = toy.predictor(problem);
      AlignmentRegularizer other_alignment = gan();
      TextTrainer resumed(*other, problem, kQuick, &other_alignment);
      const StepCheckpoint saved = load_step_checkpoint(folder);
      require_same_run(folder, saved, {{"name", std::string("x")}});
      resumed.load(saved);
      while (!resumed.finished()) {
        (void)resumed.step();
      }
      resumed.restore_best();
      found = values(other->model());
      found.push_back(static_cast<float>(resumed.best_regularizer()));
      for (const StepRecord& point : resumed.curve()) {
        found.push_back(static_cast<float>(point.at("train_loss")));
      }
    });
    return found;
  };
  const std::vector<float> first = run(1, 0);
  CHECK(run(1, 5) == first);
  CHECK(run(2, 17) == first);
  CHECK_THROWS_AS(
      require_same_run(toy.folder.path("run5"), load_step_checkpoint(toy.folder.path("run5")), {}),
      FileError);
}

TEST_CASE("text trainer: a checkpoint that was tampered with is refused", "[train][text]") {
  const Toy toy;
  const TextProblem problem = toy.problem("sst2");
  const std::unique_ptr<TextPredictor> predictor = toy.predictor(problem);
  const TextTrainer trainer(*predictor, problem, kQuick);
  const std::string folder = toy.folder.path("run");
  save_step_checkpoint(folder, trainer.checkpoint({}));
  const std::string index = slurp(folder + "/training.json");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = index;
    changed.replace(changed.find(from), from.size(), to);
    toy.folder.write("run/training.json", changed);
  };
  with("\"sha256\": \"", "\"sha256\": \"../");
  CHECK_THROWS_AS((void)load_step_checkpoint(folder), FileError);
  with("\"finished\": false", "\"finished\": 1");
  CHECK_THROWS_AS((void)load_step_checkpoint(folder), FileError);
  toy.folder.write("run/training.json", index.substr(0, index.size() / 2));
  CHECK_THROWS_AS((void)load_step_checkpoint(folder), FileError);
  toy.folder.write("run/training.json", index);
  for (const std::string& file : toy.folder.files()) {
    if (file.ends_with(".safetensors")) {
      toy.folder.write(file, "short");
    }
  }
  CHECK_THROWS_AS((void)load_step_checkpoint(folder), FileError);
}

TEST_CASE("text trainer: a score outside what it goes on from is refused", "[train][text]") {
  const Toy toy;
  const TextProblem problem = toy.problem("sst2");
  const std::unique_ptr<TextPredictor> predictor = toy.predictor(problem);
  TextTrainer trainer(*predictor, problem, kQuick);
  StepCheckpoint checkpoint = trainer.checkpoint({});
  checkpoint.progress.erase("waited");
  CHECK_THROWS_AS(trainer.load(checkpoint), InvalidArgument);
  checkpoint = trainer.checkpoint({});
  checkpoint.best.pop_back();
  CHECK_THROWS_AS(trainer.load(checkpoint), InvalidArgument);
}

TEST_CASE("pretraining: tokens are guessed better, and to the bit after a resumption",
          "[train][text]") {
  const Toy toy;
  const std::span<const data::EncodedText> all(toy.sequences);
  const TextPretrainingOptions options{
      .epochs = 8, .batch_size = 16, .learning_rate = 5e-3, .seed = 3};
  const auto make = [&] {
    nn::Initializer init(1);
    return std::make_unique<models::MaskedLanguageModel>(toy.config.encoder, init);
  };
  const std::unique_ptr<models::MaskedLanguageModel> whole = make();
  MaskedLanguageTrainer trainer(*whole, *toy.tokenizer, all.subspan(16), all.first(16), options);
  const GuessedTokens before = trainer.validate();
  StepCheckpoint saved;
  while (!trainer.finished()) {
    (void)trainer.step();
    if (trainer.steps() == 13) {
      save_step_checkpoint(toy.folder.path("p"), trainer.checkpoint({}));
    }
  }
  CHECK(trainer.validate().loss < 0.7 * before.loss);
  CHECK(trainer.curve().size() == 8);
  const std::unique_ptr<models::MaskedLanguageModel> again = make();
  MaskedLanguageTrainer resumed(*again, *toy.tokenizer, all.subspan(16), all.first(16), options);
  resumed.load(load_step_checkpoint(toy.folder.path("p")));
  while (!resumed.finished()) {
    (void)resumed.step();
  }
  CHECK(values(*again) == values(*whole));
  CHECK(resumed.curve() == trainer.curve());
}

TEST_CASE("saved text: says what the model said before it was saved", "[train][text]") {
  const Toy toy;
  const TextProblem problem = toy.problem("sst2");
  const std::unique_ptr<TextPredictor> predictor = toy.predictor(problem);
  const std::string folder = toy.folder.path("saved");
  save_fine_tuned(folder, *predictor, toy.config, *toy.tokenizer,
                  {.task = "sst2", .labels = problem.labels, .max_tokens = 24});
  const SavedText saved(folder);
  CHECK(saved.labels() == problem.labels);
  CHECK_FALSE(saved.pairs());
  const TextProblemPart& part = *problem.find("test");
  const core::Tensor expected = text_outputs(*predictor, part);
  const core::Tensor found = saved.logits(part.examples.texts, 5);
  REQUIRE(found.shape() == expected.shape());
  for (std::int64_t i = 0; i < found.num_elements(); ++i) {
    CHECK(found.data<float>()[i] == Approx(expected.data<float>()[i]).margin(1e-6));
  }
  const std::vector<TextInput> inputs{{"the film is good"}, {"dull"}};
  const core::Tensor p = saved.probabilities(inputs);
  CHECK(p.data<float>()[0] + p.data<float>()[1] == Approx(1));
  CHECK_THROWS_AS((void)saved.logits({}), InvalidArgument);
  std::filesystem::remove(folder + "/vocab.txt");
  CHECK_THROWS_AS(SavedText(folder), FileError);
}

TEST_CASE("saved masked language: proposes tokens, likeliest first", "[train][text]") {
  const Toy toy;
  nn::Initializer init(1);
  const models::MaskedLanguageModel model(toy.config.encoder, init);
  const std::string folder = toy.folder.path("mlm");
  save_pretrained(model, toy.config, folder);
  toy.tokenizer->save(folder);
  const SavedMaskedLanguage saved(folder);
  const std::vector<data::EncodedText> texts(toy.sequences.begin(), toy.sequences.begin() + 3);
  const std::vector<std::int32_t> places{1, 2, 1};
  const auto proposals = saved.proposals(texts, places, 6, 2);
  REQUIRE(proposals.size() == 3);
  for (const std::vector<TokenProposal>& of_text : proposals) {
    REQUIRE(of_text.size() == 6);
    for (std::size_t i = 0; i < of_text.size(); ++i) {
      CHECK(of_text[i].token >= 5);  // no special one
      CHECK((i == 0 || of_text[i].probability <= of_text[i - 1].probability));
    }
  }
  const std::vector<std::int32_t> outside{1, 2, 99};
  CHECK_THROWS_AS((void)saved.proposals(texts, outside, 6), InvalidArgument);
  const SavedMaskedLanguage& same = saved;
  CHECK_THROWS_AS((void)same.proposals(texts, places, 0), InvalidArgument);
}

}  // namespace attune::testing
