#include "support/toy_vqa.hpp"

#include <array>
#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include <attune/data/npz.hpp>

namespace attune::testing {
namespace {

using nlohmann::json;

constexpr std::array<const char*, 3> kColours{"red", "green", "blue"};
constexpr std::int64_t kChannels = 5;

// [channels, regions]: the colour's channel is 1, the last one tells regions apart.
void write_picture(const std::string& path, std::int64_t colour, std::int64_t regions) {
  std::vector<float> x(static_cast<std::size_t>(kChannels * regions));
  for (std::int64_t region = 0; region < regions; ++region) {
    x[static_cast<std::size_t>(colour * regions + region)] = 1;
    x[static_cast<std::size_t>((kChannels - 1) * regions + region)] =
        0.1F * static_cast<float>(region);
  }
  data::write_npz(path, {{"x", data::NpyArray::from(x, {kChannels, regions})}});
}

json annotation(std::int64_t question, std::int64_t image, const std::string& type,
                const std::string& answer, const std::string& wrong) {
  json answers = json::array();
  for (int annotator = 1; annotator <= 10; ++annotator) {
    answers.push_back({{"answer", annotator == 10 ? wrong : answer},
                       {"answer_confidence", "yes"},
                       {"answer_id", annotator}});
  }
  return {{"question_id", question},
          {"image_id", image},
          {"question_type", type},
          {"answer_type", type},
          {"multiple_choice_answer", answer},
          {"answers", answers}};
}

void write_part(const TemporaryFolder& folder, const std::string& part, std::int64_t first_image,
                std::int64_t images) {
  std::filesystem::create_directories(folder.path("vqa-toy/" + part));
  json questions = json::array();
  json annotations = json::array();
  for (std::int64_t image = first_image; image < first_image + images; ++image) {
    const std::int64_t colour = image % 3;
    const std::string name = kColours[static_cast<std::size_t>(colour)];
    write_picture(folder.path("vqa-toy/" + part + "/toy_" + std::to_string(image) + ".npz"), colour,
                  2 + image % 3);
    questions.push_back(
        {{"question_id", 2 * image}, {"image_id", image}, {"question", "What colour is it?"}});
    questions.push_back(
        {{"question_id", 2 * image + 1}, {"image_id", image}, {"question", "Is it red?"}});
    annotations.push_back(annotation(2 * image, image, "other", name,
                                     kColours[static_cast<std::size_t>((colour + 1) % 3)]));
    annotations.push_back(annotation(2 * image + 1, image, "yes/no", colour == 0 ? "yes" : "no",
                                     colour == 0 ? "no" : "yes"));
  }
  folder.write("vqa-toy/v2_OpenEnded_toy_" + part + "_questions.json",
               json{{"data_subtype", part}, {"questions", questions}}.dump());
  folder.write("vqa-toy/v2_toy_" + part + "_annotations.json",
               json{{"data_subtype", part}, {"annotations", annotations}}.dump());
}

}  // namespace

std::string write_toy_vqa(const TemporaryFolder& folder) {
  write_part(folder, "train2014", 0, 48);
  write_part(folder, "val2014", 100, 16);
  write_part(folder, "test2015", 200, 16);
  return folder.path("vqa-toy");
}

}  // namespace attune::testing
