#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "small_vqa.hpp"
#include "support/tensors.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::data {
namespace {

using Catch::Contains;
using testing::kTrainAnnotations;
using testing::kTrainQuestions;
using testing::message_of;
using testing::TemporaryFolder;
using testing::vqa_annotation;
using testing::vqa_annotations;
using testing::write_small_vqa;
using Strings = std::vector<std::string>;

TEST_CASE("read_vqa_dataset: reads the files of VQA-v2", "[data][vqa]") {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  const VqaDataset dataset = read_vqa_dataset(folder.path());
  CHECK(dataset.name == "mscoco");
  CHECK(dataset.source == folder.path());
  CHECK(dataset.region_channels == 3);
  const VqaPart& train = dataset.train;
  CHECK(train.name == "train2014");
  CHECK(train.labelled);
  CHECK(train.sha256 == core::sha256(testing::train_questions() + testing::train_annotations()));
  REQUIRE(train.images.size() == 2);
  CHECK(train.images[0].id == 9);
  CHECK(train.images[0].file == folder.path("train2014/COCO_train2014_000000000009.jpg.npz"));
  CHECK(train.images[1].id == 25);
  REQUIRE(train.questions.size() == 3);
  const VqaQuestion& giraffes = train.questions[0];
  CHECK(giraffes.id == 25000);
  CHECK(giraffes.image == 1);
  CHECK(giraffes.text == "How many giraffes are there?");
  CHECK(giraffes.type == "how many");
  CHECK(giraffes.answer_type == "other");
  CHECK(giraffes.answer == "2");
  CHECK(giraffes.answers == Strings(10, "2"));
  const VqaQuestion& table = train.questions[2];
  CHECK(table.id == 9001);
  CHECK(table.image == 0);
  CHECK(table.answers[0] == "a cup");
  CHECK(table.answers[1] == "cups");
  CHECK(table.answers[9] == "cup");
  CHECK(dataset.validation.questions.size() == 1);
  REQUIRE(dataset.test.has_value());
  CHECK(dataset.test->name == "test-dev2015");
  CHECK_FALSE(dataset.test->labelled);
  CHECK(dataset.test->questions.size() == 1);
  CHECK(dataset.test->questions[0].answers.empty());
  CHECK(dataset.test->images[0].file == folder.path("test2015/COCO_test2015_000000000001.jpg.npz"));
}

TEST_CASE("read_vqa_dataset: finds the folders that openvqa and mcan-vqa use", "[data][vqa]") {
  const auto [json, regions] =
      GENERATE(table<std::string, std::string>({{"raw/", "feats/"}, {"vqa/", "coco_extract/"}}));
  const TemporaryFolder folder;
  write_small_vqa(folder, json, regions);
  const VqaDataset dataset = read_vqa_dataset(folder.path());
  CHECK(dataset.train.questions.size() == 3);
  CHECK(dataset.train.images[0].file ==
        folder.path(regions + "train2014/COCO_train2014_000000000009.jpg.npz"));
}

TEST_CASE("read_vqa_dataset: regions are left aside where they are not asked for", "[data][vqa]") {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  std::filesystem::remove_all(folder.path("train2014"));
  const VqaDataset dataset = read_vqa_dataset(folder.path(), {.features = false});
  CHECK(dataset.region_channels == 0);
  CHECK(dataset.train.images[0].file.empty());
  CHECK_THAT(message_of<FileError>([&] { (void)read_vqa_dataset(folder.path()); }),
             Contains("expected regions of the pictures of \"train2014\" in one of"));
}

TEST_CASE("read_vqa_dataset: test and its answers may be missing or there", "[data][vqa]") {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  std::filesystem::remove(folder.path("v2_OpenEnded_mscoco_test-dev2015_questions.json"));
  const VqaDataset all = read_vqa_dataset(folder.path());
  REQUIRE(all.test.has_value());
  CHECK(all.test->name == "test2015");
  CHECK(all.test->questions.size() == 2);
  folder.write("v2_mscoco_test2015_annotations.json",
               vqa_annotations({vqa_annotation(10, 1, "what", {"cat"}),
                                vqa_annotation(20, 2, "what", {"dog"})}));
  CHECK(read_vqa_dataset(folder.path()).test->labelled);
  std::filesystem::remove(folder.path("v2_OpenEnded_mscoco_test2015_questions.json"));
  CHECK_FALSE(read_vqa_dataset(folder.path()).test.has_value());
}

TEST_CASE("read_vqa_dataset: takes the usual answer where none is given", "[data][vqa]") {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  folder.write("v2_mscoco_val2014_annotations.json",
               R"({"annotations": [{"question_id": 42001, "answers": [{"answer": "No"},
                   {"answer": "Yes!"}, {"answer": "yes"}]}]})");
  const VqaQuestion question = read_vqa_dataset(folder.path()).validation.questions[0];
  CHECK(question.answer == "yes");
  CHECK(question.answers == Strings{"No", "Yes!", "yes"});
  CHECK(question.type.empty());
}

