#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/nn/init.hpp>
#include <attune/ops/binary_cross_entropy.hpp>
#include <attune/train/parameter_snapshot.hpp>
#include <attune/train/vqa_evaluation.hpp>

namespace attune::train {

using core::Tensor;
using core::text;
using Numbers = std::vector<std::int64_t>;

namespace {

constexpr std::uint32_t kStreamsOfBatch = 4096;  // of dropout, in one pass
constexpr std::uint32_t kBatchesOfStreams = 4096;

Numbers counted(std::int64_t begin, std::int64_t end) {
  Numbers numbers(static_cast<std::size_t>(end - begin));
  std::iota(numbers.begin(), numbers.end(), begin);
  return numbers;
}

// Calls f(items) for the questions in their order.
template <class F>
void for_each_batch(const VqaProblemPart& part, std::int64_t batch_size, F&& f) {
  if (batch_size < 1) {
    throw InvalidArgument(text("evaluate_vqa: batch_size must be at least 1, got ", batch_size));
  }
  for (std::int64_t begin = 0; begin < part.num_questions(); begin += batch_size) {
    f(counted(begin, std::min(begin + batch_size, part.num_questions())));
  }
}

double probability_of(float logit) {
  return 1 / (1 + std::exp(-static_cast<double>(logit)));
}

// Of one question's answers; targets are those of targets().
double cross_entropy(std::span<const float> logits, std::span<const float> targets) {
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double x = logits[i];
    sum += std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))) - x * targets[i];
  }
  return sum;
}

double mean_cross_entropy(const Tensor& logits, const VqaProblemPart& part,
                          std::int64_t batch_size) {
  const auto width = static_cast<std::size_t>(logits.size(1));
  const std::span<const float> all = logits.data<float>();
  double sum = 0;
  for_each_batch(part, batch_size, [&](const Numbers& items) {
    const Tensor targets = part.targets(items);
    for (std::size_t i = 0; i < items.size(); ++i) {
      sum += cross_entropy(all.subspan(static_cast<std::size_t>(items[i]) * width, width),
                           targets.data<float>().subspan(i * width, width));
    }
  });
  return sum / static_cast<double>(part.num_questions());
}

// The same network in which nothing is dropped but coefficients.
std::unique_ptr<models::Mcan> with_dropped_coefficients(const models::Mcan& model, double dropout) {
  if (!(dropout > 0 && dropout < 1)) {
    throw InvalidArgument(
        text("PAvPU: dropout of the coefficients must be in (0, 1), got ", dropout));
  }
  models::McanOptions options = model.options();
  options.dropout = 0;
  options.attention_dropout = dropout;
  nn::Initializer init(0);
  auto copy = std::make_unique<models::Mcan>(options, init);
  std::vector<NamedTensor> values;
  for (const nn::NamedParameter& parameter : model.parameters()) {
    values.push_back({parameter.name, parameter.variable.value()});
  }
  load_parameters(copy->parameters(), values, "PAvPU");
  return copy;
}

// Probabilities of the answers to a batch of questions in every sample.
// @return  [questions, samples, answers]
std::vector<float> sample_batch(const models::Mcan& model, const models::TextBatch& questions,
                                const models::RegionBatch& images, std::uint32_t first_stream,
                                const VqaSamplingOptions& options) {
  const auto samples = static_cast<std::size_t>(options.samples);
  const auto width = static_cast<std::size_t>(model.options().answers);
  std::vector<float> all(static_cast<std::size_t>(questions.num_texts()) * samples * width);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    nn::ForwardContext ctx(core::RandomStream(options.seed, core::Purpose::dropout, first_stream,
                                              static_cast<std::uint32_t>(sample)));
    const Tensor logits = model.forward(questions, images, ctx).value();
    const std::span<const float> found = logits.data<float>();
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::size_t at = (i / width * samples + sample) * width + i % width;
      all[at] = static_cast<float>(probability_of(found[i]));
    }
  }
  return all;
}

/// Sums of a measure over the questions of a type.
class ByType {
 public:
  void add(const std::string& type, double value) {
    Mean& mean = of_[type];
    mean.sum += value;
    ++mean.count;
  }
  void put(Measures& measures, const std::string& name) const {
    for (const auto& [type, mean] : of_) {
      if (!type.empty()) {
        measures[text(name, '.', type)] = mean.sum / static_cast<double>(mean.count);
      }
    }
  }

 private:
  struct Mean {
    double sum = 0;
    std::int64_t count = 0;
  };
  std::map<std::string, Mean> of_;
};

const std::string& type_of(const VqaProblemPart& part, std::size_t question) {
  return part.source().questions[question].answer_type;
}

