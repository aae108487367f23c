#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "train/text_attack_edits.hpp"
#include "train/text_attack_search.hpp"
#include <attune/core/error.hpp>
#include <attune/core/parallel.hpp>
#include <attune/core/random.hpp>
#include <attune/core/text.hpp>
#include <attune/train/text_attack.hpp>

namespace attune::train {

using core::text;

namespace {

constexpr std::array<const char*, 3> kMethods{"textfooler", "textbugger", "bae"};
constexpr std::array<const char*, 4> kEdits{"replace", "insert", "either", "both"};

template <class Names>
std::optional<std::size_t> place_of(const Names& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) {
      return i;
    }
  }
  return std::nullopt;
}

void require(bool holds, const std::string& what) {
  if (!holds) {
    throw InvalidArgument("TextAttack: " + what);
  }
}

void validate(const TextAttackOptions& options) {
  require(options.max_queries >= 1,
          text("max_queries must be at least 1, got ", options.max_queries));
  require(options.max_changed > 0 && options.max_changed <= 1,
          text("max_changed must be in (0, 1], got ", options.max_changed));
  require(options.min_similarity >= 0 && options.min_similarity <= 1,
          text("min_similarity must be in [0, 1], got ", options.min_similarity));
  require(options.max_candidates >= 1 && options.max_candidates <= 10000,
          text("max_candidates must be in [1, 10000], got ", options.max_candidates));
}

std::vector<EditSource> sources_of(const TextAttackOptions& options, const data::Synonyms& synonyms,
                                   const MaskedProposer& proposals, std::uint64_t number) {
  if (options.method == AttackMethod::textfooler) {
    return {synonym_edits(synonyms, options.same_ending)};
  }
  if (options.method == AttackMethod::textbugger) {
    constexpr std::uint64_t kStreams = std::uint64_t{1} << 24;
    return {bug_edits(synonyms, core::RandomStream(options.seed, core::Purpose::sampling,
                                                   static_cast<std::uint32_t>(number % kStreams)))};
  }
  const EditSource replace = replacement_edits(synonyms, proposals, options.same_ending);
  const EditSource insert = insertion_edits(proposals);
  switch (options.edits) {
    case MaskedEdits::replace:
      return {replace};
    case MaskedEdits::insert:
      return {insert};
    case MaskedEdits::both:
      return {replace, insert};
    case MaskedEdits::either:
      break;
  }
  return {either_edits(replace, insert)};
}

}  // namespace

std::string to_string(AttackMethod method) {
  return kMethods.at(static_cast<std::size_t>(method));
}

AttackMethod attack_method(std::string_view name) {
  const std::optional<std::size_t> place = place_of(kMethods, name);
  if (!place) {
    throw InvalidArgument(
        text("attack: expected textfooler, textbugger or bae, got \"", name, '"'));
  }
  return static_cast<AttackMethod>(*place);
}

std::string to_string(MaskedEdits edits) {
  return kEdits.at(static_cast<std::size_t>(edits));
}

MaskedEdits masked_edits(std::string_view name) {
  const std::optional<std::size_t> place = place_of(kEdits, name);
  if (!place) {
    throw InvalidArgument(
        text("edits: expected replace, insert, either or both, got \"", name, '"'));
  }
  return static_cast<MaskedEdits>(*place);
}

TextAttack::TextAttack(const TextAttackOptions& options, const data::Synonyms& synonyms,
                       MaskedProposer proposals)
    : options_(options), synonyms_(synonyms), proposals_(std::move(proposals)) {
  validate(options);
  require(options.method != AttackMethod::bae || proposals_,
          "bae needs proposals of a masked language model, got none");
}

TextAttackResult TextAttack::attack(const data::TextExample& example, std::uint64_t number,
                                    const TextVictim& victim) const {
  const std::vector<EditSource> sources = sources_of(options_, synonyms_, proposals_, number);
  return AttackSearch(example, options_, sources, victim).run();
}

std::vector<TextAttackResult> TextAttack::attack(std::span<const data::TextExample> examples,
                                                 const TextVictim& victim,
                                                 const std::function<void()>& done) const {
  std::vector<TextAttackResult> results(examples.size());
  core::parallel_tasks(std::ssize(results), [&](std::int64_t i) {
    // An attack asks about few texts at a time: threads are better used on other examples.
    core::with_threads(1, [&] {
      const auto at = static_cast<std::size_t>(i);
      try {
        results[at] = attack(examples[at], static_cast<std::uint64_t>(i), victim);
      } catch (const InvalidArgument& error) {
        throw InvalidArgument(text("example ", i, ": ", error.what()));
      }
    });
    if (done) {
      done();
    }
  });
  return results;
}

}  // namespace attune::train
