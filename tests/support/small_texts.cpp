#include "support/small_texts.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <attune/data/text/raw_text.hpp>
#include <attune/data/text/squad.hpp>
#include <attune/data/text/text_task.hpp>
#include <attune/data/text/tokenizer.hpp>

namespace attune::testing {

namespace {

void require(bool holds, const char* what) {
  if (!holds) {
    throw std::logic_error(what);
  }
}

void check_task(const data::TextTask& task) {
  for (const data::TextPart& part : task.parts) {
    for (const data::TextExample& example : part.examples) {
      const auto most = task.kind == data::TextTaskKind::choice ? std::ssize(example.endings)
                                                                : std::ssize(task.labels);
      require(example.label >= -1 && example.label < std::max<std::int64_t>(most, 1),
              "a label out of range");
      require(std::isnan(example.score) || (example.score >= 0 && example.score <= 5),
              "a score out of range");
    }
  }
}

void check_spans(const data::SpanTask& task) {
  for (const data::SpanQuestion& question : task.questions) {
    const std::string& context = task.contexts.at(static_cast<std::size_t>(question.context));
    for (std::size_t a = 0; a < question.answers.size(); ++a) {
      const auto begin = static_cast<std::size_t>(question.ranges[a].begin);
      require(begin <= context.size() &&
                  context.compare(begin, question.answers[a].size(), question.answers[a]) == 0,
              "an answer that is not in its place");
    }
  }
}

}  // namespace

std::vector<SmallText> small_texts() {
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

void read_small_text(const SmallText& text, const std::string& folder) {
  const std::string path = folder + "/" + text.file;
  if (text.reader == "squad") {
    check_spans(data::load_squad(path));
  } else if (text.reader == "raw") {
    require(data::load_raw_text(path).num_lines() > 0, "no line");
  } else if (text.reader == "tokenizer") {
    (void)data::load_tokenizer(path)->encode("a ab \xc3\xa9");
  } else {
    check_task(data::load_text_task(text.reader.ends_with(".tsv") ? path : text.reader, folder));
  }
}

}  // namespace attune::testing
