// Tokenising all of SST-2: 9,613 sentences, 0.97 MB. Needs $ATTUNE_DATA.
//
// The first round of a tokeniser cuts every word, later ones find most in its cache: `cold` makes a
// new tokeniser for every round.
#include <memory>

#include <benchmark/benchmark.h>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/encoded_text.hpp>
#include <attune/data/text/sentencepiece.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/data/text/wordpiece_trainer.hpp>

namespace attune {
namespace {

using TokenizerPointer = std::unique_ptr<data::Tokenizer>;

const data::TextTask* sst2() {
  static const std::unique_ptr<data::TextTask> task = []() -> std::unique_ptr<data::TextTask> {
    try {
      return std::make_unique<data::TextTask>(data::load_text_task("sst2"));
    } catch (const FileError&) {
      return nullptr;
    }
  }();
  return task.get();
}

data::Vocabulary train(const data::TextTask& task) {
  data::WordPieceTrainer trainer({.vocabulary_size = 8000});
  for (const data::TextPart& part : task.parts) {
    for (const data::TextExample& example : part.examples) {
      trainer.add(example.first);
    }
  }
  return trainer.train();
}

std::int64_t count_tokens(const data::Tokenizer& tokenizer, const data::TextTask& task) {
  std::int64_t count = 0;
  data::Tokens tokens;
  for (const data::TextPart& part : task.parts) {
    for (const data::TextExample& example : part.examples) {
      tokens.clear();
      tokenizer.encode(example.first, tokens);
      count += std::ssize(tokens.ids);
    }
  }
  return count;
}

void encode_all(benchmark::State& state, bool cold,
                TokenizerPointer (*make)(const data::TextTask&)) {
  const data::TextTask* task = sst2();
  if (task == nullptr) {
    state.SkipWithError("needs SST-2; set ATTUNE_DATA");
    return;
  }
  TokenizerPointer tokenizer = make(*task);
  std::int64_t tokens = count_tokens(*tokenizer, *task);
  for (auto _ : state) {
    if (cold) {
      state.PauseTiming();
      tokenizer = make(*task);
      state.ResumeTiming();
    }
    const std::int64_t found = count_tokens(*tokenizer, *task);
    if (found != tokens) {
      state.SkipWithError("tokens differ between rounds");
      return;
    }
  }
  state.SetItemsProcessed(state.iterations() * tokens);
}

TokenizerPointer wordpiece(const data::TextTask& task) {
  static const data::Vocabulary vocabulary = train(task);
  return std::make_unique<data::WordPieceTokenizer>(vocabulary);
}

#ifdef ATTUNE_BENCH_MODEL  // built with SentencePiece
TokenizerPointer sentencepiece(const data::TextTask&) {
  return std::make_unique<data::SentencePieceTokenizer>(testing::slurp(ATTUNE_BENCH_MODEL),
                                                        ATTUNE_BENCH_MODEL);
}
#endif

void train_wordpiece(benchmark::State& state) {
  const data::TextTask* task = sst2();
  if (task == nullptr) {
    state.SkipWithError("needs SST-2; set ATTUNE_DATA");
    return;
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(train(*task).size());
  }
}

BENCHMARK_CAPTURE(encode_all, wordpiece_cold, true, &wordpiece)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode_all, wordpiece, false, &wordpiece)->Unit(benchmark::kMillisecond);
#ifdef ATTUNE_BENCH_MODEL
BENCHMARK_CAPTURE(encode_all, sentencepiece, false, &sentencepiece)->Unit(benchmark::kMillisecond);
#endif
BENCHMARK(train_wordpiece)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace attune