void put_certainty(Measures& measures, std::span<const SampledAnswer> answers,
                   const VqaProblemPart& part, double threshold) {
  CertaintyCounts all;
  ByType by_type;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    all.add(answers[i], threshold);
    CertaintyCounts one;
    one.add(answers[i], threshold);
    by_type.add(type_of(part, i), one.pavpu());
  }
  measures["pavpu"] = all.pavpu();
  measures["certain"] = static_cast<double>(all.certain) / static_cast<double>(all.total);
  by_type.put(measures, "pavpu");
}

}  // namespace

Variable vqa_loss(const models::Mcan& model, const VqaProblemPart& part,
                  std::span<const std::int64_t> items, nn::ForwardContext& ctx) {
  const Variable logits = model.forward(part.questions(items), part.images(items), ctx);
  return ops::binary_cross_entropy(logits, part.targets(items));
}

Tensor vqa_logits(const models::Mcan& model, const VqaProblemPart& part,
                  const VqaEvaluationOptions& options) {
  Tensor all = Tensor::empty({part.num_questions(), model.options().answers});
  float* to = all.mutable_data<float>().data();
  const autograd::NoGradScope no_grad;
  for_each_batch(part, options.batch_size, [&](const Numbers& items) {
    nn::ForwardContext ctx;
    const Tensor found =
        model.forward(part.questions(items), part.images(items, options.noise), ctx).value();
    to = std::ranges::copy(found.data<float>(), to).out;
  });
  return all;
}

std::vector<VqaAnswer> vqa_answers(const Tensor& logits, const VqaProblemPart& part) {
  const auto width = static_cast<std::size_t>(logits.size(1));
  std::vector<VqaAnswer> answers;
  for (std::int64_t question = 0; question < logits.size(0); ++question) {
    const std::span<const float> row =
        logits.data<float>().subspan(static_cast<std::size_t>(question) * width, width);
    for (std::size_t i = 0; i < width; ++i) {
      if (!std::isfinite(row[i])) {
        throw Error(text("visual questions: logit of question ", question, ", answer ", i,
                         " is not finite"));
      }
    }
    const auto best = std::ranges::max_element(row) - row.begin();
    answers.push_back({.answer = best,
                       .probability = probability_of(row[static_cast<std::size_t>(best)]),
                       .accuracy = part.accuracy(question, best)});
  }
  return answers;
}

std::vector<SampledAnswer> sampled_vqa_answers(const models::Mcan& model,
                                               const VqaProblemPart& part,
                                               const VqaEvaluationOptions& options) {
  const std::int64_t samples = options.sampling.samples;
  if (samples < 2) {
    throw InvalidArgument(text("PAvPU: expected at least two samples, got ", samples));
  }
  const auto dropped = with_dropped_coefficients(model, options.sampling.dropout);
  const auto width = static_cast<std::size_t>(samples * model.options().answers);
  std::vector<SampledAnswer> answers;
  std::uint32_t batch = 0;
  const autograd::NoGradScope no_grad;
  for_each_batch(part, options.batch_size, [&](const Numbers& items) {
    const std::vector<float> probabilities =
        sample_batch(*dropped, part.questions(items), part.images(items, options.noise),
                     batch++ % kBatchesOfStreams * kStreamsOfBatch, options.sampling);
    for (std::size_t i = 0; i < items.size(); ++i) {
      answers.push_back(
          sampled_answer(std::span(probabilities).subspan(i * width, width), samples));
      answers.back().accuracy = part.accuracy(items[i], answers.back().answer);
    }
  });
  return answers;
}

Measures evaluate_vqa(const models::Mcan& model, const VqaProblemPart& part,
                      const VqaEvaluationOptions& options) {
  if (!part.labelled()) {
    throw InvalidArgument(
        text("evaluate_vqa: expected answers in the part ", part.name(), ", found none"));
  }
  const Tensor logits = vqa_logits(model, part, options);
  const std::vector<VqaAnswer> answers = vqa_answers(logits, part);
  double sum = 0;
  ByType by_type;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    sum += answers[i].accuracy;
    by_type.add(type_of(part, i), answers[i].accuracy);
  }
  Measures measures{{"accuracy", sum / static_cast<double>(answers.size())},
                    {"nll", mean_cross_entropy(logits, part, options.batch_size)},
                    {"ece", calibration_error(answers, options.ece_bins)}};
  by_type.put(measures, "accuracy");
  if (options.sampling.samples > 0) {
    put_certainty(measures, sampled_vqa_answers(model, part, options), part,
                  options.sampling.threshold);
  }
  return measures;
}

double vqa_head_mmd(const models::Mcan& model, const VqaProblemPart& part,
                    const HeadMmdOptions& options, std::int64_t items) {
  HeadMmd mmd(options);
  const autograd::NoGradScope no_grad;
  nn::ForwardContext ctx;
  ctx.head_sink = &mmd;
  const Numbers first = counted(0, std::min(items, part.num_questions()));
  (void)model.forward(part.questions(first), part.images(first), ctx);
  return mmd.value();
}

}  // namespace attune::train
