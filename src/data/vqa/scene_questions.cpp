#include <algorithm>

#include "data/vqa/description.hpp"
#include "data/vqa/dice.hpp"
#include <attune/core/text.hpp>
#include <attune/data/vqa/scene_questions.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr int kMostCounted = 6;

/// Where one thing is as seen from another.
enum class Relation : std::uint8_t { left, right, above, below };
constexpr std::array<Relation, 4> kRelations = {Relation::left, Relation::right, Relation::above,
                                                Relation::below};
constexpr std::string_view kRelationWords[] = {"left of", "right of", "above", "below"};

std::string_view words(Relation relation) {
  return kRelationWords[static_cast<std::size_t>(relation)];
}

/// How far `a` is on that side of `b`; below 0 on the other.
double distance(Relation relation, const SceneObject& a, const SceneObject& b) {
  switch (relation) {
    case Relation::left:
      return b.x - a.x;
    case Relation::right:
      return a.x - b.x;
    case Relation::above:
      return b.y - a.y;
    case Relation::below:
      break;
  }
  return a.y - b.y;
}

constexpr double kClear = 0.08;  // nearer than that nobody should have to say on which side

/// What is asked of an attribute in this turn, and the value that is to be the answer.
struct Asked {
  SceneAttribute attribute;
  int value;
};

Asked asked_in(std::int64_t turn) {
  constexpr auto kKinds = static_cast<std::int64_t>(kSceneAttributes.size());
  const SceneAttribute attribute = kSceneAttributes[static_cast<std::size_t>(turn % kKinds)];
  return {attribute, static_cast<int>(turn / kKinds % std::ssize(scene_values(attribute)))};
}

class Asker {
 public:
  Asker(const Scene& scene, std::int64_t turn, Dice dice)
      : scene_(scene), turn_(turn), dice_(dice) {}

  std::optional<SceneQuestion> ask(SceneQuestionFamily family) {
    switch (family) {
      case SceneQuestionFamily::existence:
        return existence();
      case SceneQuestionFamily::counting:
        return counting();
      case SceneQuestionFamily::attribute:
        return attribute();
      case SceneQuestionFamily::comparison:
        return dice_.below(2) == 0 ? more_than() : same();
      case SceneQuestionFamily::spatial:
        return spatial();
      case SceneQuestionFamily::two_hops:
        break;
    }
    return two_hops();
  }

 private:
  [[nodiscard]] bool yes() const { return turn_ % 2 == 0; }

  /// One of two wordings.
  std::string either(std::string one, std::string other) {
    return dice_.below(2) == 0 ? std::move(one) : std::move(other);
  }

  SceneQuestion yes_or_no(std::string question) const {
    return {.text = std::move(question),
            .answer = yes() ? "yes" : "no",
            .answer_type = "yes/no",
            .mistakes = {yes() ? "no" : "yes"}};
  }

  static SceneQuestion value_question(std::string question, const Asked& asked) {
    SceneQuestion out{.text = std::move(question), .answer_type = "other"};
    for (const std::string_view name : scene_values(asked.attribute)) {
      out.mistakes.emplace_back(name);
    }
    const auto right = out.mistakes.begin() + asked.value;
    out.answer = *right;
    out.mistakes.erase(right);
    return out;
  }

  // All values of the attributes are alike to the generator, so that those of a thing that is there
  // are no likelier ones than those of a thing that is not.
  std::optional<SceneQuestion> existence() {
    constexpr AttributeSet kForms[] = {
        set_of(SceneAttribute::color) | set_of(SceneAttribute::shape),
        set_of(SceneAttribute::color) | set_of(SceneAttribute::material),
        set_of(SceneAttribute::material) | set_of(SceneAttribute::shape),
        set_of(SceneAttribute::size) | set_of(SceneAttribute::color) |
            set_of(SceneAttribute::shape)};
    std::vector<Description> fit;
    for (const Description& description : all_descriptions(kForms[dice_.below(4)])) {
      if ((description.count(scene_) > 0) == yes()) {
        fit.push_back(description);
      }
    }
    if (fit.empty()) {
      return std::nullopt;
    }
    const std::string thing = dice_.one_of(fit).with_article();
    return yes_or_no(either(text("is there ", thing, "?"), text("can you see ", thing, "?")));
  }

