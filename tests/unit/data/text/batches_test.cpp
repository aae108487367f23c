#include <algorithm>
#include <numeric>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include "toy_tokenizers.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/data/text/batches.hpp>
#include <attune/data/text/encoded_text.hpp>
#include <attune/data/text/raw_text.hpp>
#include <attune/data/text/span_windows.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::bert_vocabulary;
using testing::byte_vocabulary;
using Ids = std::vector<std::int32_t>;
using Numbers = std::vector<std::int64_t>;

// [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, a 5, b 6, c 7, ##d 8
WordPieceTokenizer bert() {
  return WordPieceTokenizer(bert_vocabulary({"a", "b", "c", "##d"}));
}

TEST_CASE("encode: one text and two, with types", "[data][text]") {
  const WordPieceTokenizer tokenizer = bert();
  const EncodedText one = encode_text(tokenizer, "a b", 8);
  CHECK(one.tokens == Ids{2, 5, 6, 3});
  CHECK(one.types == Ids{0, 0, 0, 0});
  CHECK_FALSE(one.shortened);
  const EncodedText two = encode_pair(tokenizer, "a b", "c", 8);
  CHECK(two.tokens == Ids{2, 5, 6, 3, 7, 3});
  CHECK(two.types == Ids{0, 0, 0, 0, 1, 1});
  CHECK(encode_text(tokenizer, "", 8).tokens == Ids{2, 3});
}

TEST_CASE("encode: RoBERTa has two separators between and one type", "[data][text]") {
  const ByteBpeTokenizer tokenizer(byte_vocabulary({}), {});
  const std::int32_t a = tokenizer.encode("a").ids.front();
  const EncodedText two = encode_pair(tokenizer, "a", "a", 8);
  CHECK(two.tokens == Ids{0, a, 2, 2, a, 2});
  CHECK(two.types == Ids(6, 0));
}

TEST_CASE("encode: what does not fit is cut, the longer text first", "[data][text]") {
  const WordPieceTokenizer tokenizer = bert();
  const EncodedText one = encode_text(tokenizer, "a b c a", 4);
  CHECK(one.tokens == Ids{2, 5, 6, 3});
  CHECK(one.shortened);
  CHECK(encode_pair(tokenizer, "a a a a a", "b", 7).tokens == Ids{2, 5, 5, 5, 3, 6, 3});
  CHECK(encode_pair(tokenizer, "a", "b b b b b", 7).tokens == Ids{2, 5, 3, 6, 6, 6, 3});
  CHECK(encode_pair(tokenizer, "a a a a a", "b b b b b", 8).tokens == Ids{2, 5, 5, 5, 3, 6, 6, 3});
  CHECK_THROWS_WITH(encode_text(tokenizer, "a", 2), Contains("at least 3, got 2"));
  CHECK_THROWS_WITH(encode_pair(tokenizer, "a", "b", 4), Contains("at least 5, got 4"));
}

TEST_CASE("encode: choices are texts side by side", "[data][text]") {
  const WordPieceTokenizer tokenizer = bert();
  const std::vector<TextExample> examples = {
      {.first = "a", .second = "b", .endings = {"c", "a"}, .label = 1},
      {.first = "b", .second = "", .endings = {"c", "c c"}, .label = 0}};
  const EncodedExamples encoded = encode_examples(tokenizer, TextTaskKind::choice, examples, 16);
  REQUIRE(encoded.texts.size() == 4);
  CHECK(encoded.texts[1].tokens == Ids{2, 5, 3, 6, 5, 3});
  CHECK(encoded.texts[2].tokens == Ids{2, 6, 3, 7, 3});
  CHECK(encoded.labels == Ids{1, 0});
  CHECK(encoded.length(1) == 5 + 6);
  const models::TextBatch batch = batch_of(encoded, Numbers{1});
  CHECK(batch.num_texts() == 2);
  CHECK(batch.starts == Numbers{0, 5, 11});
  CHECK(batch.types == Ids{0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1});
  CHECK_THROWS_WITH(batch_of(encoded, Numbers{2}), Contains("[0, 2), got 2"));
  const std::vector<TextExample> uneven = {examples[0], {.first = "a", .endings = {"b"}}};
  CHECK_THROWS_WITH(encode_examples(tokenizer, TextTaskKind::choice, uneven, 16),
                    Contains("the first has 2, example 1 has 1"));
}

