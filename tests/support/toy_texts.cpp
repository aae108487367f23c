#include "support/toy_texts.hpp"

#include <array>
#include <string>

#include <nlohmann/json.hpp>

#include <attune/core/text.hpp>

namespace attune::testing {
namespace {

using core::text;
using nlohmann::json;

const std::array<std::string, 8> kThings = {"film",  "story", "book",  "play",
                                            "scene", "actor", "music", "picture"};
const std::array<std::string, 6> kGood = {"good", "fine", "lovely", "great", "superb", "charming"};
const std::array<std::string, 6> kBad = {"bad", "dull", "awful", "poor", "boring", "clumsy"};
const std::array<std::string, 4> kDoes = {"walks", "sings", "sleeps", "reads"};

template <std::size_t n>
const std::string& one_of(const std::array<std::string, n>& words, int i) {
  return words[static_cast<std::size_t>(i) % n];
}

std::string review(int i, bool good) {
  return text("the ", one_of(kThings, i / 2), " and the ", one_of(kThings, i / 3 + 1), " are ",
              good ? one_of(kGood, i / 5) : one_of(kBad, i / 5));
}

std::string doing(int i, const std::string& verb) {
  return text("the ", one_of(kThings, i), " ", verb);
}

// The second of two sentences: 0 the same, 1 something else, 2 denied.
std::string second(int i, int relation) {
  const std::string& verb = one_of(kDoes, i / 3);
  return relation == 1 ? text("nobody knows ", one_of(kThings, i + 3))
                       : doing(i, relation == 0 ? verb : text("never ", verb));
}

std::string first(int i) {
  return doing(i, one_of(kDoes, i / 3));
}

template <class Row>
std::string rows(int count, int from, const Row& row) {
  std::string all;
  for (int i = from; i < from + count; ++i) {
    all.append(row(i)).append(1, '\n');
  }
  return all;
}

void write_reviews(const TemporaryFolder& folder) {
  const auto row = [](int i) { return text(review(i, i % 2 == 0), '\t', 1 - i % 2); };
  folder.write("text/sst2/train.tsv", rows(96, 0, row));
  folder.write("text/sst2/dev.tsv", rows(32, 101, row));
  folder.write("text/sst2/test.tsv", rows(32, 150, row));
  folder.write("text/uci_sentiment/imdb_labelled.txt", rows(40, 200, row));
}

void write_inference(const TemporaryFolder& folder) {
  const std::array<std::string, 3> names = {"ENTAILMENT", "NEUTRAL", "CONTRADICTION"};
  const std::string heading =
      "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n";
  const auto row = [&](int i) {
    return text(i, '\t', first(i), '\t', second(i, i % 3), '\t', i % 3 == 1 ? "1" : "4.5", '\t',
                one_of(names, i % 3));
  };
  folder.write("text/sick/SICK_train.txt", text(heading, rows(96, 0, row)));
  folder.write("text/sick/SICK_trial.txt", text(heading, rows(32, 100, row)));
  folder.write("text/sick/SICK_test_annotated.txt", text(heading, rows(32, 140, row)));
  const auto rte = [&](bool labelled) {
    return [labelled](int i) {
      const char* const label = i % 2 == 0 ? "\tentailment" : "\tnot_entailment";
      return text(i, '\t', first(i), '\t', second(i, i % 2), labelled ? label : "");
    };
  };
  const std::string columns = "index\tsentence1\tsentence2";
  folder.write("text/rte/glue/train.tsv", text(columns, "\tlabel\n", rows(96, 0, rte(true))));
  folder.write("text/rte/glue/dev.tsv", text(columns, "\tlabel\n", rows(32, 100, rte(true))));
  folder.write("text/rte/glue/test.tsv", text(columns, "\n", rows(32, 140, rte(false))));
}

void write_paraphrases(const TemporaryFolder& folder) {
  const std::string heading = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n";
  const auto row = [](int i) {
    return text(1 - i % 2, "\t1\t2\t", first(i), '\t', second(i, i % 2));
  };
  folder.write("text/mrpc/msr_paraphrase_train.txt", text(heading, rows(80, 0, row)));
  folder.write("text/mrpc/msr_paraphrase_test.txt", text(heading, rows(24, 100, row)));
}

void write_scores(const TemporaryFolder& folder) {
  const auto row = [](int i) {
    return text("g\tf\t2012\t", i, '\t', i % 2 == 0 ? "5.0" : "0.0", '\t', first(i), '\t',
                second(i, i % 2));
  };
  folder.write("text/stsb/sts-train.csv", rows(64, 0, row));
  folder.write("text/stsb/sts-dev.csv", rows(24, 100, row));
  folder.write("text/stsb/sts-test.csv", rows(24, 140, row));
}

void write_choices(const TemporaryFolder& folder) {
  const std::string heading = "sent1,sent2,ending0,ending1,ending2,ending3,label\n";
  const auto row = [](int i) {
    std::string line = text(first(i), ",The ", one_of(kThings, i + 1));
    for (int ending = 0; ending < 4; ++ending) {
      line += text(",is ", ending == i % 4 ? one_of(kGood, i / 4) : one_of(kBad, i / 4 + ending));
    }
    return text(line, ',', i % 4);
  };
  folder.write("text/swag/train.csv", text(heading, rows(48, 0, row)));
  folder.write("text/swag/val.csv", text(heading, rows(16, 61, row)));
}

std::string squad(int count, int from, const char* version, bool some_without) {
  json paragraphs = json::array();
  for (int i = from; i < from + count; ++i) {
    const bool none = some_without && i % 2 == 1;
    const std::string begin = text(first(i), " in ");
    const std::string place = text(one_of(kGood, i), " ", one_of(kThings, i + 2));
    json question = {
        {"id", text("q", i)}, {"question", none ? "why" : "where"}, {"answers", json::array()}};
    if (!none) {
      question["answers"].push_back({{"text", place}, {"answer_start", begin.size()}});
    }
    if (some_without) {
      question["is_impossible"] = none;
    }
    paragraphs.push_back(
        {{"context", text(begin, place, " today")}, {"qas", json::array({question})}});
  }
  const json object = {
      {"version", version},
      {"data", json::array({{{"title", "t"}, {"paragraphs", std::move(paragraphs)}}})}};
  return object.dump();
}

void write_questions(const TemporaryFolder& folder) {
  folder.write("text/squad/train-v1.1.json", squad(40, 0, "1.1", false));
  folder.write("text/squad/dev-v1.1.json", squad(16, 60, "1.1", false));
  folder.write("text/squad/train-v2.0.json", squad(40, 0, "v2.0", true));
  folder.write("text/squad/dev-v2.0.json", squad(16, 60, "v2.0", true));
}

}  // namespace

void write_toy_texts(const TemporaryFolder& folder) {
  write_reviews(folder);
  write_inference(folder);
  write_paraphrases(folder);
  write_scores(folder);
  write_choices(folder);
  write_questions(folder);
}

}  // namespace attune::testing
