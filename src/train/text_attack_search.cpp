#include "train/text_attack_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "data/text/unicode.hpp"
#include "train/text_attack_constraints.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

namespace {

std::size_t class_of(const std::vector<double>& probabilities) {
  return static_cast<std::size_t>(std::max_element(probabilities.begin(), probabilities.end()) -
                                  probabilities.begin());
}

/// Words of meaning: not of grammar, and not figures alone.
bool is_worth_changing(const std::string& word) {
  const std::string lower = data::lower_case(word);
  return !is_stop_word(lower) && data::is_letter(data::decode_utf8(lower, 0).value);
}

std::vector<std::vector<double>> rows_of(const core::Tensor& probabilities, std::size_t texts) {
  const core::Shape& shape = probabilities.shape();
  if (shape.rank() != 2 || shape[0] != static_cast<std::int64_t>(texts) || shape[1] < 2) {
    throw ShapeError(core::text("TextAttack: the victim must give [", texts,
                                ", classes >= 2] probabilities, got ", shape.to_string()));
  }
  const std::span<const float> values = probabilities.data<float>();
  const auto classes = static_cast<std::size_t>(shape[1]);
  std::vector<std::vector<double>> rows;
  for (std::size_t i = 0; i < texts; ++i) {
    const std::span<const float> row = values.subspan(i * classes, classes);
    if (!std::all_of(row.begin(), row.end(), [](float p) { return std::isfinite(p); })) {
      throw InvalidArgument("TextAttack: the victim gives a probability that is not finite");
    }
    rows.emplace_back(row.begin(), row.end());
  }
  return rows;
}

}  // namespace

AttackSearch::AttackSearch(const data::TextExample& example, const TextAttackOptions& options,
                           const std::vector<EditSource>& sources, const TextVictim& victim)
    : options_(options),
      sources_(sources),
      victim_(victim),
      input_{.first = example.first, .second = example.second},
      text_(options.part == AttackedPart::first ? example.first : example.second),
      label_(static_cast<std::size_t>(std::max(example.label, 0))) {
  const bool first = options.part == AttackedPart::first;
  result_.label = example.label;
  result_.original = first ? example.first : example.second;
  result_.other = first ? example.second : example.first;
  result_.num_words = static_cast<std::int64_t>(text_.num_words());
}

TextAttackResult AttackSearch::run() {
  now_ = ask({result_.original}).front();
  if (result_.label < 0 || label_ >= now_.size()) {
    throw InvalidArgument(core::text("TextAttack: expected a label from 0 to ", now_.size() - 1,
                                     ", got ", result_.label));
  }
  result_.before = now_;
  result_.predicted_before = static_cast<std::int32_t>(class_of(now_));
  if (class_of(now_) != label_) {
    result_.outcome = AttackOutcome::skipped;
  } else {
    attack_words();
  }
  finish();
  return std::move(result_);
}

void AttackSearch::attack_words() {
  for (const std::size_t word : words_by_importance()) {
    if (text_.num_changed() >= most_changes()) {
      return;
    }
    for (const EditSource& source : sources_) {
      if (change(word, source)) {
        result_.outcome = AttackOutcome::succeeded;
        return;
      }
    }
  }
}

void AttackSearch::finish() {
  result_.after = now_;
  result_.predicted_after = static_cast<std::int32_t>(class_of(now_));
  result_.perturbed = text_.text();
  result_.marked_original = text_.marked(true);
  result_.marked_perturbed = text_.marked(false);
  result_.similarity = text_.mean_similarity();
  for (std::size_t i = 0; i < text_.num_words(); ++i) {
    if (text_.changed(i)) {
      result_.changes.push_back({.word = static_cast<std::int64_t>(i),
                                 .before = text_.original(i),
                                 .after = text_.current(i)});
    }
  }
}

std::size_t AttackSearch::room() const noexcept {
  return static_cast<std::size_t>(
      std::max<std::int64_t>(0, options_.max_queries - result_.queries));
}

std::int64_t AttackSearch::most_changes() const noexcept {
  const double most = options_.max_changed * static_cast<double>(text_.num_words());
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::floor(most)));
}