TEST_CASE("encode: examples in parallel equal those one by one", "[data][text]") {
  const WordPieceTokenizer tokenizer = bert();
  std::vector<TextExample> examples;
  for (int i = 0; i < 500; ++i) {
    examples.push_back({.first = std::string(static_cast<std::size_t>(i % 9), 'a') + " ad b",
                        .second = i % 2 == 0 ? "c" : "cd",
                        .label = i % 3});
  }
  EncodedExamples encoded;
  core::with_threads(
      4, [&] { encoded = encode_examples(tokenizer, TextTaskKind::pair, examples, 12); });
  for (std::size_t i = 0; i < examples.size(); ++i) {
    REQUIRE(encoded.texts[i].tokens ==
            encode_pair(tokenizer, examples[i].first, examples[i].second, 12).tokens);
  }
}

TEST_CASE("batches: every example once, drawn by seed and epoch", "[data][text]") {
  Numbers lengths(1003);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    lengths[i] = static_cast<std::int64_t>(i * 37 % 101);
  }
  const BatchPlanOptions options{.batch_size = 16, .seed = 5, .epoch = 2, .bucket_batches = 8};
  const auto batches = plan_batches(lengths, options);
  Numbers all;
  std::size_t small = 0;
  for (const Numbers& batch : batches) {
    small += batch.size() < 16 ? 1 : 0;
    all.insert(all.end(), batch.begin(), batch.end());
  }
  CHECK(batches.size() == 63);
  CHECK(small == 1);
  std::sort(all.begin(), all.end());
  Numbers expected(lengths.size());
  std::iota(expected.begin(), expected.end(), std::int64_t{0});
  CHECK(all == expected);
  CHECK(batches == plan_batches(lengths, options));
  CHECK(batches !=
        plan_batches(lengths, {.batch_size = 16, .seed = 6, .epoch = 2, .bucket_batches = 8}));
  CHECK(batches !=
        plan_batches(lengths, {.batch_size = 16, .seed = 5, .epoch = 3, .bucket_batches = 8}));
}

TEST_CASE("batches: buckets put examples of about one length together", "[data][text]") {
  Numbers lengths(1024);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    lengths[i] = static_cast<std::int64_t>(i * 37 % 101);
  }
  const auto spread = [&](std::int64_t bucket_batches) {
    std::int64_t sum = 0;  // of the longest minus the shortest
    for (const Numbers& batch :
         plan_batches(lengths, {.batch_size = 16, .bucket_batches = bucket_batches})) {
      const auto [low, high] = std::minmax_element(
          batch.begin(), batch.end(),
          [&](std::int64_t a, std::int64_t b) { return lengths[a] < lengths[b]; });
      sum += lengths[*high] - lengths[*low];
    }
    return sum;
  };
  CHECK(spread(64) * 20 < spread(1));
  const auto in_order = plan_in_order(Numbers{3, 1, 2, 1}, 3);
  CHECK(in_order == std::vector<Numbers>{{1, 3, 2}, {0}});
  CHECK_THROWS_WITH(plan_batches(Numbers{}), Contains("examples must be at least 1, got 0"));
  CHECK_THROWS_WITH(plan_batches(lengths, {.batch_size = 0}), Contains("batch_size"));
}

TEST_CASE("raw text: empty lines part documents, and lines fill sequences", "[data][text]") {
  const testing::TemporaryFolder folder;
  const RawText raw = load_raw_text(folder.write("t.txt", "\na b\nc\r\n\n\nb b b b b b b\na\n"));
  REQUIRE(raw.documents.size() == 2);
  CHECK(raw.num_lines() == 4);
  const std::vector<EncodedText> sequences = pack_sequences(raw, bert(), 6);
  REQUIRE(sequences.size() == 3);
  CHECK(sequences[0].tokens == Ids{2, 5, 6, 7, 3});
  CHECK(sequences[1].tokens == Ids{2, 6, 6, 6, 6, 3});
  CHECK(sequences[2].tokens == Ids{2, 6, 6, 6, 5, 3});
  CHECK_THROWS_WITH(load_raw_text(folder.write("t.txt", "a\n\xff\n")),
                    Contains("t.txt:2: expected UTF-8, found \"\\xff\""));
  CHECK_THROWS_WITH(load_raw_text(folder.write("t.txt", " \n\n")), Contains("found none"));
  CHECK_THROWS_WITH(pack_sequences(raw, bert(), 2), Contains("at least 3, got 2"));
}

