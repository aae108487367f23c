#include "small_vqa.hpp"

#include <filesystem>
#include <span>

#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>

namespace attune::testing {

using core::text;

namespace {

std::string question(int id, int image, const std::string& words) {
  return text("{\"image_id\": ", image, ", \"question\": \"", words, "\", \"question_id\": ", id,
              "}");
}

std::string questions(const std::string& part, const std::string& list) {
  return text(R"({"info": {"version": "2.0", "contributor": "VQA Team"},)",
              R"( "task_type": "Open-Ended", "data_type": "mscoco",)",
              R"( "license": {"url": "http://example.org/", "name": "CC BY 4.0"},)",
              " \"data_subtype\": \"", part, "\", \"questions\": [", list, "]}");
}

void write_part_regions(const TemporaryFolder& folder, const std::string& below,
                        const std::string& part, const std::vector<int>& images) {
  std::filesystem::create_directories(folder.path(below + part));
  for (const int image : images) {
    const std::string number = text(image);
    write_regions(folder.path(text(below, part, "/COCO_", part, "_",
                                   std::string(12 - number.size(), '0'), number, ".jpg.npz")),
                  image % 7 + 1);
  }
}

}  // namespace

std::string vqa_annotation(int id, int image, const std::string& type,
                           std::vector<std::string> answers) {
  std::string out = text("{\"question_type\": \"", type, "\", \"multiple_choice_answer\": \"",
                         answers.back(), "\", \"answers\": [");
  answers.resize(10, answers.back());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    out += text(i == 0 ? "" : ", ", "{\"answer\": \"", answers[i],
                "\", \"answer_confidence\": \"maybe\", \"answer_id\": ", i + 1, "}");
  }
  return out + text("], \"image_id\": ", image,
                    ", \"answer_type\": \"other\", \"question_id\": ", id, "}");
}

std::string vqa_annotations(const std::vector<std::string>& annotations) {
  std::string list;
  for (const std::string& annotation : annotations) {
    list += (list.empty() ? "" : ", ") + annotation;
  }
  return text(R"({"info": {}, "license": {}, "data_subtype": "x", "annotations": [)", list,
              R"(], "data_type": "mscoco"})");
}

std::string train_questions() {
  return questions("train2014", question(25000, 25, "How many giraffes are there?") + ", " +
                                    question(9000, 9, "Is this a red-brick house?") + ", " +
                                    question(9001, 9, "What's on the table?"));
}

std::string train_annotations() {
  return vqa_annotations({vqa_annotation(9000, 9, "is this a", {"no", "yes"}),
                          vqa_annotation(9001, 9, "what's on the", {"a cup", "cups", "cup"}),
                          vqa_annotation(25000, 25, "how many", {"2"})});
}

void write_regions(const std::string& path, int regions, int channels) {
  std::vector<float> x;
  for (int c = 0; c < channels; ++c) {
    for (int r = 0; r < regions; ++r) {
      x.push_back(static_cast<float>(100 * r + c));
    }
  }
  const std::vector<float> boxes(static_cast<std::size_t>(4 * regions), 1);
  const std::int64_t count = regions;
  data::write_npz(
      path, {{"x", data::NpyArray::from(std::span<const float>(x), {channels, regions})},
             {"bbox", data::NpyArray::from(std::span<const float>(boxes), {regions, 4})},
             {"num_bbox", data::NpyArray::from(std::span<const std::int64_t>(&count, 1), {})}});
}

void write_small_vqa(const TemporaryFolder& folder, const std::string& json,
                     const std::string& regions) {
  folder.write(json + kTrainQuestions, train_questions());
  folder.write(json + kTrainAnnotations, train_annotations());
  folder.write(json + "v2_OpenEnded_mscoco_val2014_questions.json",
               questions("val2014", question(42001, 42, "Is it day?")));
  folder.write(json + "v2_mscoco_val2014_annotations.json",
               vqa_annotations({vqa_annotation(42001, 42, "is it", {"no", "yes"})}));
  folder.write(json + "v2_OpenEnded_mscoco_test-dev2015_questions.json",
               questions("test-dev2015", question(10, 1, "What is this?")));
  folder.write(json + "v2_OpenEnded_mscoco_test2015_questions.json",
               questions("test2015", question(10, 1, "What is this?") + "," +
                                         question(20, 2, "What is that?")));
  write_part_regions(folder, regions, "train2014", {9, 25});
  write_part_regions(folder, regions, "val2014", {42});
  write_part_regions(folder, regions, "test2015", {1, 2});
}

}  // namespace attune::testing
