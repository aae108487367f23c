#include "train/text_attack_text.hpp"

#include <catch2/catch.hpp>

#include "train/text_attack_constraints.hpp"
#include "train/text_attack_edits.hpp"

namespace attune::train {
namespace {

using Strings = std::vector<std::string>;

Strings words_of(const AttackedText& text) {
  Strings words;
  for (std::size_t i = 0; i < text.num_words(); ++i) {
    words.push_back(text.original(i));
  }
  return words;
}

TEST_CASE("AttackedText: words are runs of letters with marks inside", "[train][attack]") {
  CHECK(words_of(AttackedText("It's a well-made, 2nd-rate caf\xc3\xa9 -- 'tis 'quoted' n't.")) ==
        Strings{"It's", "a", "well-made", "2nd-rate", "caf\xc3\xa9", "tis", "quoted", "n't"});
  CHECK(words_of(AttackedText("")).empty());
  CHECK(words_of(AttackedText(" ,.-'")).empty());
  CHECK(words_of(AttackedText("a-")) == Strings{"a"});
  CHECK(words_of(AttackedText("a\xff"
                              "b")) == Strings{"a", "b"});
}

TEST_CASE("AttackedText: what is set stands there and everything else is as it was",
          "[train][attack]") {
  const std::string original = " (a)\tgood  plot !\n";
  AttackedText text(original);
  CHECK(text.text() == original);
  CHECK(text.with(1, "bad old") == " (a)\tbad old  plot !\n");
  CHECK(text.text() == original);
  CHECK(text.before(1) == " (a)\t");
  CHECK(text.after(1) == "  plot !\n");
  text.set(1, "fine", 0.5);
  CHECK(text.text() == " (a)\tfine  plot !\n");
  CHECK(text.num_changed() == 1);
  CHECK(text.changed(1));
  CHECK_FALSE(text.changed(2));
  CHECK(text.mean_similarity() == Approx(2.5 / 3));
  CHECK(text.mean_similarity_with(2, 0.25) == Approx(1.75 / 3));
  CHECK(text.marked(true) == " (a)\t[[good]]  plot !\n");
  CHECK(text.marked(false) == " (a)\t[[fine]]  plot !\n");
}

TEST_CASE("AttackedText: a word goes with one of the blanks beside it", "[train][attack]") {
  const AttackedText text("a good plot, yes");
  CHECK(text.without(0) == "good plot, yes");
  CHECK(text.without(1) == "a plot, yes");
  CHECK(text.without(2) == "a good , yes");
  CHECK(text.without(3) == "a good plot,");
  CHECK(AttackedText("alone").without(0).empty());
}

TEST_CASE("AttackedText: sentences end at a mark with a blank behind it", "[train][attack]") {
  AttackedText text("One, two. Three 3.5 four!? (Five) six");
  CHECK(text.sentences() == Strings{"One, two", "Three 3.5 four", "Five) six"});
  text.set(0, "Uno", 1);
  CHECK(text.sentences()[0] == "Uno, two");
  CHECK(text.sentence(1) == 0);
  CHECK(text.sentence(2) == 1);
  CHECK(AttackedText("...").sentences().empty());
}

TEST_CASE("in_case_of: capitals come from the word that stood there", "[train][attack]") {
  CHECK(in_case_of("Good", "nice") == "Nice");
  CHECK(in_case_of("GOOD", "nice") == "NICE");
  CHECK(in_case_of("good", "Paris") == "Paris");
  CHECK(in_case_of("A", "some") == "Some");
  CHECK(in_case_of("Good", "\xc3\xa9lan") == "\xc3\xa9lan");
  CHECK(in_case_of("Good", "").empty());
}

TEST_CASE("constraints: stop words, negations and endings", "[train][attack]") {
  for (const char* word : {"the", "it's", "not", "n't", "don't", "yourselves", "a"}) {
    CAPTURE(word);
    CHECK(is_stop_word(word));
  }
  for (const char* word : {"good", "film's", "nothingness", ""}) {
    CAPTURE(word);
    CHECK_FALSE(is_stop_word(word));
  }
  CHECK(is_negation("never"));
  CHECK_FALSE(is_negation("the"));
  CHECK(have_same_ending("good", "nice"));
  CHECK(have_same_ending("running", "moving"));
  CHECK(have_same_ending("bus", "boss"));
  CHECK_FALSE(have_same_ending("film", "films"));
  CHECK_FALSE(have_same_ending("quick", "quickly"));
  CHECK_FALSE(have_same_ending("bored", "boring"));
  CHECK(have_same_ending("sing", "hum"));
}

TEST_CASE("bug_edits: one of each kind that the word is long enough for", "[train][attack]") {
  const data::Synonyms none;
  const EditSource bugs = bug_edits(none, core::RandomStream(1, core::Purpose::sampling));
  const auto of = [&](const std::string& word) {
    Strings texts;
    for (const WordEdit& edit : bugs(AttackedText(word), 0)) {
      texts.push_back(edit.text);
    }
    return texts;
  };
  CHECK(of("m") == Strings{"n"});
  CHECK(of("mm").size() == 2);  // a blank, and a key
  CHECK(of("mm")[0] == "m m");
  const Strings four = of("bulk");  // blank, deletion, swap of the inner two, l looks like 1
  REQUIRE(four.size() == 4);
  CHECK(four[1].size() == 3);
  CHECK(four[1].front() == 'b');
  CHECK(four[1].back() == 'k');
  CHECK(four[2] == "bluk");
  CHECK(four[3] == "bu1k");
  CHECK(of("butter").size() == 3);  // too long for a blank
  // Of baab no two inner letters differ; letters of two bytes stay whole.
  const Strings baab = of("baab");
  REQUIRE(baab.size() == 3);
  CHECK(baab[1] == "bab");
  CHECK((baab[2] == "b@ab" || baab[2] == "ba@b"));
  const Strings ete = of("\xc3\xa9t\xc3\xa9");
  REQUIRE(ete.size() == 3);
  CHECK((ete[0] == "\xc3\xa9 t\xc3\xa9" || ete[0] == "\xc3\xa9t \xc3\xa9"));
  CHECK(ete[1] == "\xc3\xa9\xc3\xa9");
  CHECK(ete[2] == "\xc3\xa9y\xc3\xa9");
}

}  // namespace
}  // namespace attune::train