/// What is said where `old` in a file of the small data set reads `now`.
std::string error_of(const std::string& file, const std::string& old, const std::string& now,
                     const VqaReadOptions& options = {}) {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  std::string content = testing::slurp(folder.path(file));
  REQUIRE(content.find(old) != std::string::npos);
  content.replace(content.find(old), old.size(), now);
  folder.write(file, content);
  const std::string message =
      message_of<FileError>([&] { (void)read_vqa_dataset(folder.path(), options); });
  const std::string path = folder.path(file) + ": ";
  return message.starts_with(path) ? message.substr(path.size()) : message;
}

TEST_CASE("read_vqa_dataset: says what is wrong with questions", "[data][vqa]") {
  const auto error = [](const char* old, const char* now) {
    return error_of(kTrainQuestions, old, now);
  };
  CHECK(error("\"question_id\": 9000", "\"question_id\": 25000") ==
        "questions[1]: question_id: expected each once, found 25000 again");
  CHECK(error("\"question_id\": 9000", "\"question\": 1") ==
        "questions[1]: key \"question\" comes twice");
  CHECK(error("\"question_id\": 9000", "\"id\": 9000") ==
        "questions[1]: question_id: expected one, found none");
  CHECK(error("\"question_id\": 9000", "\"question_id\": -1") ==
        "questions[1]: question_id: expected a number from 0 to 2^63 - 1, found -1");
  CHECK_THAT(error("\"question_id\": 9000", "\"question_id\": 9223372036854775808"),
             Contains("expected a number from 0 to 2^63 - 1, found 9223372036854775808"));
  CHECK_THAT(error("\"image_id\": 9", "\"image_id\": 9.5"),
             Contains("image_id: expected a number"));
  CHECK(error("\"Is this a red-brick house?\"", "\"?!\"") ==
        "questions[1]: question: expected words, found \"?!\"");
  CHECK(error("\"Is this a red-brick house?\"", "[]") ==
        "questions[1]: question: expected a text, found a list of 0");
  CHECK(error("\"questions\": [", "\"questions\": [3, ") ==
        "questions[0]: expected an object, found 3");
  CHECK(error("\"questions\": [", "\"answers\": [") ==
        "expected a member \"questions\", found none");
  CHECK(error("\"task_type\": \"Open-Ended\"", "\"questions\": {}") ==
        "questions: expected a list, found an object");
  CHECK(error("\"task_type\": \"Open-Ended\"", "\"questions\": 3") ==
        "questions: expected a list, found a single value");
  CHECK(error("\"task_type\": \"Open-Ended\"", "\"questions\": []") ==
        "the object: key \"questions\" comes twice");
}

TEST_CASE("read_vqa_dataset: says where a file is no JSON", "[data][vqa]") {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  const auto error = [&](const std::string& content) {
    const std::string path = folder.write(kTrainQuestions, content);
    return message_of<FileError>([&] { (void)read_vqa_dataset(folder.path()); })
        .substr(path.size());
  };
  CHECK_THAT(error("{\"questions\": [\n{\"question_id\" 3}]}"), Contains(":2: byte 31: not JSON"));
  CHECK_THAT(error("{\"questions\": ["), Contains(": not JSON"));
  CHECK_THAT(error(""), Contains("byte 0: not JSON"));
  CHECK(error("[]") == ": expected an object, found a list");
  CHECK(error("7") == ": expected an object, found a single value");
  CHECK(error("{\"questions\": []}") == ": questions: expected some, found none");
  CHECK_THAT(error("{\"questions\": [\"\xff\"]}"), Contains("not JSON"));
  CHECK_THAT(error("{\"x\": " + std::string(100000, '[')),
             Contains("expected at most 32 levels, found more"));
  CHECK_THAT(
      error("{\"questions\": [{\"x\": [" + std::string(400, ' ') + "1,1,1,1,1,1,1,1,1,1,1," +
            "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
            "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}]}"),
      Contains("questions[0]: expected at most 64 values, found more"));
}

