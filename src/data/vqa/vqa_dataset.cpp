#include "data/folders.hpp"
#include "data/vqa/folder_layout.hpp"
#include "data/vqa/part_reader.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/vqa/region_features.hpp>
#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::data {

using core::text;

namespace {

void check(const VqaReadOptions& options) {
  for (const std::int64_t limit : {options.max_file_bytes, options.max_questions,
                                   options.max_text_bytes, options.max_answers}) {
    if (limit < 1) {
      throw InvalidArgument(text("read_vqa_dataset: limits must be at least 1, got ", limit));
    }
  }
}

VqaPart read_part(const VqaPartFiles& files, bool must_be_labelled, const VqaReadOptions& options) {
  VqaPart part{.name = files.part};
  core::Sha256 digest;
  {
    const std::string bytes = core::read_file(files.questions, options.max_file_bytes);
    digest.update(bytes);
    parse_vqa_questions(bytes, files.questions, options, part);
  }
  if (must_be_labelled || exists(files.annotations)) {
    const std::string bytes = core::read_file(files.annotations, options.max_file_bytes);
    digest.update(bytes);
    parse_vqa_annotations(bytes, files.annotations, options, part);
  }
  part.sha256 = digest.hex();
  return part;
}

void find_regions(const std::string& folder, VqaPart& part) {
  const RegionFolder regions(folder, part.name);
  for (VqaImage& image : part.images) {
    image.file = regions.file(image.id);
  }
}

}  // namespace

VqaDataset read_vqa_dataset(const std::string& folder, const VqaReadOptions& options) {
  check(options);
  const VqaFiles files = find_vqa_files(folder);
  VqaDataset dataset{.name = files.train.dataset,
                     .source = folder,
                     .train = read_part(files.train, true, options),
                     .validation = read_part(files.validation, true, options)};
  if (files.test) {
    dataset.test = read_part(*files.test, false, options);
  }
  if (options.features) {
    find_regions(folder, dataset.train);
    find_regions(folder, dataset.validation);
    if (dataset.test) {
      find_regions(folder, *dataset.test);
    }
    dataset.region_channels = read_regions(dataset.train.images.front().file, {}).size(1);
  }
  return dataset;
}

}  // namespace attune::data
