#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <attune/models/text_encoder.hpp>
#include <attune/nn/module.hpp>

namespace attune::train {

/// What the config.json of a pretrained text encoder says.
struct TextConfig {
  models::TextEncoderOptions encoder;  ///< sizes and family
  double classifier_dropout = 0.1;     ///< probability, before the last map of a head
  std::vector<std::string> labels;     ///< names by number; none: not said
};

/// Reads the configuration of a BERT, RoBERTa or ALBERT as Hugging Face's transformers write it.
/// What is absent has the default of its family there; sizes of the encoder must be said.
/// @param path  named in errors
/// @throws FileError  no JSON, a model_type other than bert, roberta and albert, a field that is
///                    missing, of another type or out of range, or a setting that is not
///                    supported; names the field
[[nodiscard]] TextConfig decode_text_config(std::string_view json, const std::string& path);
/// The same of a file.
/// @throws FileError  as decode_text_config(), or no such file
[[nodiscard]] TextConfig read_text_config(const std::string& path);

/// The same as JSON that transformers read.
[[nodiscard]] std::string encode_text_config(const TextConfig& config);

/// What a checkpoint had and what it lacked.
struct PretrainedReport {
  std::vector<std::string> missing;  ///< tensors of the head that keep their first values
  std::vector<std::string> unused;   ///< tensors of the file that the model has no place for
};

/// Gives the weights of FOLDER/model.safetensors, under the tensor names of transformers, to a
/// models::TextEncoder or to a model with a head. The tensors of the encoder must all be there;
/// those of the head may be missing, as in a checkpoint that was pretrained only.
/// @param model    made with the options of the folder's configuration
/// @throws FileError  a tensor is missing or of another shape; says which, with expected and found
///                    shape. The model is then as it was.
PretrainedReport load_pretrained(const nn::Module& model, const models::TextEncoderOptions& options,
                                 const std::string& folder);

/// Writes FOLDER/config.json and FOLDER/model.safetensors, which transformers and
/// load_pretrained() read. The folder is made if it is missing.
/// @throws FileError  the system refuses
void save_pretrained(const nn::Module& model, const TextConfig& config, const std::string& folder);

}  // namespace attune::train