  std::optional<SceneQuestion> counting() {
    const auto wanted = static_cast<int>(turn_ % (kMostCounted + 1));
    std::array<SceneAttribute, 4> forms = kSceneAttributes;
    dice_.shuffle(forms);
    for (const SceneAttribute form : forms) {
      std::vector<Description> fit;
      for (const Description& description : all_descriptions(set_of(form))) {
        if (description.count(scene_) == wanted) {
          fit.push_back(description);
        }
      }
      if (!fit.empty()) {
        const std::string things = dice_.one_of(fit).plural();
        SceneQuestion out{.text = either(text("how many ", things, " are there?"),
                                         text("what number of ", things, " can you see?")),
                          .answer = text(wanted),
                          .answer_type = "number",
                          .mistakes = {text(wanted + 1)}};
        if (wanted > 0) {
          out.mistakes.push_back(text(wanted - 1));
        }
        return out;
      }
    }
    return std::nullopt;
  }

  std::optional<SceneQuestion> attribute() {
    const Asked asked = asked_in(turn_);
    std::vector<Reference> fit = references(scene_, set_of(asked.attribute));
    std::erase_if(fit, [&](const Reference& reference) {
      return scene_.objects[reference.object].value(asked.attribute) != asked.value;
    });
    if (fit.empty()) {
      return std::nullopt;
    }
    const std::string thing = dice_.one_of(fit).description.text();
    const std::string_view what = to_string(asked.attribute);
    return value_question(either(text("what ", what, " is the ", thing, "?"),
                                 text("what is the ", what, " of the ", thing, "?")),
                          asked);
  }

  /// Of two values of an attribute that come differently often.
  std::optional<SceneQuestion> more_than() {
    constexpr SceneAttribute kForms[] = {SceneAttribute::color, SceneAttribute::material,
                                         SceneAttribute::shape};
    const auto all = all_descriptions(set_of(kForms[dice_.below(3)]));
    std::vector<std::pair<Description, Description>> fit;
    for (const Description& first : all) {
      for (const Description& second : all) {
        const int difference = first.count(scene_) - second.count(scene_);
        if (yes() ? difference > 0 : difference < 0) {
          fit.emplace_back(first, second);
        }
      }
    }
    if (fit.empty()) {
      return std::nullopt;
    }
    const std::pair<Description, Description>& pair = dice_.one_of(fit);
    const std::string first = pair.first.plural();
    const std::string second = pair.second.plural();
    return yes_or_no(either(text("are there more ", first, " than ", second, "?"),
                            text("can you see more ", first, " than ", second, "?")));
  }

  /// Whether two things have an attribute in common.
  std::optional<SceneQuestion> same() {
    const SceneAttribute what = kSceneAttributes[static_cast<std::size_t>(dice_.below(4))];
    const std::vector<Reference> all = references(scene_, set_of(what));
    std::vector<std::pair<const Reference*, const Reference*>> fit;
    for (const Reference& first : all) {
      for (const Reference& second : all) {
        const bool alike =
            scene_.objects[first.object].value(what) == scene_.objects[second.object].value(what);
        if (first.object != second.object && alike == yes()) {
          fit.emplace_back(&first, &second);
        }
      }
    }
    if (fit.empty()) {
      return std::nullopt;
    }
    const auto pair = dice_.one_of(fit);
    const std::string first = pair.first->description.text();
    const std::string second = pair.second->description.text();
    return yes_or_no(
        text("do the ", first, " and the ", second, " have the same ", to_string(what), "?"));
  }

