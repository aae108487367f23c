#include <catch2/catch.hpp>

#include "support/skip.hpp"
#include "support/temporary_folder.hpp"
#include <attune/core/error.hpp>
#include <attune/data/text/text_task.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::TemporaryFolder;
using Counts = std::vector<std::int64_t>;
using Strings = std::vector<std::string>;

/// The task read from one file below a data folder.
TextTask load(const std::string& name, const std::string& file, const std::string& content) {
  const TemporaryFolder folder;
  folder.write("text/" + file, content);
  return load_text_task(name, folder.path());
}

std::string error_of(const std::string& name, const std::string& file, const std::string& content) {
  try {
    (void)load(name, file, content);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Counts label_counts(const TextTask& task, const std::string& part) {
  Counts counts(task.labels.size());
  for (const TextExample& example : task.part(part).examples) {
    REQUIRE(example.label >= 0);
    ++counts[static_cast<std::size_t>(example.label)];
  }
  return counts;
}

double mean_score(const TextTask& task, const std::string& part) {
  double sum = 0;
  for (const TextExample& example : task.part(part).examples) {
    sum += static_cast<double>(example.score);
  }
  return sum / static_cast<double>(task.part(part).examples.size());
}

TEST_CASE("text tasks: MNLI in GLUE's form, matched and mismatched", "[data][text]") {
  const std::string heading =
      "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t"
      "sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n";
  const TemporaryFolder folder;
  folder.write("text/mnli/dev_matched.tsv",
               heading +
                   "0\t1\t1n\tfiction\t(a)\t(b)\t(a)\t(b)\tIt \"rains.\tIt is wet.\tneutral\t"
                   "entailment\n1\t1\t1c\tfiction\t(a)\t(b)\t(a)\t(b)\tp\th\tneutral\t-\n");
  folder.write("text/mnli/dev_mismatched.tsv",
               heading + "0\t1\t1n\tslate\t(a)\t(b)\t(a)\t(b)\tp\th\tneutral\tcontradiction\n");
  folder.write("text/mnli/test_matched.tsv", "index\tsentence1\tsentence2\n0\tp\th\n");
  const TextTask task = load_text_task("mnli", folder.path());
  CHECK(task.kind == TextTaskKind::pair);
  CHECK(task.labels == Strings{"entailment", "neutral", "contradiction"});
  const TextPart& matched = task.part("validation_matched");
  REQUIRE(matched.examples.size() == 1);
  CHECK(matched.skipped == 1);
  CHECK(matched.examples[0].first == "It \"rains.");
  CHECK(matched.examples[0].second == "It is wet.");
  CHECK(matched.examples[0].label == 0);
  CHECK(task.part("validation_mismatched").examples[0].label == 2);
  CHECK(task.part("test_matched").examples[0].label == -1);
  CHECK(task.find("train") == nullptr);
  CHECK_THROWS_WITH(task.part("train"),
                    Contains("expected one of the parts validation_matched, validation_mismatched, "
                             "test_matched, got \"train\""));
}

TEST_CASE("text tasks: QQP leaves its broken lines out and counts them", "[data][text]") {
  const TextTask task =
      load("qqp", "qqp/train.tsv",
           "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
           "1\t1\t2\tHow?\tHow so?\t1\n2\t3\t4\tbroken here\n3\t5\t6\tWhy?\t\t0\n");
  CHECK(label_counts(task, "train") == Counts{1, 1});
  CHECK(task.part("train").skipped == 1);
  CHECK(task.part("train").examples[0].second == "How so?");
}

TEST_CASE("text tasks: QNLI, WNLI, SST-2, MRPC, STS-B and CoLA in GLUE's form", "[data][text]") {
  const TextTask qnli =
      load("qnli", "qnli/dev.tsv", "index\tquestion\tsentence\tlabel\n0\tq?\ts\tnot_entailment\n");
  CHECK(qnli.part("validation").examples[0].first == "q?");
  CHECK(qnli.part("validation").examples[0].label == 1);
  const TextTask wnli =
      load("wnli", "wnli/train.tsv", "index\tsentence1\tsentence2\tlabel\n0\ta\tb\t1\n");
  CHECK(wnli.labels[static_cast<std::size_t>(wnli.part("train").examples[0].label)] ==
        "entailment");
  CHECK(load("sst2", "sst2/dev.tsv", "sentence\tlabel\nfine film \t1\n")
            .part("validation")
            .examples[0]
            .first == "fine film ");
  CHECK(
      load("sst2", "sst2/test.tsv", "index\tsentence\n0\tfine\n").part("test").examples[0].label ==
      -1);
  CHECK(load("mrpc", "mrpc/test.tsv", "index\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t1\t2\ta\tb\n")
            .part("test")
            .examples[0]
            .second == "b");
  const TextTask stsb =
      load("stsb", "stsb/dev.tsv",
           "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\t"
           "sentence2\tscore\n0\tg\tf\t2012\t1\tn\tn\ta\tb\t4.750\n");
  CHECK(stsb.part("validation").examples[0].score == 4.75F);
  CHECK(load("cola", "cola/test.tsv", "index\tsentence\n0\tHe go.\n")
            .part("test")
            .examples[0]
            .first == "He go.");
}

TEST_CASE("text tasks: SNLI as table and as objects", "[data][text]") {
  const TextTask table = load("snli", "snli/snli_1.0_dev.txt",
                              "gold_label\tsentence1_binary_parse\tsentence1\tsentence2\tlabel1\n"
                              "neutral\t(a)\tp\th\tneutral\n-\t(a)\tp\th\tneutral\n"
                              "entailment\t(a)\tp\th\tneutral\tmore\n");
  CHECK(label_counts(table, "validation") == Counts{1, 1, 0});
  CHECK(table.part("validation").skipped == 1);
  const TextTask objects =
      load("snli", "snli/snli_1.0_test.jsonl",
           "{\"gold_label\": \"contradiction\", \"sentence1\": \"p\", \"sentence2\": \"h\"}\n"
           "{\"gold_label\": \"-\", \"sentence1\": \"p\", \"sentence2\": \"h\"}\n");
  CHECK(label_counts(objects, "test") == Counts{0, 0, 1});
  CHECK_THAT(
      error_of("snli", "snli/snli_1.0_test.jsonl",
               "{\"gold_label\": \"neutral\", \"sentence1\": \"p\", \"sentence2\": \"h\"}\n{]\n"),
      Contains("snli_1.0_test.jsonl:2: not JSON"));
  CHECK_THAT(error_of("snli", "snli/snli_1.0_test.jsonl", "{\"gold_label\": \"neutral\"}\n"),
             Contains("snli_1.0_test.jsonl:1: sentence1: expected a text, found nothing"));
  CHECK_THAT(error_of("snli", "snli/snli_1.0_test.jsonl", "{\"gold_label\": \"maybe\"}\n"),
             Contains("gold_label: expected entailment, neutral, contradiction or -, found"));
}

TEST_CASE("text tasks: SWAG with quoted fields and HellaSWAG as objects", "[data][text]") {
  const std::string heading =
      ",video-id,fold-ind,startphrase,sent1,sent2,gold-source,ending0,ending1,ending2,ending3,"
      "label\n";
  const TextTask swag =
      load("swag", "swag/train.csv",
           heading +
               "0,a,1,\"Rain, he\",\"Rain, so \"\"heavy\"\"\nit pours.\",He,gold,runs.,\"sits, "
               "then eats.\",sings.,flies.,2\r\n");
  CHECK(swag.kind == TextTaskKind::choice);
  const TextExample& example = swag.part("train").examples.at(0);
  CHECK(example.first == "Rain, so \"heavy\"\nit pours.");
  CHECK(example.second == "He");
  CHECK(example.endings == Strings{"runs.", "sits, then eats.", "sings.", "flies."});
  CHECK(example.label == 2);
  CHECK_THAT(error_of("swag", "swag/train.csv", heading + "0,a,1,\"open,b\n"),
             Contains("train.csv:2: field 4: expected a closing quote, found the end of the file"));
  const TextTask hellaswag = load(
      "hellaswag", "hellaswag/hellaswag_val.jsonl",
      "{\"ctx_a\": \"A man.\", \"ctx_b\": \"he\", \"endings\": [\"a\", \"b\", \"c\", \"d\"], "
      "\"label\": 3}\n"
      "{\"ctx_a\": \"A man.\", \"ctx_b\": \"\", \"endings\": [\"a\", \"b\"], \"label\": \"\"}\n");
  CHECK(hellaswag.part("validation").examples[0].label == 3);
  CHECK(hellaswag.part("validation").examples[1].label == -1);
  CHECK_THAT(
      error_of("hellaswag", "hellaswag/hellaswag_val.jsonl",
               "{\"ctx_a\": \"A\", \"ctx_b\": \"\", \"endings\": [\"a\", \"b\"], \"label\": 2}\n"),
      Contains("label: expected a number from 0 to 1, found 2"));
}

TEST_CASE("text tasks: reviews in folders and in quoted tables", "[data][text]") {
  const TemporaryFolder folder;
  folder.write("text/imdb/train/neg/1_2.txt", "dull\n");
  folder.write("text/imdb/train/pos/0_9.txt", "good\nfilm");
  folder.write("text/imdb/train/pos/1_9.txt", "better");
  folder.write("text/amazon_review_polarity_csv/test.csv",
               "\"2\",\"Great\",\"a \"\"must\"\"\"\n\"1\",\"\",\"no\"\n");
  const TextTask imdb = load_text_task("imdb", folder.path());
  CHECK(label_counts(imdb, "train") == Counts{1, 2});
  CHECK(imdb.part("train").examples[1].first == "good\nfilm");
  const TextTask amazon = load_text_task("amazon", folder.path());
  CHECK(amazon.part("test").examples[0].first == "Great a \"must\"");
  CHECK(amazon.part("test").examples[0].label == 1);
  CHECK(amazon.part("test").examples[1].first == "no");
}

TEST_CASE("text tasks: files of one's own are label, tab, text", "[data][text]") {
  const TemporaryFolder folder;
  folder.write("own/train.tsv", "10\tten\n9\tnine\n10\tten again\n");
  folder.write("own/dev.tsv", "9\tneuf\n");
  const TextTask task = load_text_task(folder.path("own") + "/");
  CHECK(task.labels == Strings{"9", "10"});
  CHECK(label_counts(task, "train") == Counts{1, 2});
  CHECK(task.part("validation").examples[0].first == "neuf");
  const TextTask pairs = load_text_task(folder.write("pairs.tsv", "yes\ta\tb\nno\tc\td\n"));
  CHECK(pairs.kind == TextTaskKind::pair);
  CHECK(pairs.labels == Strings{"no", "yes"});
  CHECK(pairs.part("test").examples[1].second == "d");
}

TEST_CASE("text tasks: errors name file, line, what was expected and what was found",
          "[data][text]") {
  const TemporaryFolder folder;
  const auto own = [&](const std::string& content) -> std::string {
    try {
      (void)load_text_task(folder.write("own.tsv", content));
    } catch (const FileError& error) {
      return error.what();
    }
    return "no error";
  };
  CHECK_THAT(own(""), Contains("own.tsv: expected lines of label TAB text, found none"));
  CHECK_THAT(
      own("a\tb\nonly one\n"),
      Contains("own.tsv:2: expected label TAB text, or label TAB text TAB text, found 1 column"));
  CHECK_THAT(own("a\tb\na\tb\tc\n"), Contains("own.tsv:2: expected 2 columns, found 3"));
  CHECK_THAT(own("a\tb\n\na\t  \n"),
             Contains("own.tsv:3: column 2: expected a text, found an empty one"));
  CHECK_THAT(own("a\tb\na\tx\xff\xfe\n"),
             Contains("own.tsv:2: column 2: expected UTF-8, found \"\\xff\\xfe\""));
  folder.write("own/train.tsv", "a\tb\n");
  folder.write("own/test.tsv", "c\tb\n");
  CHECK_THROWS_WITH(load_text_task(folder.path("own/")),
                    Contains("test.tsv:1: expected one of the labels a; found \"c\""));
  CHECK_THROWS_WITH(load_text_task("sst3", folder.path()),
                    Contains("unknown text data set \"sst3\"") && Contains("sst2"));
  CHECK_THROWS_WITH(load_text_task("wnli", folder.path()),
                    Contains("text/wnli/train.tsv: not found in "));
  CHECK_THAT(error_of("cola", "cola/raw/in_domain_dev.tsv", "gj04\t1\tx\n"),
             Contains("in_domain_dev.tsv:1: expected 4 columns, found 3"));
  CHECK_THAT(error_of("stsb", "stsb/sts-dev.csv", "g\tf\ty\t1\t5.5\ta\tb\n"),
             Contains("sts-dev.csv:1: expected a score from 0 to 5, found \"5.5\""));
  CHECK_THAT(
      error_of("rte", "rte/dev.tsv", "index\tsentence1\tlabel\n0\ta\tentailment\n"),
      Contains("dev.tsv:1: expected a column \"sentence2\", found \"index\", \"sentence1\""));
  CHECK_THAT(error_of("trec", "trec/TREC.train", "NUM:dist\n"),
             Contains("TREC.train:1: expected a label, a blank and a text"));
  CHECK_THAT(error_of("trec", "trec/TREC.train", "XYZ:dist How far?\n"), Contains("known labels"));
  CHECK_THAT(error_of("mrpc", "mrpc/train.tsv", "Quality\t#1 String\t#2 String\n"),
             Contains("expected examples, found none"));
  CHECK_THAT(error_of("rte1", "rte/rte.zip", "no archive"), Contains("rte.zip"));
}

TEST_CASE("hold_out: takes the same share of every class, by seed", "[data][text]") {
  const auto task = [] {
    TextTask made{.name = "made", .labels = {"a", "b"}};
    TextPart train{.name = "train"};
    for (int i = 0; i < 100; ++i) {
      train.examples.push_back({.first = std::to_string(i), .label = i < 20 ? 0 : 1});
    }
    made.parts.push_back(train);
    return made;
  };
  TextTask a = task();
  TextTask b = task();
  TextTask c = task();
  hold_out(a, "train", "validation", 0.1, 1);
  hold_out(b, "train", "validation", 0.1, 1);
  hold_out(c, "train", "validation", 0.1, 2);
  CHECK(label_counts(a, "validation") == Counts{2, 8});
  CHECK(label_counts(a, "train") == Counts{18, 72});
  const auto texts = [](const TextTask& of) {
    Strings out;
    for (const TextExample& example : of.part("validation").examples) {
      out.push_back(example.first);
    }
    return out;
  };
  CHECK(texts(a) == texts(b));
  CHECK(texts(a) != texts(c));
  CHECK_THROWS_WITH(hold_out(a, "train", "validation", 0.1, 1), Contains("already"));
  CHECK_THROWS_WITH(hold_out(a, "train", "x", 1.0, 1), Contains("(0, 1)"));
  CHECK_THROWS_WITH(hold_out(a, "none", "x", 0.5, 1), Contains("expected one of the parts"));
}

TEST_CASE("text tasks: the public files have the published counts", "[data][text]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const auto counts = [&](const char* name, const char* part) {
    return label_counts(load_text_task(name, *data), part);
  };
  CHECK(counts("sst2", "train") == Counts{3310, 3610});
  CHECK(counts("sst2", "validation") == Counts{428, 444});
  CHECK(counts("sst2", "test") == Counts{912, 909});
  CHECK(load_text_task("sst5", *data).part("train").examples.size() == 8544);
  CHECK(load_text_task("sst5", *data).part("validation").examples.size() == 1101);
  CHECK(load_text_task("sst5", *data).part("test").examples.size() == 2210);
  CHECK(counts("mr", "test") == Counts{5331, 5331});
  CHECK(counts("cr", "test") == Counts{1366, 2405});
  CHECK(counts("movie_reviews", "test") == Counts{1000, 1000});
  CHECK(counts("uci/amazon_cells", "test") == Counts{500, 500});
  CHECK(counts("uci/imdb", "test") == Counts{500, 500});
  CHECK(counts("uci/yelp", "test") == Counts{500, 500});
  CHECK(counts("trec", "train") == Counts{86, 1162, 1250, 1223, 835, 896});
  CHECK(load_text_task("trec", *data).part("test").examples.size() == 500);
  CHECK(load_text_task("trec-fine", *data).labels.size() == 50);
  CHECK(counts("cola", "train") == Counts{2528, 6023});
  CHECK(counts("cola", "validation") == Counts{162, 365});
  CHECK(counts("cola", "out_of_domain") == Counts{162, 354});
  CHECK(counts("mrpc", "train") == Counts{1323, 2753});
  CHECK(counts("mrpc", "test") == Counts{578, 1147});
  CHECK(counts("rte", "train") == Counts{1249, 1241});
  CHECK(counts("rte", "validation") == Counts{146, 131});
  CHECK(load_text_task("rte", *data).part("test").examples.size() == 3000);
  CHECK(counts("sick", "train") == Counts{1299, 2536, 665});
  CHECK(counts("sick", "validation") == Counts{144, 282, 74});
  CHECK(counts("sick", "test") == Counts{1414, 2793, 720});
  CHECK(counts("textfooler/imdb", "test") == Counts{497, 503});
  CHECK(counts("textfooler/yelp", "test") == Counts{518, 482});
  CHECK(counts("textfooler/mr", "test") == Counts{511, 489});
  CHECK(counts("textfooler/ag", "test") == Counts{256, 265, 237, 242});
  CHECK(counts("textfooler/snli", "test") == Counts{367, 322, 311});
  CHECK(counts("textfooler/mnli_matched", "test") == Counts{373, 311, 316});
  CHECK(counts("textfooler/mnli_mismatched", "test") == Counts{346, 319, 335});
}

TEST_CASE("text tasks: scores and archives of the public files", "[data][text]") {
  const auto data = testing::data_folder();
  if (!data) {
    ATTUNE_SKIP("ATTUNE_DATA is not set");
  }
  const TextTask stsb = load_text_task("stsb", *data);
  CHECK(stsb.part("train").examples.size() == 5749);
  CHECK(stsb.part("validation").examples.size() == 1500);
  CHECK(stsb.part("test").examples.size() == 1379);
  CHECK(mean_score(stsb, "train") == Approx(2.701).margin(0.0005));
  CHECK(mean_score(stsb, "validation") == Approx(2.364).margin(0.0005));
  CHECK(mean_score(stsb, "test") == Approx(2.608).margin(0.0005));
  CHECK(load_text_task("sick-relatedness", *data).part("train").examples[0].score == 4.5F);
  const auto sizes = [&](const char* name) {
    const TextTask task = load_text_task(name, *data);
    return Counts{std::ssize(task.part("train").examples), std::ssize(task.part("test").examples)};
  };
  CHECK(sizes("rte1") == Counts{567, 800});
  CHECK(sizes("rte2") == Counts{400, 800});
  CHECK(sizes("rte3") == Counts{800, 800});
  const TextTask rte1 = load_text_task("rte1", *data);
  CHECK(rte1.part("train").examples[3].second ==
        "Companies selling genetically modified foods don't need labels.");
  CHECK(rte1.part("train").examples[3].label == 1);
}

}  // namespace
}  // namespace attune::data