std::vector<AttackSearch::Row> AttackSearch::ask(const std::vector<std::string>& texts) {
  if (texts.empty()) {
    return {};
  }
  std::vector<TextInput> inputs(texts.size(), input_);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    (options_.part == AttackedPart::first ? inputs[i].first : inputs[i].second) = texts[i];
  }
  result_.queries += static_cast<std::int64_t>(texts.size());
  return rows_of(victim_(inputs), texts.size());
}

std::vector<double> AttackSearch::importance_of(const std::vector<std::size_t>& words) {
  std::vector<std::string> shortened;
  for (std::size_t i = 0; i < std::min(words.size(), room()); ++i) {
    shortened.push_back(text_.without(words[i]));
  }
  const std::vector<Row> rows = ask(shortened);
  // Words that there was no question left for come last.
  std::vector<double> importance(words.size(), -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    importance[i] = now_[label_] - rows[i][label_];
    const std::size_t other = class_of(rows[i]);
    if (options_.method == AttackMethod::textfooler && other != label_) {
      importance[i] += rows[i][other] - now_[other];
    }
  }
  return importance;
}

// TextBugger: sentences that alone are far from the right class hold nothing that it rests on.
std::vector<double> AttackSearch::sentence_ranks() {
  const std::vector<std::string> sentences = text_.sentences();
  std::vector<double> ranks(sentences.size(), 1);
  if (options_.method != AttackMethod::textbugger || sentences.size() < 2 ||
      sentences.size() > room()) {
    return ranks;
  }
  const std::vector<Row> rows = ask(sentences);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ranks[i] = class_of(rows[i]) == label_ ? rows[i][label_] : 0;
  }
  // Where none of them is right alone, the whole text is all there is to go by.
  if (std::all_of(ranks.begin(), ranks.end(), [](double rank) { return rank == 0; })) {
    ranks.assign(ranks.size(), 1);
  }
  return ranks;
}

std::vector<std::size_t> AttackSearch::words_by_importance() {
  const std::vector<double> ranks = sentence_ranks();
  std::vector<std::size_t> words;
  for (std::size_t i = 0; i < text_.num_words(); ++i) {
    if (is_worth_changing(text_.original(i)) && ranks[text_.sentence(i)] > 0) {
      words.push_back(i);
    }
  }
  const std::vector<double> importance = importance_of(words);
  std::vector<std::size_t> order(words.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double rank_a = ranks[text_.sentence(words[a])];
    const double rank_b = ranks[text_.sentence(words[b])];
    return rank_a != rank_b ? rank_a > rank_b : importance[a] > importance[b];
  });
  for (std::size_t& place : order) {
    place = words[place];
  }
  return order;
}

std::vector<WordEdit> AttackSearch::allowed(std::size_t word, std::vector<WordEdit> edits) const {
  std::erase_if(edits, [&](const WordEdit& edit) {
    return edit.text == text_.current(word) ||
           text_.mean_similarity_with(word, edit.similarity) < options_.min_similarity;
  });
  const auto most = static_cast<std::size_t>(options_.max_candidates);
  edits.resize(std::min({edits.size(), most, room()}));
  return edits;
}

std::size_t AttackSearch::choose(const std::vector<Row>& rows,
                                 const std::vector<WordEdit>& edits) const {
  std::size_t best = 0;
  const auto errs = [&](std::size_t i) { return class_of(rows[i]) != label_; };
  const bool by_nearness = options_.method != AttackMethod::textbugger;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    if (by_nearness && (errs(i) || errs(best))) {
      const bool nearer = edits[i].similarity > edits[best].similarity;
      best = errs(i) && (!errs(best) || nearer) ? i : best;
    } else if (rows[i][label_] < rows[best][label_]) {
      best = i;
    }
  }
  return best;
}

bool AttackSearch::change(std::size_t word, const EditSource& source) {
  if (room() == 0) {
    return false;
  }
  std::vector<WordEdit> edits = allowed(word, source(text_, word));
  std::vector<std::string> texts;
  for (const WordEdit& edit : edits) {
    texts.push_back(text_.with(word, edit.text));
  }
  std::vector<Row> rows = ask(texts);
  if (rows.empty()) {
    return false;
  }
  const std::size_t best = choose(rows, edits);
  const bool errs = class_of(rows[best]) != label_;
  if (errs || rows[best][label_] < now_[label_]) {
    text_.set(word, std::move(edits[best].text), edits[best].similarity);
    now_ = std::move(rows[best]);
  }
  return errs;
}

}  // namespace attune::train
