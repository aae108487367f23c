#include <algorithm>
#include <cmath>

#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/train/vqa_problem.hpp>

namespace attune::train {

using core::Tensor;
using core::text;

namespace {

// Data sets are generated with the same purpose: their seeds must not meet those of the noise.
constexpr std::uint64_t kNoiseSeed = 0x6e6f697365ULL;
constexpr std::int64_t kNoiseGrain = 4096;  // elements a task, some 100 us

// A function of the image's own number, not of its place in a part or a batch.
core::RandomStream stream_of(std::int64_t image, std::uint64_t seed) {
  const auto id = static_cast<std::uint64_t>(image);
  const auto high = static_cast<std::uint32_t>(id >> 32U) & 0xffffffU;
  return {seed ^ kNoiseSeed, core::Purpose::generation, high, static_cast<std::uint32_t>(id)};
}

void add_noise(std::span<float> features, double deviation, const core::RandomStream& stream) {
  core::parallel_for(std::ssize(features), kNoiseGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      features[i] += static_cast<float>(deviation * stream.normal(static_cast<std::uint64_t>(i)));
    }
  });
}

}  // namespace

VqaVocabulary build_vqa_vocabulary(const data::VqaPart& train,
                                   const VqaVocabularyOptions& options) {
  if (options.max_words < 1) {
    throw InvalidArgument(
        text("vqa vocabulary: max_words must be at least 1, got ", options.max_words));
  }
  VqaVocabulary vocabulary{.words = data::QuestionVocabulary::build(train, options.min_word_count),
                           .answers = data::AnswerVocabulary::build(train, options.answers),
                           .max_words = options.max_words};
  if (vocabulary.answers.size() < 2) {
    throw InvalidArgument(
        text("vqa vocabulary: expected at least two answers that are given to min_count=",
             options.answers.min_count, " questions, got ", vocabulary.answers.size()));
  }
  return vocabulary;
}

VqaProblemPart::VqaProblemPart(std::string name, data::VqaPart part,
                               const VqaVocabulary& vocabulary, const data::RegionOptions& regions)
    : name_(std::move(name)),
      part_(std::move(part)),
      regions_(part_, regions),
      num_answers_(vocabulary.answers.size()) {
  if (part_.questions.empty()) {
    throw InvalidArgument(text("visual questions: the part ", name_, " has no question"));
  }
  for (const data::VqaQuestion& question : part_.questions) {
    words_.push_back(vocabulary.words.encode(question.text, vocabulary.max_words));
    answers_.push_back(data::scored_answers(question, vocabulary.answers));
  }
}

void VqaProblemPart::require(std::span<const std::int64_t> items) const {
  if (items.empty()) {
    throw InvalidArgument("visual questions: expected at least one question, got none");
  }
  for (const std::int64_t item : items) {
    if (item < 0 || item >= num_questions()) {
      throw InvalidArgument(
          text("visual questions: question must be in [0, ", num_questions(), "), got ", item));
    }
  }
}

models::TextBatch VqaProblemPart::questions(std::span<const std::int64_t> items) const {
  require(items);
  std::vector<std::vector<std::int32_t>> words;
  for (const std::int64_t item : items) {
    words.push_back(words_[static_cast<std::size_t>(item)]);
  }
  return models::pack_texts(words);
}

models::RegionBatch VqaProblemPart::images(std::span<const std::int64_t> items,
                                           const RegionNoise& noise) const {
  require(items);
  if (!(noise.variance >= 0) || !std::isfinite(noise.variance)) {
    throw InvalidArgument(
        text("region noise: variance must be finite and at least 0, got ", noise.variance));
  }
  std::vector<Tensor> features;
  std::vector<std::int64_t> ids;
  for (const std::int64_t item : items) {
    const std::int64_t image = part_.questions[static_cast<std::size_t>(item)].image;
    features.push_back(regions_.read(image));
    ids.push_back(part_.images[static_cast<std::size_t>(image)].id);
  }
  models::RegionBatch batch = models::pack_regions(features);
  if (noise.variance > 0) {
    const auto channels = batch.features.size(1);
    const std::span<float> values = batch.features.mutable_data<float>();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::int64_t begin = batch.starts[i] * channels;
      const std::int64_t size = batch.starts[i + 1] * channels - begin;
      add_noise(values.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)),
                std::sqrt(noise.variance), stream_of(ids[i], noise.seed));
    }
  }
  return batch;
}

Tensor VqaProblemPart::targets(std::span<const std::int64_t> items) const {
  require(items);
  Tensor all = Tensor::zeros({std::ssize(items), num_answers_});
  const std::span<float> out = all.mutable_data<float>();
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (const data::ScoredAnswer& given : answers_[static_cast<std::size_t>(items[i])]) {
      out[static_cast<std::int64_t>(i) * num_answers_ + given.answer] = given.score;
    }
  }
  return all;
}

double VqaProblemPart::accuracy(std::int64_t question, std::int64_t answer) const {
  for (const data::ScoredAnswer& given : answers_[static_cast<std::size_t>(question)]) {
    if (given.answer == answer) {
      return static_cast<double>(given.accuracy);
    }
  }
  return 0;
}

std::string vqa_sha256(const data::VqaDataset& dataset) {
  core::Sha256 digest;
  digest.update(dataset.train.sha256);
  digest.update(dataset.validation.sha256);
  if (dataset.test) {
    digest.update(dataset.test->sha256);
  }
  return digest.hex();
}

VqaProblem make_vqa_problem(data::VqaDataset dataset, const VqaVocabularyOptions& vocabulary,
                            const data::RegionOptions& regions) {
  const VqaVocabulary known = build_vqa_vocabulary(dataset.train, vocabulary);
  const std::string sha256 = vqa_sha256(dataset);
  data::RegionOptions like_train = regions;
  VqaProblemPart train("train", std::move(dataset.train), known, regions);
  like_train.channels = train.region_channels();
  VqaProblemPart validation("validation", std::move(dataset.validation), known, like_train);
  VqaProblem problem{.name = dataset.name,
                     .source = dataset.source,
                     .sha256 = sha256,
                     .vocabulary = known,
                     .train = std::move(train),
                     .validation = std::move(validation)};
  if (dataset.test) {
    problem.test.emplace("test", std::move(*dataset.test), known, like_train);
  }
  return problem;
}

}  // namespace attune::train