TEST_CASE("read_vqa_dataset: says what is wrong with annotations", "[data][vqa]") {
  const auto error = [](const char* old, const char* now) {
    return error_of(kTrainAnnotations, old, now);
  };
  CHECK(error("\"question_id\": 9000", "\"question_id\": 9005") ==
        "annotations[0]: question_id: expected one of the 3 questions, found 9005");
  CHECK(error("\"question_id\": 9000", "\"question_id\": 9001") ==
        "annotations[1]: question_id: expected one annotation of question 9001, found another");
  CHECK(error("\"image_id\": 9", "\"image_id\": 25") ==
        "annotations[0]: image_id: expected that of question 9000, 9, found 25");
  CHECK(error("\"answers\": [", "\"answers\": [], \"x\": [") ==
        "annotations[0]: answers: expected a list of 1 to 1000, found a list of 0");
  CHECK(error("\"answers\": [", "\"x\": [") == "annotations[0]: answers: expected one, found none");
  CHECK(error("\"answer\": \"yes\"", "\"answer\": 1") ==
        "annotations[0]: answers[1]: answer: expected a text, found 1");
  CHECK(error("\"question_type\": \"is this a\"", "\"question_type\": null") ==
        "annotations[0]: question_type: expected a text, found null");
}

TEST_CASE("read_vqa_dataset: every labelled question must be annotated", "[data][vqa]") {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  const std::string path =
      folder.write(kTrainAnnotations, vqa_annotations({vqa_annotation(9000, 9, "is", {"no"})}));
  CHECK(message_of<FileError>([&] { (void)read_vqa_dataset(folder.path()); }) ==
        path + ": annotations: expected one of question 25000, found none");
}

TEST_CASE("read_vqa_dataset: refuses what is larger than it may be", "[data][vqa]") {
  CHECK_THAT(error_of(kTrainQuestions, "a red", "a red", {.max_file_bytes = 100}),
             Contains("expected at most 100 bytes"));
  CHECK(error_of(kTrainQuestions, "a red", "a red", {.max_questions = 2}) ==
        "questions[2]: expected at most 2 questions, found more");
  CHECK(error_of(kTrainQuestions, "a red", "a red", {.max_text_bytes = 20}) ==
        "questions[0]: question: expected at most 20 bytes, found 28");
  CHECK(error_of(kTrainAnnotations, "no", "no", {.max_answers = 9}) ==
        "annotations[0]: answers: expected a list of 1 to 9, found a list of 10");
  CHECK_THROWS_AS(read_vqa_dataset("nowhere", {.max_answers = 0}), InvalidArgument);
}

TEST_CASE("read_vqa_dataset: says which file is missing", "[data][vqa]") {
  const TemporaryFolder folder;
  CHECK_THAT(message_of<FileError>([&] { (void)read_vqa_dataset(folder.path("none")); }),
             Contains("expected a folder"));
  CHECK_THAT(message_of<FileError>([&] { (void)read_vqa_dataset(folder.path()); }),
             Contains("expected v2_OpenEnded_NAME_PART_questions.json"));
  write_small_vqa(folder);
  const auto error = [&](const std::string& gone) {
    std::filesystem::remove(folder.path(gone));
    return message_of<FileError>([&] { (void)read_vqa_dataset(folder.path()); });
  };
  CHECK(error("val2014/COCO_val2014_000000000042.jpg.npz") ==
        folder.path("val2014") +
            ": expected regions of picture 42 in a file *_42.npz, found none among those of 0 "
            "pictures");
  CHECK_THAT(error(kTrainAnnotations), Contains(kTrainAnnotations + ": cannot open"));
  CHECK(error("v2_OpenEnded_mscoco_val2014_questions.json") ==
        folder.path() + ": expected questions of a part val*, as mscoco_val, found none");
}

TEST_CASE("read_vqa_dataset: refuses what could be either of two", "[data][vqa]") {
  const TemporaryFolder folder;
  write_small_vqa(folder);
  folder.write("train2014/9_9.npz", "");
  CHECK_THAT(message_of<FileError>([&] { (void)read_vqa_dataset(folder.path()); }),
             Contains("expected one file of picture 9, found"));
  folder.write("v2_OpenEnded_mscoco_train2017_questions.json", "{}");
  CHECK_THAT(
      message_of<FileError>([&] { (void)read_vqa_dataset(folder.path()); }),
      Contains("expected one part train*, found \"mscoco_train2014\" and \"mscoco_train2017\""));
}

}  // namespace
}  // namespace attune::data
