#pragma once

#include <string>
#include <string_view>

#include <attune/data/vqa/vqa_dataset.hpp>

namespace attune::data {

/// Questions from the bytes of their file: those in `part`, unlabelled, and the images that they
/// are about, by their ids.
/// @throws FileError  as read_vqa_dataset() says
void parse_vqa_questions(std::string_view bytes, const std::string& path,
                         const VqaReadOptions& options, VqaPart& part);

/// The answers to all of them.
/// @throws FileError  as read_vqa_dataset() says
void parse_vqa_annotations(std::string_view bytes, const std::string& path,
                           const VqaReadOptions& options, VqaPart& part);

}  // namespace attune::data
