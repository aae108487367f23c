#include "data/text/task_catalogue.hpp"

#include <utility>

#include "data/text/part_readers.hpp"
#include <attune/core/text.hpp>

namespace attune::data {

namespace {

using Names = std::vector<std::string>;

constexpr TextTaskKind kSentence = TextTaskKind::sentence;
constexpr TextTaskKind kPair = TextTaskKind::pair;
constexpr TextTaskKind kScore = TextTaskKind::score;
constexpr TextTaskKind kChoice = TextTaskKind::choice;

const Names kSentiment = {"negative", "positive"};
const Names kInference = {"entailment", "neutral", "contradiction"};
const Names kEntailment = {"entailment", "not_entailment"};
const Names kNumbers = {"0", "1", "2", "3", "4"};
const Names kAccuracy = {"accuracy"};

Names numbers(std::size_t count) {
  return {kNumbers.begin(), kNumbers.begin() + static_cast<std::ptrdiff_t>(count)};
}

std::vector<TaskColumn> named(const Names& names) {
  std::vector<TaskColumn> columns(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    columns[i].name = names[i];
  }
  return columns;
}

std::vector<TaskColumn> at(int number) {
  std::vector<TaskColumn> columns(1);
  columns[0].number = number;
  return columns;
}

/// Titles and texts of reviews.
std::vector<TaskColumn> second_and_third() {
  std::vector<TaskColumn> columns = at(1);
  columns.push_back(at(2).front());
  return columns;
}

// Member by member: of designated initialisers GCC 12 believes that they leave strings out.
TableFormat table(std::vector<TaskColumn> first, std::vector<TaskColumn> second, int label,
                  const Names& written, std::size_t columns) {
  TableFormat format;
  format.heading = false;
  format.first = std::move(first);
  format.second = std::move(second);
  format.label.number = label;
  format.written = written;
  format.columns = columns;
  return format;
}

/// Tabs under a heading, with the label where the file has one: the form of GLUE.
TableFormat glue(const Names& first, const Names& second, const std::string& label,
                 const Names& written) {
  TableFormat format;
  format.first = named(first);
  format.second = named(second);
  format.label.name = label;
  format.labelled = false;
  format.written = written;
  return format;
}

std::vector<PartSource> splits(const std::string& folder, const std::string& ending) {
  return {{"train", {core::text(folder, "/train", ending)}},
          {"validation", {core::text(folder, "/dev", ending)}},
          {"test", {core::text(folder, "/test", ending)}}};
}

std::vector<PartSource> single(const std::string& file) {
  return {{"test", {file}}};
}

void add_sentiment(std::vector<TaskEntry>& all) {
  const TableFormat plain = table(at(0), {}, 1, numbers(2), 2);
  all.push_back({"sst2", "Stanford sentiment treebank, whole sentences or GLUE's form; 2 classes",
                 kSentence, kSentiment, kAccuracy, splits("text/sst2", ".tsv"),
                 table_reader({glue({"sentence"}, {}, "label", numbers(2)), plain})});
  all.push_back({"sst5",
                 "the same treebank, five classes",
                 kSentence,
                 {"very negative", "negative", "neutral", "positive", "very positive"},
                 kAccuracy,
                 {{"train", {"text/sst5/stsa.fine.train"}},
                  {"validation", {"text/sst5/stsa.fine.dev"}},
                  {"test", {"text/sst5/stsa.fine.test"}}},
                 label_first_reader(numbers(5))});
  all.push_back({"mr", "film reviews, a sentence each (Pang and Lee 2005)", kSentence, kSentiment,
                 kAccuracy, single("text/mr"),
                 polarity_reader("rt-polarity.neg", "rt-polarity.pos", Encoding::latin1)});
  all.push_back({"cr", "reviews of products (Hu and Liu 2004)", kSentence, kSentiment, kAccuracy,
                 single("text/cr"), polarity_reader("custrev.neg", "custrev.pos", Encoding::utf8)});
  all.push_back({"movie_reviews", "long film reviews (Pang and Lee 2004)", kSentence, kSentiment,
                 kAccuracy, single("text/movie_reviews/movie_reviews.zip"), review_zip_reader()});
  for (const char* of : {"amazon_cells", "imdb", "yelp"}) {
    const std::string name = of;
    all.push_back(
        {core::text("uci/", name), "1,000 labelled sentences of reviews (Kotzias et al. 2015)",
         kSentence, kSentiment, kAccuracy,
         single(core::text("text/uci_sentiment/", name, "_labelled.txt")), table_reader({plain})});
  }
}

/// Large sets of reviews in the files of Zhang et al., NeurIPS 2015: "label","text", from 1.
void add_reviews(std::vector<TaskEntry>& all) {
  const auto csv = [](const Names& written, std::vector<TaskColumn> texts) {
    TableFormat format = table(std::move(texts), {}, 0, written, 0);
    format.form = TableForm::commas;
    format.may_be_empty = true;
    return table_reader({format});
  };
  const auto halves = [](const std::string& folder) {
    return std::vector<PartSource>{{"train", {core::text(folder, "/train.csv")}},
                                   {"test", {core::text(folder, "/test.csv")}}};
  };
  all.push_back({"imdb",
                 "50,000 film reviews (Maas et al. 2011)",
                 kSentence,
                 kSentiment,
                 kAccuracy,
                 {{"train", {"text/imdb/train", "text/aclImdb/train"}},
                  {"test", {"text/imdb/test", "text/aclImdb/test"}}},
                 review_folder_reader()});
  all.push_back({"yelp", "Yelp reviews, polarity (Zhang et al. 2015)", kSentence, kSentiment,
                 kAccuracy, halves("text/yelp_review_polarity_csv"), csv({"1", "2"}, at(1))});
  all.push_back({"amazon", "Amazon reviews, title and text, polarity (Zhang et al. 2015)",
                 kSentence, kSentiment, kAccuracy, halves("text/amazon_review_polarity_csv"),
                 csv({"1", "2"}, second_and_third())});
  all.push_back({"ag_news",
                 "AG's news, title and text, four topics (Zhang et al. 2015)",
                 kSentence,
                 {"World", "Sports", "Business", "Sci/Tech"},
                 kAccuracy,
                 halves("text/ag_news_csv"),
                 csv({"1", "2", "3", "4"}, second_and_third())});
}

void add_questions(std::vector<TaskEntry>& all) {
  const std::vector<PartSource> files = {{"train", {"text/trec/TREC.train"}},
                                         {"test", {"text/trec/TREC.test"}}};
  const Names coarse = {"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"};
  all.push_back({"trec", "kinds of questions (Li and Roth 2002), 6 classes", kSentence, coarse,
                 kAccuracy, files, label_first_reader(coarse, Encoding::latin1, true)});
  all.push_back({"trec-fine",
                 "the same questions, 50 classes",
                 kSentence,
                 {},
                 kAccuracy,
                 files,
                 label_first_reader({}, Encoding::latin1)});
}

void add_cola(std::vector<TaskEntry>& all) {
  const TableFormat raw = table(at(3), {}, 1, numbers(2), 4);
  all.push_back({"cola",
                 "linguistic acceptability (Warstadt et al. 2019)",
                 kSentence,
                 {"unacceptable", "acceptable"},
                 {"matthews", "accuracy"},
                 {{"train", {"text/cola/raw/in_domain_train.tsv", "text/cola/train.tsv"}},
                  {"validation", {"text/cola/raw/in_domain_dev.tsv", "text/cola/dev.tsv"}},
                  {"out_of_domain", {"text/cola/raw/out_of_domain_dev.tsv"}},
                  {"test", {"text/cola/test.tsv"}}},
                 table_reader({glue({"sentence"}, {}, "label", numbers(2)), raw})});
}

void add_paraphrases(std::vector<TaskEntry>& all) {
  all.push_back({"mrpc",
                 "paraphrases in news (Dolan and Brockett 2005)",
                 kPair,
                 {"not_equivalent", "equivalent"},
                 {"accuracy", "f1"},
                 {{"train", {"text/mrpc/msr_paraphrase_train.txt", "text/mrpc/train.tsv"}},
                  {"validation", {"text/mrpc/dev.tsv"}},
                  {"test", {"text/mrpc/msr_paraphrase_test.txt", "text/mrpc/test.tsv"}}},
                 table_reader({glue({"#1 String"}, {"#2 String"}, "Quality", numbers(2))})});
  TableFormat qqp = glue({"question1"}, {"question2"}, "is_duplicate", numbers(2));
  qqp.skip_short = true;
  qqp.may_be_empty = true;
  all.push_back({"qqp",
                 "duplicate questions of Quora, GLUE's form",
                 kPair,
                 {"not_duplicate", "duplicate"},
                 {"accuracy", "f1"},
                 splits("text/qqp", ".tsv"),
                 table_reader({qqp})});
}

void add_similarity(std::vector<TaskEntry>& all) {
  const TableFormat original = table(at(5), at(6), 4, {}, 0);
  all.push_back({"stsb",
                 "similarity of sentences, 0 to 5 (Cer et al. 2017)",
                 kScore,
                 {},
                 {"pearson", "spearman"},
                 {{"train", {"text/stsb/sts-train.csv", "text/stsb/train.tsv"}},
                  {"validation", {"text/stsb/sts-dev.csv", "text/stsb/dev.tsv"}},
                  {"test", {"text/stsb/sts-test.csv", "text/stsb/test.tsv"}}},
                 table_reader({glue({"sentence1"}, {"sentence2"}, "score", {}), original})});
  const std::vector<PartSource> sick = {{"train", {"text/sick/SICK_train.txt"}},
                                        {"validation", {"text/sick/SICK_trial.txt"}},
                                        {"test", {"text/sick/SICK_test_annotated.txt"}}};
  all.push_back({"sick", "inference on captions (Marelli et al. 2014), 3 classes", kPair,
                 kInference, kAccuracy, sick,
                 table_reader({glue({"sentence_A"}, {"sentence_B"}, "entailment_judgment",
                                    {"ENTAILMENT", "NEUTRAL", "CONTRADICTION"})})});
  all.push_back({"sick-relatedness",
                 "the same pairs, relatedness 1 to 5",
                 kScore,
                 {},
                 {"pearson", "spearman"},
                 sick,
                 table_reader({glue({"sentence_A"}, {"sentence_B"}, "relatedness_score", {})})});
}

void add_inference(std::vector<TaskEntry>& all) {
  TableFormat three = glue({"sentence1"}, {"sentence2"}, "gold_label", kInference);
  three.skipped_label = std::string(1, '-');
  three.may_be_empty = true;
  const PartReader reader = by_ending(inference_jsonl_reader(), table_reader({three}));
  all.push_back({"mnli",
                 "inference in many genres (Williams et al. 2018), GLUE's form or .jsonl",
                 kPair,
                 kInference,
                 kAccuracy,
                 {{"train", {"text/mnli/train.tsv", "text/mnli/multinli_1.0_train.jsonl"}},
                  {"validation_matched",
                   {"text/mnli/dev_matched.tsv", "text/mnli/multinli_1.0_dev_matched.jsonl"}},
                  {"validation_mismatched",
                   {"text/mnli/dev_mismatched.tsv", "text/mnli/multinli_1.0_dev_mismatched.jsonl"}},
                  {"test_matched", {"text/mnli/test_matched.tsv"}},
                  {"test_mismatched", {"text/mnli/test_mismatched.tsv"}}},
                 reader});
  const auto snli = [](const std::string& part) {
    return Names{core::text("text/snli/snli_1.0_", part, ".txt"),
                 core::text("text/snli/snli_1.0_", part, ".jsonl")};
  };
  all.push_back({"snli",
                 "inference on captions (Bowman et al. 2015)",
                 kPair,
                 kInference,
                 kAccuracy,
                 {{"train", snli("train")}, {"validation", snli("dev")}, {"test", snli("test")}},
                 reader});
  all.push_back({"qnli", "does the sentence answer the question, GLUE's form", kPair, kEntailment,
                 kAccuracy, splits("text/qnli", ".tsv"),
                 table_reader({glue({"question"}, {"sentence"}, "label", kEntailment)})});
  all.push_back({"rte",
                 "recognising textual entailment, GLUE's form",
                 kPair,
                 kEntailment,
                 kAccuracy,
                 {{"train", {"text/rte/glue/train.tsv", "text/rte/train.tsv"}},
                  {"validation", {"text/rte/glue/dev.tsv", "text/rte/dev.tsv"}},
                  {"test", {"text/rte/glue/test.tsv", "text/rte/test.tsv"}}},
                 table_reader({glue({"sentence1"}, {"sentence2"}, "label", kEntailment)})});
  for (const char* number : {"1", "2", "3"}) {
    const std::string name = core::text("rte", number);
    const std::string member = core::text("text/rte/rte.zip/rte/", name);
    all.push_back(
        {name,
         core::text("RTE challenge ", number, ", all parts labelled"),
         kPair,
         kEntailment,
         kAccuracy,
         {{"train", {core::text(member, "_dev.xml")}}, {"test", {core::text(member, "_test.xml")}}},
         rte_xml_reader()});
  }
  all.push_back({"wnli",
                 "Winograd sentences, GLUE's form",
                 kPair,
                 {"not_entailment", "entailment"},
                 kAccuracy,
                 splits("text/wnli", ".tsv"),
                 table_reader({glue({"sentence1"}, {"sentence2"}, "label", numbers(2))})});
}

void add_choices(std::vector<TaskEntry>& all) {
  TableFormat swag = glue({"sent1"}, {"sent2"}, "label", numbers(4));
  swag.form = TableForm::commas;
  swag.endings = named({"ending0", "ending1", "ending2", "ending3"});
  swag.may_be_empty = true;
  all.push_back({"swag",
                 "which ending goes on (Zellers et al. 2018), 4 endings",
                 kChoice,
                 {},
                 kAccuracy,
                 {{"train", {"text/swag/train.csv"}},
                  {"validation", {"text/swag/val.csv"}},
                  {"test", {"text/swag/test.csv"}}},
                 table_reader({swag})});
  all.push_back({"hellaswag",
                 "which ending goes on (Zellers et al. 2019), 4 endings",
                 kChoice,
                 {},
                 kAccuracy,
                 {{"train", {"text/hellaswag/hellaswag_train.jsonl"}},
                  {"validation", {"text/hellaswag/hellaswag_val.jsonl"}},
                  {"test", {"text/hellaswag/hellaswag_test.jsonl"}}},
                 hellaswag_reader()});
}

/// Samples that attacks on texts are compared on (Jin et al. 2020).
void add_attacked(std::vector<TaskEntry>& all) {
  for (const char* of : {"imdb", "yelp", "mr"}) {
    const std::string name = core::text("textfooler/", of);
    all.push_back({name, "1,000 examples of it, as attacked by Jin et al. 2020", kSentence,
                   kSentiment, kAccuracy, single(core::text("text/", name)),
                   label_first_reader(numbers(2))});
  }
  all.push_back({"textfooler/ag",
                 "1,000 examples of AG's news, as attacked by Jin et al. 2020",
                 kSentence,
                 {"World", "Sports", "Business", "Sci/Tech"},
                 kAccuracy,
                 single("text/textfooler/ag"),
                 label_first_reader(numbers(4))});
  const TableFormat three = table(at(1), at(2), 0, kInference, 3);
  for (const char* of : {"snli", "mnli_matched", "mnli_mismatched"}) {
    const std::string name = core::text("textfooler/", of);
    all.push_back({name, "1,000 pairs of it, as attacked by Jin et al. 2020", kPair, kInference,
                   kAccuracy, single(core::text("text/", name)), table_reader({three})});
  }
}

}  // namespace

const std::vector<TaskEntry>& task_catalogue() {
  static const std::vector<TaskEntry> kAll = [] {
    std::vector<TaskEntry> all;
    add_sentiment(all);
    add_questions(all);
    add_cola(all);
    add_paraphrases(all);
    add_similarity(all);
    add_inference(all);
    add_choices(all);
    add_reviews(all);
    add_attacked(all);
    return all;
  }();
  return kAll;
}

}  // namespace attune::data
