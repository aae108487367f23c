#pragma once

#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace attune::testing {

/// Names of the files of VQA-v2's training part.
inline const std::string kTrainQuestions = "v2_OpenEnded_mscoco_train2014_questions.json";
inline const std::string kTrainAnnotations = "v2_mscoco_train2014_annotations.json";

/// `{"question_type": ..., "question_id": 9000}` with ten annotators, of whom those beyond
/// `answers` repeat the last.
[[nodiscard]] std::string vqa_annotation(int question, int image, const std::string& type,
                                         std::vector<std::string> answers);

/// A file of annotations as VQA-v2 has it.
[[nodiscard]] std::string vqa_annotations(const std::vector<std::string>& annotations);

/// Two questions about picture 9 and one about picture 25, as VQA-v2 has them, and their answers.
[[nodiscard]] std::string train_questions();
[[nodiscard]] std::string train_annotations();

/// Writes regions of three channels: value 100 r + c in channel c of region r.
void write_regions(const std::string& path, int regions, int channels = 3);

/// A whole data set: train2014, val2014 and test-dev2015 with the regions of test2015.
/// @param json     folder of the questions and annotations, empty or with a slash behind it
/// @param regions  folder of the folders of regions, the same
void write_small_vqa(const TemporaryFolder& folder, const std::string& json = "",
                     const std::string& regions = "");

}  // namespace attune::testing
