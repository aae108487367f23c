#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/toy_vqa.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/answers.hpp>
#include <attune/train/alignment.hpp>
#include <attune/train/saved_vqa.hpp>
#include <attune/train/vqa_evaluation.hpp>
#include <attune/train/vqa_trainer.hpp>

namespace attune::testing {

using namespace train;  // NOLINT: the room that is tested

namespace {

using Numbers = std::vector<std::int64_t>;

/// The toy data set and tiny models for it.
struct ToyVqa {
  ToyVqa() : problem(make_vqa_problem(data::read_vqa_dataset(write_toy_vqa(folder)))) {}

  [[nodiscard]] std::unique_ptr<models::Mcan> model(double dropout = 0.1) const {
    nn::Initializer init(1);
    return std::make_unique<models::Mcan>(
        models::McanOptions{.vocabulary = problem.vocabulary.words.size(),
                            .answers = problem.vocabulary.answers.size(),
                            .word_channels = 6,
                            .region_channels = problem.train.region_channels(),
                            .channels = 8,
                            .layers = 1,
                            .heads = 2,
                            .intermediate_channels = 16,
                            .reduction_channels = 8,
                            .fused_channels = 12,
                            .dropout = dropout,
                            .attention_dropout = dropout,
                            .word_deviation = 1},
        init);
  }

