// Damaged files of texts end in a clear error or in examples whose labels are in range. Never in a
// crash, and never in another kind of exception, which would end the test.

#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/raw_text.hpp>
#include <attune/data/text/squad.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/data/text/tokenizer.hpp>

namespace attune::data {
namespace {

struct Format {
  const char* task;  // or the loader's name
  const char* file;
  std::string content;
};

std::vector<Format> formats() {
  return {
      {"cola", "text/cola/raw/in_domain_train.tsv",
       "gj04\t1\t\tThey go.\nks08\t0\t*\tThey goes.\n"},
      {"mrpc", "text/mrpc/train.tsv",
       "\xef\xbb\xbfQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t2\t3\ta "
       "b\tc\r\n0\t2\t3\ta\td\r\n"},
      {"stsb", "text/stsb/sts-dev.csv",
       "g\tf\t2012\t1\t4.750\ta\tb\ng\tf\t2012\t1\t0.2\tc\td\tx\ty\n"},
      {"swag", "text/swag/val.csv",
       "sent1,sent2,ending0,ending1,ending2,ending3,label\n\"a, \"\"b\"\"\",He,w,x,\"y\nz\",q,3\n"},
      {"trec", "text/trec/TREC.test", "NUM:dist How far ?\nHUM:desc Who \xe9 ?\n"},
      {"snli", "text/snli/snli_1.0_dev.jsonl",
       "{\"gold_label\": \"neutral\", \"sentence1\": \"a\", \"sentence2\": \"b \\u00e9\"}\n"},
      {"hellaswag", "text/hellaswag/hellaswag_val.jsonl",
       "{\"ctx_a\": \"A\", \"ctx_b\": \"he\", \"endings\": [\"a\", \"b\"], \"label\": 1}\n"},
      {"own.tsv", "own.tsv", "yes\ta b\nno\tc\n"},
      {"squad", "squad.json",
       "{\"version\": \"v2.0\", \"data\": [{\"paragraphs\": [{\"context\": \"N\xc3\xa9 in Paris\", "
       "\"qas\": [{\"id\": \"1\", \"question\": \"?\", \"is_impossible\": false, \"answers\": "
       "[{\"text\": \"Paris\", \"answer_start\": 6}]}]}]}]}"},
      {"raw", "raw.txt", "a b\n\nc\r\nd \xc3\xa9\n"},
      {"tokenizer", "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n##b\n\xc3\xa9\n"},
      {"tokenizer", "tokenizer.json",
       "{\"normalizer\": {\"type\": \"BertNormalizer\", \"lowercase\": true}, \"model\": "
       "{\"type\": "
       "\"WordPiece\", \"vocab\": {\"[PAD]\": 0, \"[UNK]\": 1, \"[CLS]\": 2, \"[SEP]\": 3, \"a\": "
       "4}}}"}};
}

void check_task(const TextTask& task) {
  for (const TextPart& part : task.parts) {
    for (const TextExample& example : part.examples) {
      const auto most =
          task.kind == TextTaskKind::choice ? std::ssize(example.endings) : std::ssize(task.labels);
      REQUIRE(example.label >= -1);
      REQUIRE(example.label < std::max<std::int64_t>(most, 1));
      REQUIRE((std::isnan(example.score) || (example.score >= 0 && example.score <= 5)));
    }
  }
}

void check_spans(const SpanTask& task) {
  for (const SpanQuestion& question : task.questions) {
    const std::string& context = task.contexts.at(static_cast<std::size_t>(question.context));
    for (std::size_t a = 0; a < question.answers.size(); ++a) {
      REQUIRE(context.compare(static_cast<std::size_t>(question.ranges[a].begin),
                              question.answers[a].size(), question.answers[a]) == 0);
    }
  }
}

/// Whether it is refused; the error must be about the file and short enough to read.
bool refused(const testing::TemporaryFolder& folder, const Format& format) {
  const std::string name = format.task;
  const std::string path = folder.path(format.file);
  try {
    if (name == "squad") {
      check_spans(load_squad(path));
    } else if (name == "raw") {
      const RawText raw = load_raw_text(path);
      REQUIRE(raw.num_lines() > 0);
    } else if (name == "tokenizer") {
      (void)load_tokenizer(path)->encode("a ab \xc3\xa9");
    } else {
      check_task(load_text_task(name.ends_with(".tsv") ? path : name, folder.path()));
    }
  } catch (const FileError& error) {
    if (error.path().rfind(folder.path(), 0) != 0 || std::string(error.what()).size() > 1000) {
      FAIL("unclear error: " << error.what());
    }
    return true;
  }
  return false;
}

TEST_CASE("text tasks: files cut anywhere are refused or valid", "[data][property]") {
  for (const Format& format : formats()) {
    const testing::TemporaryFolder folder;
    folder.write(format.file, format.content);
    REQUIRE_FALSE(refused(folder, format));
    int stopped = 0;
    for (std::size_t length = 0; length < format.content.size(); ++length) {
      CAPTURE(format.task, length);
      folder.write(format.file, format.content.substr(0, length));
      stopped += refused(folder, format) ? 1 : 0;
    }
    CHECK(stopped > 0);
  }
}

TEST_CASE("text tasks: files with bytes changed are refused or valid", "[data][property]") {
  std::mt19937 random(20261121);
  constexpr std::string_view kMeaningful = "\t\n\r,\"<>{}[]:\\# -.9e0";
  for (const Format& format : formats()) {
    const testing::TemporaryFolder folder;
    int stopped = 0;
    for (int i = 0; i < 250; ++i) {
      std::string damaged = format.content;
      for (auto changes = 1 + random() % 3; changes > 0; --changes) {
        damaged[random() % damaged.size()] = random() % 2 == 0
                                                 ? kMeaningful[random() % kMeaningful.size()]
                                                 : static_cast<char>(random() % 256);
      }
      CAPTURE(format.task, damaged);
      folder.write(format.file, damaged);
      stopped += refused(folder, format) ? 1 : 0;
    }
    CHECK(stopped > 0);
  }
}

}  // namespace
}  // namespace attune::data
