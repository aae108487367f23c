#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attune::data {

/// A picture that questions are asked about.
struct VqaImage {
  std::int64_t id = 0;    ///< as the questions have it
  std::string file = {};  ///< of its regions, .npz; empty where features were not looked for
};

/// A question about a picture, and what people answered.
struct VqaQuestion {
  std::int64_t id = 0;     ///< unique in the part
  std::int64_t image = 0;  ///< index into VqaPart::images
  std::string text = {};   ///< as it was asked, UTF-8
  std::string type = {};   ///< `question_type` of the annotations, as `how many` or `counting`
  std::string answer_type = {};           ///< `answer_type`: `yes/no`, `number` or `other`
  std::string answer = {};                ///< `multiple_choice_answer`: the one given most often
  std::vector<std::string> answers = {};  ///< as each annotator gave it; empty where unlabelled
};

/// Questions of one use.
struct VqaPart {
  std::string name = {};              ///< of the files, as `train2014` or `test-dev2015`
  std::vector<VqaImage> images = {};  ///< those that are asked about, in the order of their ids
  std::vector<VqaQuestion> questions = {};  ///< in the order of the file
  bool labelled = false;                    ///< every question has answers; else none has
  std::string sha256 = {};                  ///< of the questions and the annotations, in this order
};

/// Questions about pictures.
struct VqaDataset {
  std::string name = {};             ///< of the files, as `mscoco` or `scenes`
  std::string source = {};           ///< folder it was read from
  VqaPart train = {};                ///< labelled
  VqaPart validation = {};           ///< labelled
  std::optional<VqaPart> test = {};  ///< perhaps labelled
  std::int64_t region_channels = 0;  ///< of what regions are described by; 0: not looked for
};

/// What a data set may ask for before it is refused, and what is read of it.
struct VqaReadOptions {
  bool features =
      true;  ///< every picture must have its regions; false: questions and answers alone
  std::int64_t max_file_bytes = std::int64_t{4} << 30;  ///< of a file of questions or annotations
  std::int64_t max_questions = std::int64_t{1} << 24;   ///< of a part
  std::int64_t max_text_bytes = 4096;                   ///< of a question, an answer or a type
  std::int64_t max_answers = 1000;                      ///< of a question
};

/// A data set in the files and folders of VQA-v2 (Goyal et al., "Making the V in VQA Matter", CVPR
/// 2017) as the authors of MCAN lay them out; generate_scenes() writes the same:
///
///     v2_OpenEnded_NAME_PART_questions.json     of a PART train*, val* and, if there is one, test*
///     v2_NAME_PART_annotations.json             their answers
///     PART/ANYTHING_IMAGE.npz, or .jpg.npz      regions of picture IMAGE, see RegionFeatures
///
/// The first two are looked for in the folder itself, then in its `raw` and `vqa`; the folders of
/// regions in the folder itself, then in its `feats` and `coco_extract`. Of two tests test-dev* is
/// taken, whose regions may be in test*. `v2_` may be missing, as in VQA-v1.
/// @throws FileError  files that are missing (says what they are called) or malformed: no JSON, a
///                    question or a picture without number, a number that comes twice, a question
///                    without a word, annotations without their question or for another picture, a
///                    picture without regions; names file, place, what was expected and found
[[nodiscard]] VqaDataset read_vqa_dataset(const std::string& folder,
                                          const VqaReadOptions& options = {});

}  // namespace attune::data