  TemporaryFolder folder;
  VqaProblem problem;
};

const StepFitOptions kQuick{.epochs = 6,
                            .batch_size = 16,
                            .learning_rate = 1e-2,
                            .weight_decay = 0,
                            .max_gradient_norm = 0,
                            .seed = 2};

AlignmentRegularizer gan(bool cross = false) {
  AlignmentOptions options;
  options.distance.kind = align::Kind::gan;
  options.distance.bounded = true;
  options.cross = cross;
  return AlignmentRegularizer(options);
}

std::vector<float> values(const nn::Module& module) {
  std::vector<float> all;
  for (const nn::NamedParameter& parameter : module.parameters()) {
    const std::span<const float> one = parameter.variable.value().data<float>();
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

Numbers all_of(const VqaProblemPart& part) {
  Numbers items(static_cast<std::size_t>(part.num_questions()));
  std::iota(items.begin(), items.end(), std::int64_t{0});
  return items;
}

TEST_CASE("vqa problem: targets are soft scores and answers earn their accuracies",
          "[train][vqa]") {
  const ToyVqa toy;
  const VqaProblemPart& part = toy.problem.train;
  const data::AnswerVocabulary& answers = toy.problem.vocabulary.answers;
  REQUIRE(part.num_questions() == 96);
  REQUIRE(answers.size() == 5);
  const Numbers items{0, 95};
  const core::Tensor targets = part.targets(items);
  REQUIRE(targets.shape() == core::Shape({2, 5}));
  for (std::size_t i = 0; i < items.size(); ++i) {
    const data::VqaQuestion& question = part.source().questions[static_cast<std::size_t>(items[i])];
    for (std::int32_t answer = 0; answer < answers.size(); ++answer) {
      const auto given = std::ranges::count(question.answers, answers.name(answer));
      CHECK(targets.data<float>()[i * 5 + static_cast<std::size_t>(answer)] ==
            Approx(std::min(static_cast<double>(given) / 3, 1.0)));
      CHECK(part.accuracy(items[i], answer) ==
            Approx(data::vqa_accuracy(answers.name(answer), question.answers)).margin(1e-6));
    }
  }
  CHECK_THROWS_AS(part.targets(Numbers{96}), InvalidArgument);
  CHECK_THROWS_AS(part.questions(Numbers{-1}), InvalidArgument);
  CHECK_THROWS_AS(part.images({}), InvalidArgument);
}

TEST_CASE("vqa problem: noise is an image's own and scales with its deviation", "[train][vqa]") {
  const ToyVqa toy;
  const VqaProblemPart& part = toy.problem.train;
  const auto features = [&](const Numbers& items, const RegionNoise& noise) {
    const core::Tensor found = part.images(items, noise).features;
    return std::vector<float>(found.data<float>().begin(), found.data<float>().end());
  };
  const std::vector<float> clean = features({2, 6}, {});
  const std::vector<float> one = features({2, 6}, {.variance = 1});
  const std::vector<float> four = features({2, 6}, {.variance = 4});
  for (std::size_t i = 0; i < clean.size(); ++i) {
    CHECK(four[i] - clean[i] == Approx(2 * (one[i] - clean[i])).margin(1e-5));
  }
  CHECK(features({2, 6}, {.variance = 1}) == one);
  CHECK(features({2, 6}, {.variance = 1, .seed = 1}) != one);
  // The place in the batch changes nothing: question 3 is of the image of question 2.
  const std::vector<float> alone = features({3}, {.variance = 1});
  CHECK(std::equal(alone.begin(), alone.end(), one.begin()));
  CHECK_THROWS_AS(part.images(Numbers{0}, {.variance = -1}), InvalidArgument);
  CHECK_THROWS_AS(part.images(Numbers{0}, {.variance = std::nan("")}), InvalidArgument);
}

TEST_CASE("vqa loss: a step against the gradient lowers it by the slope", "[train][vqa]") {
  const ToyVqa toy;
  const auto model = toy.model();
  const Numbers items{0, 1, 5, 8};
  const auto loss = [&] {
    nn::ForwardContext ctx;
    return vqa_loss(*model, toy.problem.train, items, ctx);
  };
  const Variable before = loss();
  backward(before);
  double slope = 0;
  constexpr float kStep = 1e-4F;
  for (const nn::NamedParameter& parameter : model->parameters()) {
    Variable variable = parameter.variable;
    const std::span<const float> gradient = variable.grad().data<float>();
    const std::span<float> value = variable.mutable_value().mutable_data<float>();
    for (std::size_t i = 0; i < value.size(); ++i) {
      slope += static_cast<double>(gradient[i]) * static_cast<double>(gradient[i]);
      value[i] -= kStep * gradient[i];
    }
  }
  REQUIRE(slope > 0.1);
  const double fallen = before.value().item() - loss().value().item();
  CHECK(fallen == Approx(kStep * slope).epsilon(0.05));
}

TEST_CASE("vqa evaluation: measures are those of the answers one by one", "[train][vqa]") {
  const ToyVqa toy;
  const auto model = toy.model();
  const VqaProblemPart& part = toy.problem.validation;
  const Measures found = evaluate_vqa(*model, part, {.batch_size = 7});
  const std::vector<VqaAnswer> answers = vqa_answers(vqa_logits(*model, part), part);
  REQUIRE(std::ssize(answers) == part.num_questions());
  double sum = 0;
  double yes_no = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const data::VqaQuestion& question = part.source().questions[i];
    const double accuracy = data::vqa_accuracy(
        toy.problem.vocabulary.answers.name(static_cast<std::int32_t>(answers[i].answer)),
        question.answers);
    sum += accuracy;
    yes_no += question.answer_type == "yes/no" ? accuracy : 0;
  }
  CHECK(found.at("accuracy") == Approx(sum / 32));
  CHECK(found.at("accuracy.yes/no") == Approx(yes_no / 16));
  CHECK(found.at("accuracy.yes/no") + found.at("accuracy.other") ==
        Approx(2 * found.at("accuracy")));
  CHECK(found.at("ece") == Approx(calibration_error(answers)));
  nn::ForwardContext ctx;
  CHECK(found.at("nll") ==
        Approx(vqa_loss(*model, part, all_of(part), ctx).value().item()).epsilon(1e-5));
  CHECK_FALSE(found.contains("pavpu"));
}

TEST_CASE("vqa evaluation: samples drop coefficients and nothing else", "[train][vqa]") {
  const ToyVqa toy;
  const VqaProblemPart& part = toy.problem.validation;
  const VqaEvaluationOptions options{.sampling = {.samples = 8, .dropout = 0.5}};
  const auto model = toy.model(0);
  const auto dropping = toy.model(0.9);  // the same parameters: it drops them in training alone
  const auto p_values = [&](const models::Mcan& one) {
    std::vector<double> all;
    for (const SampledAnswer& answer : sampled_vqa_answers(one, part, options)) {
      all.push_back(answer.p_value);
    }
    return all;
  };
  const std::vector<double> first = p_values(*model);
  CHECK(p_values(*dropping) == first);
  core::with_threads(3, [&] { CHECK(p_values(*model) == first); });
  // Coefficients that hardly ever are dropped leave all samples alike: certain of everything.
  const Measures sure = evaluate_vqa(*model, part, {.sampling = {.samples = 8, .dropout = 1e-9}});
  CHECK(sure.at("certain") == 1);
  CHECK(sure.at("pavpu") == Approx(sure.at("accuracy")));
  CHECK_THROWS_AS(sampled_vqa_answers(*model, part, {.sampling = {.samples = 1}}), InvalidArgument);
  CHECK_THROWS_AS(sampled_vqa_answers(*model, part, {.sampling = {.samples = 4, .dropout = 0}}),
                  InvalidArgument);
}

TEST_CASE("vqa trainer: the toy is learned and its best epoch is kept", "[train][vqa]") {
  const ToyVqa toy;
  const auto model = toy.model();
  AlignmentRegularizer alignment = gan();
  StepFitOptions options = kQuick;
  options.epochs = 25;
  VqaTrainer trainer(*model, toy.problem, options, &alignment);
  double best = 0;
  while (!trainer.finished()) {
    const FitStep step = trainer.step();
    best = step.validation ? std::max(best, step.validation->at("accuracy")) : best;
  }
  trainer.restore_best();
  CHECK(evaluate_vqa(*model, toy.problem.validation).at("accuracy") == best);
  CHECK(best > 0.9);
}

TEST_CASE("vqa trainer: the same bits on any threads and after a stop", "[train][vqa][threads]") {
  const ToyVqa toy;
  const auto run = [&](int threads, std::int64_t stop_after) {
    const std::string folder = toy.folder.path("run" + std::to_string(stop_after));
    const auto model = toy.model();
    AlignmentRegularizer alignment = gan(true);
    std::vector<float> found;
    core::with_threads(threads, [&] {
      VqaTrainer trainer(*model, toy.problem, kQuick, &alignment);
      while (trainer.steps() < stop_after) {
        (void)trainer.step();
      }
      save_step_checkpoint(folder, trainer.checkpoint({}));
      const auto other = toy.model();
      AlignmentRegularizer other_alignment = gan(true);
      VqaTrainer resumed(*other, toy.problem, kQuick, &other_alignment);
      resumed.load(load_step_checkpoint(folder));
      while (!resumed.finished()) {
        (void)resumed.step();
      }
      resumed.restore_best();
      found = values(*other);
      found.push_back(static_cast<float>(resumed.best_regularizer()));
    });
    return found;
  };
  const std::vector<float> first = run(1, 0);
  CHECK(run(1, 5) == first);
  CHECK(run(3, 20) == first);
}

TEST_CASE("vqa trainer: heads of guided attention are aligned where that is asked for",
          "[train][vqa][align]") {
  const ToyVqa toy;
  const bool cross = GENERATE(false, true);
  const auto model = toy.model();
  AlignmentRegularizer alignment = gan(cross);
  VqaTrainer trainer(*model, toy.problem, kQuick, &alignment);
  (void)trainer.step();
  // Self-attention of the encoder and of the decoder, and the decoder's guided attention.
  CHECK(alignment.per_head().size() == (cross ? 3 : 2));
  const double self = vqa_head_mmd(*model, toy.problem.validation);
  CHECK((vqa_head_mmd(*model, toy.problem.validation, {.cross = true}) > self));
}

TEST_CASE("saved vqa: a model comes back and damage is refused", "[train][vqa]") {
  const ToyVqa toy;
  const auto model = toy.model();
  const std::string folder = toy.folder.path("saved");
  const Settings training{{"align", "gan"}, {"align_weight", 0.01}, {"epochs", std::int64_t{3}}};
  save_vqa(folder, *model, toy.problem.vocabulary,
           {.dataset = toy.problem.name, .dataset_sha256 = toy.problem.sha256});
  save_vqa(folder, *toy.model(), toy.problem.vocabulary,
           {.dataset = "again", .dataset_sha256 = "", .training = training});
  const SavedVqa saved(folder);
  CHECK(saved.description().dataset == "again");
  CHECK(saved.description().training == training);
  CHECK(values(saved.model()) == values(*model));
  CHECK(saved.vocabulary().answers.names() == toy.problem.vocabulary.answers.names());
  CHECK(saved.vocabulary().words.encode("is it red") ==
        toy.problem.vocabulary.words.encode("is it red"));
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  REQUIRE(names.size() == 4);

  for (const std::string& name : names) {
    CAPTURE(name);
    const std::string path = folder + "/" + name;
    const std::string whole = slurp(path);
    std::string flipped = whole;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 1);
    for (const std::string& damaged : {flipped, whole.substr(0, whole.size() / 2), std::string()}) {
      core::write_file_atomically(path, damaged);
      CHECK_THROWS_AS(SavedVqa(folder), FileError);
    }
    std::filesystem::remove(path);
    CHECK_THROWS_AS(SavedVqa(folder), FileError);
    core::write_file_atomically(path, whole);
  }
  const SavedVqa whole_again(folder);
}

TEST_CASE("saved vqa: sizes that its tensors do not have are refused", "[train][vqa]") {
  const ToyVqa toy;
  const std::string folder = toy.folder.path("saved");
  save_vqa(folder, *toy.model(), toy.problem.vocabulary, {.dataset = "toy", .dataset_sha256 = ""});
  const std::string path = folder + "/vqa_model.json";
  const std::string whole = slurp(path);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = whole;
    const std::size_t at = changed.find(from);
    REQUIRE(at != std::string::npos);
    changed.replace(at, from.size(), to);
    core::write_file_atomically(path, changed);
  };
  for (const char* name : {"channels", "layers", "intermediate_channels", "region_channels",
                           "word_channels", "fused_channels", "reduction_channels"}) {
    CAPTURE(name);
    const std::string key = core::text('"', name, "\": ");
    const std::size_t at = whole.find(key) + key.size();
    const std::string number = whole.substr(at, whole.find_first_of(",\n", at) - at);
    with(key + number, key + "1000000000");
    CHECK_THROWS_AS(SavedVqa(folder), FileError);
  }
  with("\"max_words\": 14", "\"max_words\": 0");
  CHECK_THROWS_AS(SavedVqa(folder), FileError);
  with("\"heads\": 2", "\"heads\": 3");
  CHECK_THROWS_AS(SavedVqa(folder), FileError);
  with("\"heads\": 2", "\"hats\": 2");
  CHECK_THROWS_AS(SavedVqa(folder), FileError);
}

}  // namespace
}  // namespace attune::testing
