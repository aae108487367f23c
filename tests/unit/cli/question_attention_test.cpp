#include "cli/report/question_attention.hpp"

#include <cmath>
#include <memory>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "support/toy_vqa.hpp"
#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/train/vqa_evaluation.hpp>

namespace attune::cli {
namespace {

/// The toy questions and a model that has learned nothing.
struct ToyVqa {
  ToyVqa()
      : problem(train::make_vqa_problem(data::read_vqa_dataset(testing::write_toy_vqa(folder)))) {
    nn::Initializer init(3);
    model = std::make_unique<models::Mcan>(
        models::McanOptions{.vocabulary = problem.vocabulary.words.size(),
                            .answers = problem.vocabulary.answers.size(),
                            .word_channels = 6,
                            .region_channels = problem.train.region_channels(),
                            .channels = 8,
                            .layers = 2,
                            .heads = 2,
                            .intermediate_channels = 16,
                            .reduction_channels = 8,
                            .fused_channels = 12,
                            .word_deviation = 1},
        init);
  }

  [[nodiscard]] AnsweredQuestion answer(std::int64_t question) const {
    return answer_question(*model, problem.vocabulary, *problem.test, question);
  }

  testing::TemporaryFolder folder;
  train::VqaProblem problem;
  std::unique_ptr<models::Mcan> model;
};

/// Queries and keys of all layers.
struct Heads final : nn::HeadSink {
  void receive(const nn::AttentionHeads& heads) override { layers.push_back(heads); }
  std::vector<nn::AttentionHeads> layers;
};

// softmax(q k / sqrt(channels)) of one row, in double.
std::vector<double> plain_row(const nn::AttentionHeads& heads, std::int64_t row,
                              std::int64_t head) {
  const std::int64_t count = heads.queries.shape()[1];
  const std::int64_t channels = heads.queries.shape()[2];
  const auto at = [&](const Variable& of, std::int64_t token, std::int64_t channel) {
    return static_cast<double>(
        of.value().data<float>()[(token * count + head) * channels + channel]);
  };
  std::vector<double> weights;
  double sum = 0;
  for (std::int64_t key = 0; key < heads.keys.shape()[0]; ++key) {
    double dot = 0;
    for (std::int64_t c = 0; c < channels; ++c) {
      dot += at(heads.queries, row, c) * at(heads.keys, key, c);
    }
    weights.push_back(std::exp(dot / std::sqrt(static_cast<double>(channels))));
    sum += weights.back();
  }
  for (double& weight : weights) {
    weight /= sum;
  }
  return weights;
}

void check_map(const AttentionMap& map, const nn::AttentionHeads& heads) {
  REQUIRE(map.rows == heads.queries.shape()[0]);
  REQUIRE(map.columns == heads.keys.shape()[0]);
  REQUIRE(map.heads == 2);
  REQUIRE(std::ssize(map.alpha) == map.rows * map.columns * map.heads);
  for (std::int64_t head = 0; head < map.heads; ++head) {
    for (std::int64_t row = 0; row < map.rows; ++row) {
      const std::vector<double> plain = plain_row(heads, row, head);
      double sum = 0;
      for (std::int64_t column = 0; column < map.columns; ++column) {
        const double found = map.at(row, column, head);
        CHECK(found == Approx(plain[static_cast<std::size_t>(column)]).margin(1e-6));
        sum += found;
      }
      CHECK(sum == Approx(1).margin(1e-6));  // rounding of float
    }
  }
}

}  // namespace

TEST_CASE("answer_question: coefficients are those of a plain computation and rows sum to one",
          "[cli][report][vqa]") {
  const ToyVqa toy;
  const std::int64_t question = GENERATE(0, 1, 5);
  const AnsweredQuestion found = toy.answer(question);
  Heads heads;
  nn::ForwardContext ctx;
  ctx.head_sink = &heads;
  const autograd::NoGradScope no_grad;
  const std::array items{question};
  (void)toy.model->forward(toy.problem.test->questions(items), toy.problem.test->images(items),
                           ctx);
  const QuestionAttention& attention = found.attention;
  REQUIRE(heads.layers.size() == 6);
  REQUIRE(attention.words.size() == 2);
  REQUIRE(attention.regions.size() == 2);
  REQUIRE(attention.guided.size() == 2);
  for (std::size_t layer = 0; layer < 2; ++layer) {
    check_map(attention.words[layer], heads.layers[layer]);
    check_map(attention.regions[layer], heads.layers[2 + 2 * layer]);
    check_map(attention.guided[layer], heads.layers[3 + 2 * layer]);
  }
}

TEST_CASE("answer_question: the answer is that of the whole part", "[cli][report][vqa]") {
  const ToyVqa toy;
  const std::vector<train::VqaAnswer> all =
      train::vqa_answers(train::vqa_logits(*toy.model, *toy.problem.test), *toy.problem.test);
  for (const std::int64_t question : {0, 1, 7}) {
    const AnsweredQuestion found = toy.answer(question);
    const train::VqaAnswer& expected = all[static_cast<std::size_t>(question)];
    CHECK(found.answer ==
          toy.problem.vocabulary.answers.name(static_cast<std::int32_t>(expected.answer)));
    CHECK(found.probability == Approx(expected.probability).epsilon(1e-5));
    CHECK(found.accuracy == expected.accuracy);
  }
  CHECK(toy.answer(0).words == std::vector<std::string>{"what", "colour", "is", "it"});
  CHECK_THROWS_AS(toy.answer(100000), InvalidArgument);
}

}  // namespace attune::cli
