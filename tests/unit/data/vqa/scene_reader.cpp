#include "scene_reader.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

namespace attune::testing {

namespace {

using Words = std::vector<std::string>;
using Objects = std::vector<SeenObject>;

const std::map<std::string, std::string>& attribute_of_word() {
  static const std::map<std::string, std::string> known = {
      {"small", "size"},     {"large", "size"},   {"red", "color"},      {"green", "color"},
      {"blue", "color"},     {"yellow", "color"}, {"purple", "color"},   {"orange", "color"},
      {"white", "color"},    {"black", "color"},  {"metal", "material"}, {"rubber", "material"},
      {"glass", "material"}, {"cube", "shape"},   {"sphere", "shape"},   {"cylinder", "shape"},
      {"cone", "shape"}};
  return known;
}

Words words_of(std::string question) {
  if (question.empty() || question.back() != '?') {
    throw std::logic_error("no question mark: " + question);
  }
  question.pop_back();
  std::istringstream in(question);
  Words words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  return words;
}

/// Reads a question from left to right.
class Reader {
 public:
  Reader(const std::string& question, const SeenScene& scene)
      : question_(question), words_(words_of(question)), scene_(scene) {}

  std::string answer() {
    if (skip({"is", "there"}) || skip({"can", "you", "see", "a"}, 1) ||
        skip({"can", "you", "see", "an"}, 1)) {
      if (!skip({"a"}) && !skip({"an"})) {
        fail("expected an article");
      }
      return yes_or_no(!things().empty());
    }
    if (skip({"how", "many"}) || skip({"what", "number", "of"})) {
      return std::to_string(things().size());
    }
    if (skip({"are", "there", "more"}) || skip({"can", "you", "see", "more"})) {
      const std::size_t first = things().size();
      expect({"than"});
      return yes_or_no(first > things().size());
    }
    if (skip({"do"})) {
      return same();
    }
    if (skip({"is"})) {
      const SeenObject first = the_thing();
      const std::string side = relation();
      return yes_or_no(is_on(side, first, the_thing()));
    }
    return value();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::logic_error(what + ": " + question_);
  }

  static std::string yes_or_no(bool yes) { return yes ? "yes" : "no"; }

  /// Passes the words, if they come next, but for the last `keep` of them.
  bool skip(const Words& next, std::size_t keep = 0) {
    if (words_.size() - at_ < next.size() ||
        !std::equal(next.begin(), next.end(), words_.begin() + static_cast<long>(at_))) {
      return false;
    }
    at_ += next.size() - keep;
    return true;
  }

  void expect(const Words& next) {
    if (!skip(next)) {
      fail("expected " + next.front());
    }
  }

  /// The objects that the next words describe, of the scene or of some of it.
  Objects things() { return things_of(scene_.objects); }

  Objects things_of(const Objects& from) {
    Objects left = from;
    while (at_ < words_.size()) {
      std::string word = words_[at_++];
      if (word == "thing" || word == "things") {
        return left;
      }
      auto known = attribute_of_word().find(word);
      if (known == attribute_of_word().end() && word.back() == 's') {
        word.pop_back();
        known = attribute_of_word().find(word);
      }
      if (known == attribute_of_word().end()) {
        fail("a word that says nothing of a thing, " + word);
      }
      std::erase_if(left, [&](const SeenObject& object) {
        return object.attributes.at(known->second) != word;
      });
      if (known->second == "shape") {
        return left;
      }
    }
    fail("expected a thing");
  }

  SeenObject only(const Objects& objects) const {
    if (objects.size() != 1) {
      fail(std::to_string(objects.size()) + " things of which one is spoken of");
    }
    return objects.front();
  }

  SeenObject the_thing() {
    expect({"the"});
    return only(things());
  }

  std::string relation() {
    for (const char* side : {"left", "right"}) {
      if (skip({side, "of"})) {
        return side;
      }
    }
    for (const char* side : {"above", "below"}) {
      if (skip({side})) {
        return side;
      }
    }
    fail("expected a side");
  }

  static bool is_on(const std::string& side, const SeenObject& a, const SeenObject& b) {
    if (side == "left" || side == "right") {
      return side == "left" ? a.x < b.x : a.x > b.x;
    }
    return side == "above" ? a.y < b.y : a.y > b.y;
  }

  std::string same() {
    const SeenObject first = the_thing();
    expect({"and"});
    const SeenObject second = the_thing();
    expect({"have", "the", "same"});
    const std::string& what = words_.at(at_++);
    return yes_or_no(first.attributes.at(what) == second.attributes.at(what));
  }

  std::string value() {
    expect({"what"});
    if (skip({"is", "the"})) {
      const std::string what = words_.at(at_++);
      expect({"of"});
      return the_thing().attributes.at(what);
    }
    const std::string what = words_.at(at_++);
    expect({"is", "the"});
    const std::size_t begin = at_;
    const Objects all = things();
    if (at_ == words_.size()) {
      return only(all).attributes.at(what);
    }
    const std::string side = relation();
    const SeenObject from = the_thing();
    Objects there = scene_.objects;
    std::erase_if(there, [&](const SeenObject& object) { return !is_on(side, object, from); });
    at_ = begin;
    return only(things_of(there)).attributes.at(what);
  }

  const std::string& question_;
  Words words_;
  const SeenScene& scene_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<SeenScene> read_scenes(const std::string& path) {
  std::ifstream in(path);
  std::vector<SeenScene> scenes;
  for (std::string line; std::getline(in, line);) {
    const nlohmann::json parsed = nlohmann::json::parse(line);
    SeenScene scene{.image = parsed.at("image_id").get<long>(), .objects = {}};
    for (const nlohmann::json& object : parsed.at("objects")) {
      SeenObject seen{.attributes = {}, .x = object.at("x"), .y = object.at("y")};
      for (const char* name : {"size", "color", "material", "shape"}) {
        seen.attributes[name] = object.at(name).get<std::string>();
      }
      scene.objects.push_back(std::move(seen));
    }
    scenes.push_back(std::move(scene));
  }
  return scenes;
}

std::string answer_by_looking(const std::string& question, const SeenScene& scene) {
  return Reader(question, scene).answer();
}

}  // namespace attune::testing
