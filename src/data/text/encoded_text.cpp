#include <algorithm>

#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/encoded_text.hpp>

namespace attune::data {

using core::text;

namespace {

/// How many tokens of each part stay.
struct Room {
  std::size_t first, second;
};

/// Takes from the longer one; of equals from the second.
Room share_room(std::size_t first, std::size_t second, std::size_t most) {
  if (first + second <= most) {
    return {first, second};
  }
  // Once both are as long, they take turns, the second first.
  const std::size_t small = most / 2;
  if (first <= small) {
    return {first, most - first};
  }
  if (second <= small) {
    return {most - second, second};
  }
  return {most - small, small};
}

std::size_t room_for(std::int64_t max_tokens, int special, int texts) {
  if (max_tokens < special + texts) {
    throw InvalidArgument(
        text("encode_text: max_tokens must be at least ", special + texts, ", got ", max_tokens));
  }
  return static_cast<std::size_t>(max_tokens - special);
}

void append(EncodedText& out, std::span<const std::int32_t> tokens, std::int32_t type) {
  out.tokens.insert(out.tokens.end(), tokens.begin(), tokens.end());
  out.types.resize(out.tokens.size(), type);
}

void append_separators(EncodedText& out, std::int32_t sep, int count, std::int32_t type) {
  out.tokens.insert(out.tokens.end(), static_cast<std::size_t>(count), sep);
  out.types.resize(out.tokens.size(), type);
}

EncodedText encode_one(const Tokenizer& tokenizer, TextTaskKind kind, const TextExample& example,
                       std::size_t ending, std::int64_t max_tokens) {
  switch (kind) {
    case TextTaskKind::sentence:
      return encode_text(tokenizer, example.first, max_tokens);
    case TextTaskKind::pair:
    case TextTaskKind::score:
      return encode_pair(tokenizer, example.first, example.second, max_tokens);
    case TextTaskKind::choice:
      return encode_pair(
          tokenizer, example.first,
          text(example.second, example.second.empty() ? "" : " ", example.endings[ending]),
          max_tokens);
  }
  return {};
}

std::int64_t endings_of(TextTaskKind kind, std::span<const TextExample> examples) {
  if (kind != TextTaskKind::choice || examples.empty()) {
    return 1;
  }
  const std::size_t endings = examples.front().endings.size();
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (examples[i].endings.size() != endings || endings < 2) {
      throw InvalidArgument(text("encode_examples: every example must have as many endings, at ",
                                 "least 2; the first has ", endings, ", example ", i, " has ",
                                 examples[i].endings.size()));
    }
  }
  return static_cast<std::int64_t>(endings);
}

}  // namespace

EncodedText encode_text(const Tokenizer& tokenizer, std::string_view text,
                        std::int64_t max_tokens) {
  const SequenceForm& form = tokenizer.form();
  const std::size_t room = room_for(max_tokens, 2, 1);
  const Tokens tokens = tokenizer.encode(text);
  EncodedText out;
  out.shortened = tokens.ids.size() > room;
  append(out, std::span(&form.cls, 1), 0);
  append(out, std::span(tokens.ids).first(std::min(room, tokens.ids.size())), 0);
  append_separators(out, form.sep, 1, 0);
  return out;
}

EncodedText encode_pair(const Tokenizer& tokenizer, std::string_view first, std::string_view second,
                        std::int64_t max_tokens) {
  const SequenceForm& form = tokenizer.form();
  const std::size_t room = room_for(max_tokens, 2 + form.separators_between, 2);
  const Tokens a = tokenizer.encode(first);
  const Tokens b = tokenizer.encode(second);
  const auto [keep_a, keep_b] = share_room(a.ids.size(), b.ids.size(), room);
  EncodedText out;
  out.shortened = keep_a < a.ids.size() || keep_b < b.ids.size();
  append(out, std::span(&form.cls, 1), 0);
  append(out, std::span(a.ids).first(keep_a), 0);
  append_separators(out, form.sep, form.separators_between, 0);
  append(out, std::span(b.ids).first(keep_b), form.second_type);
  append_separators(out, form.sep, 1, form.second_type);
  return out;
}

std::int64_t EncodedExamples::length(std::int64_t example) const {
  std::int64_t tokens = 0;
  for (std::int64_t t = 0; t < texts_per_example; ++t) {
    tokens += texts[static_cast<std::size_t>(example * texts_per_example + t)].length();
  }
  return tokens;
}

EncodedExamples encode_examples(const Tokenizer& tokenizer, TextTaskKind kind,
                                std::span<const TextExample> examples, std::int64_t max_tokens) {
  EncodedExamples out;
  out.texts_per_example = endings_of(kind, examples);
  const auto per = static_cast<std::size_t>(out.texts_per_example);
  for (const TextExample& example : examples) {
    out.labels.push_back(example.label);
    if (kind == TextTaskKind::score) {
      out.scores.push_back(example.score);
    }
  }
  (void)encode_text(tokenizer, "", max_tokens);  // too little room is said once, outside of a task
  if (kind != TextTaskKind::sentence) {
    (void)encode_pair(tokenizer, "", "", max_tokens);
  }
  out.texts.resize(examples.size() * per);
  constexpr std::size_t kGrain = 32;  // texts a task: some 100 us
  const auto tasks = static_cast<std::int64_t>((out.texts.size() + kGrain - 1) / kGrain);
  core::parallel_tasks(tasks, [&](std::int64_t task) {
    const std::size_t begin = static_cast<std::size_t>(task) * kGrain;
    for (std::size_t i = begin; i < std::min(begin + kGrain, out.texts.size()); ++i) {
      out.texts[i] = encode_one(tokenizer, kind, examples[i / per], i % per, max_tokens);
    }
  });
  return out;
}

models::TextBatch batch_of(const EncodedExamples& examples, std::span<const std::int64_t> which) {
  if (which.empty()) {
    throw InvalidArgument("batch_of: expected at least one example, got none");
  }
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<std::vector<std::int32_t>> types;
  for (const std::int64_t example : which) {
    if (example < 0 || example >= examples.num_examples()) {
      throw InvalidArgument(
          text("batch_of: example must be in [0, ", examples.num_examples(), "), got ", example));
    }
    for (std::int64_t t = 0; t < examples.texts_per_example; ++t) {
      const EncodedText& one =
          examples.texts[static_cast<std::size_t>(example * examples.texts_per_example + t)];
      tokens.push_back(one.tokens);
      types.push_back(one.types);
    }
  }
  return models::pack_texts(tokens, types);
}

}  // namespace attune::data