TEST_CASE("raw text: texts of a task are documents", "[data][text]") {
  RawText raw;
  add_texts(raw, {.name = "train",
                  .examples = {{.first = "a", .second = "b"}, {.first = "c"}, {.first = ""}}});
  CHECK(raw.documents == std::vector<std::vector<std::string>>{{"a", "b"}, {"c"}});
}

SpanTask toy_spans() {
  // Bytes: a 0, b 2, c 4, ad 6, b 9, c 11, a 13
  return {
      .contexts = {"a b c ad b c a"},
      .questions = {
          {.id = "1", .question = "b c", .answers = {"ad b"}, .ranges = {{.begin = 6, .end = 10}}},
          {.id = "2", .question = "a", .impossible = true}}};
}

TEST_CASE("span windows: stretches overlap, and the answer is marked where it is whole",
          "[data][text]") {
  const WordPieceTokenizer tokenizer = bert();
  // Room: 11 - 3 special - 2 of the question = 6 of the 8 tokens of the passage.
  const auto windows = span_windows(tokenizer, toy_spans(),
                                    {.max_tokens = 11, .max_question_tokens = 2, .stride = 4});
  REQUIRE(windows.size() == 4);
  CHECK(windows[0].text.tokens == Ids{2, 6, 7, 3, 5, 6, 7, 5, 8, 6, 3});
  CHECK(windows[0].text.types == Ids{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1});
  CHECK(windows[0].first_token == 4);
  CHECK(windows[0].answer_begin == 7);
  CHECK(windows[0].answer_end == 9);
  CHECK(windows[1].text.tokens == Ids{2, 6, 7, 3, 8, 6, 7, 5, 3});
  CHECK(windows[1].answer_begin == 0);  // it begins inside the answer
  CHECK(windows[1].answer_end == 0);
  CHECK(windows[2].question == 1);
  CHECK(windows[2].answer_end == 0);
  CHECK_THROWS_WITH(span_windows(tokenizer, toy_spans(),
                                 {.max_tokens = 8, .max_question_tokens = 2, .stride = 4}),
                    Contains("got max_tokens 8"));
}

TEST_CASE("choose_span: the best pair in order, or none", "[data][text]") {
  const WordPieceTokenizer tokenizer = bert();
  const SpanTask task = toy_spans();
  const auto windows =
      span_windows(tokenizer, task, {.max_tokens = 11, .max_question_tokens = 2, .stride = 4});
  const std::span<const SpanWindow> two = std::span(windows).first(2);
  std::vector<float> first(22, 0.0F);
  std::vector<float> second(18, 0.0F);
  first[2 * 7] = 2;      // begins with a(d)
  first[2 * 9 + 1] = 3;  // ends with b
  first[2 * 4 + 1] = 9;  // an end before every begin but its own
  first[2 * 1] = 50;     // of the question: no answer
  first[0] = 4;
  first[1] = 4;
  second[0] = 1;
  const std::vector<std::span<const float>> scores = {first, second};
  const SpanChoice chosen = choose_span(task.contexts[0], two, scores);
  CHECK(chosen.answer == "a");
  CHECK(chosen.score == 9);
  CHECK(chosen.none_score == 1);  // the lower of 8 and 1
  first[2 * 4 + 1] = 0;
  CHECK(choose_span(task.contexts[0], two, scores).answer == "ad b");
  CHECK(choose_span(task.contexts[0], two, scores, {.max_answer_tokens = 2}).answer != "ad b");
  CHECK(
      choose_span(task.contexts[0], two.first(1), std::span(scores).first(1), {.may_be_none = true})
          .answer.empty());
  CHECK(choose_span(task.contexts[0], two.first(1), std::span(scores).first(1),
                    {.may_be_none = true, .none_threshold = 3.5})
            .answer == "ad b");
  CHECK_THROWS_WITH(choose_span(task.contexts[0], two, std::span(scores).first(1)),
                    Contains("got 2 windows, scores of 1"));
}

}  // namespace
}  // namespace attune::data
