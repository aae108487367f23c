#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <attune/core/function_ref.hpp>
#include <attune/data/vqa/scene_questions.hpp>

namespace attune::data {

/// What a generated data set is made of.
struct SceneDatasetOptions {
  std::int64_t train_scenes = 2000;      ///< in [1, 2^24]
  std::int64_t validation_scenes = 500;  ///< in [1, 2^24]
  std::int64_t test_scenes = 500;        ///< in [0, 2^24]; 0: no test
  std::int64_t min_objects = 5;          ///< of a scene, at least 1
  std::int64_t max_objects = 12;         ///< of a scene, at most 20
  std::int64_t questions_per_scene = 6;  ///< tried, the families in turn; in [1, 60]
  std::int64_t channels = 64;            ///< of a region, in [1, 65536]
  double noise = 0.1;       ///< of the regions: its standard deviation beside a signal of 1
  double answer_noise = 0;  ///< share of annotators who are mistaken, in [0, 1]
  bool pictures = false;    ///< beside the regions, .ppm, 160 x 120, to look at
  std::uint64_t seed = 0;   ///< of everything that is drawn
};

/// What came of it.
struct SceneDatasetReport {
  std::array<std::int64_t, 3> scenes = {};     ///< to train, to validate, to test
  std::array<std::int64_t, 3> questions = {};  ///< the same
  std::int64_t regions = 0;                    ///< of all scenes
};

/// Writes a data set that read_vqa_dataset() reads, in the files of VQA-v2 under the names `scenes`
/// and train, val, test:
///
///     v2_OpenEnded_scenes_train_questions.json   v2_scenes_train_annotations.json
///     train/scenes_train_000000000001.npz        regions: x, bbox, num_bbox, image_w, image_h
///     train/scenes_train_000000000001.ppm        with `pictures`
///     scenes_train.jsonl                         what is in each picture, see scene_json()
///
/// A region is an object: a fixed random direction for each of its four attributes' values and two
/// for its place, summed, under noise. Questions are those of ask_about(), their types the
/// families' names; ten annotators answer, each of whom may be mistaken. Scenes are numbered from 1
/// through all parts, so that no picture is in two.
///
/// The same options give the same bytes, on any number of threads. Memory does not grow with the
/// number of scenes. The questions to train on come to stand in their place last, when all else is
/// on the disk: what was interrupted is not read as a data set. What fails is taken away again.
/// @param folder    is made, or empty
/// @param progress  called with the scenes done so far, of all parts; from this thread
/// @throws InvalidArgument  options out of range
/// @throws FileError        a folder that has something in it, or that cannot be written
SceneDatasetReport generate_scene_dataset(
    const std::string& folder, const SceneDatasetOptions& options,
    core::FunctionRef<void(std::int64_t)> progress = [](std::int64_t) {});

}  // namespace attune::data