  std::optional<SceneQuestion> spatial() {
    const Relation relation = kRelations[static_cast<std::size_t>(dice_.below(4))];
    const std::vector<Reference> all = references(scene_);
    std::vector<std::pair<const Reference*, const Reference*>> fit;
    for (const Reference& first : all) {
      for (const Reference& second : all) {
        const double far =
            distance(relation, scene_.objects[first.object], scene_.objects[second.object]);
        if (yes() ? far >= kClear : far <= -kClear) {
          fit.emplace_back(&first, &second);
        }
      }
    }
    if (fit.empty()) {
      return std::nullopt;
    }
    const auto pair = dice_.one_of(fit);
    return yes_or_no(text("is the ", pair.first->description.text(), " ", words(relation), " the ",
                          pair.second->description.text(), "?"));
  }

  /// What a question of two hops goes by: the thing asked of, and from where it is seen.
  struct Hop {
    Description target;
    Relation relation;
    Description from;
  };

  /// The one object on that side of `from` that the description is of; null where there is none,
  /// are several, or is one of which it is hard to say. Others of the description must be
  /// elsewhere, or nobody would have to look where the question says.
  [[nodiscard]] const SceneObject* only_one(const Description& description, Relation relation,
                                            const SceneObject& from) const {
    const SceneObject* found = nullptr;
    int elsewhere = 0;
    for (const SceneObject& object : scene_.objects) {
      if (!description.matches(object)) {
        continue;
      }
      const double far = distance(relation, object, from);
      if (far <= -kClear) {
        ++elsewhere;
      } else if (far < kClear || found != nullptr) {
        return nullptr;
      } else {
        found = &object;
      }
    }
    return elsewhere > 0 ? found : nullptr;
  }

  void add_hops(const Reference& from, Relation relation, const Asked& asked,
                std::vector<Hop>& fit) const {
    const SceneObject& origin = scene_.objects[from.object];
    for (const AttributeSet set : adjective_sets(set_of(asked.attribute))) {
      for (const SceneObject& object : scene_.objects) {
        if (object.value(asked.attribute) != asked.value) {
          continue;
        }
        const Description description(object, set);
        if (only_one(description, relation, origin) == &object) {
          fit.push_back({description, relation, from.description});
        }
      }
    }
  }

  std::optional<SceneQuestion> two_hops() {
    const Asked asked = asked_in(turn_);
    std::vector<Hop> fit;
    for (const Reference& from : references(scene_)) {
      add_hops(from, kRelations[static_cast<std::size_t>(dice_.below(4))], asked, fit);
    }
    if (fit.empty()) {
      return std::nullopt;
    }
    const Hop& hop = dice_.one_of(fit);
    return value_question(text("what ", to_string(asked.attribute), " is the ", hop.target.text(),
                               " ", words(hop.relation), " the ", hop.from.text(), "?"),
                          asked);
  }

  const Scene& scene_;
  std::int64_t turn_;
  Dice dice_;
};

}  // namespace

std::string_view to_string(SceneQuestionFamily family) noexcept {
  constexpr std::string_view kNames[] = {"existence",  "counting", "attribute",
                                         "comparison", "spatial",  "two hops"};
  return kNames[static_cast<std::size_t>(family)];
}

std::optional<SceneQuestion> ask_about(const Scene& scene, SceneQuestionFamily family,
                                       std::int64_t turn, std::uint64_t seed) {
  // A stream a family; turns of one scene are consecutive, so that 64 of them do not meet.
  constexpr std::int64_t kTurns = 64;
  Dice dice(seed, kQuestions + static_cast<std::uint32_t>(family), scene.id);
  dice.skip((turn % kTurns) << 18);
  // Not every question about a picture is answered yes in the same turn.
  const std::int64_t shifted = turn + static_cast<std::int64_t>(family);
  std::optional<SceneQuestion> question = Asker(scene, shifted, dice).ask(family);
  if (question) {
    question->family = family;
  }
  return question;
}

}  // namespace attune::data
