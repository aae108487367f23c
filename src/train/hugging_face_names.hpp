#pragma once

#include <string>
#include <vector>

#include <attune/models/text_encoder.hpp>
#include <attune/nn/module.hpp>

namespace attune::train {

/// A parameter and what transformers call it.
struct ForeignParameter {
  Variable variable;
  std::string name;         ///< there, with the prefix of the family
  bool transposed = false;  ///< stored as [out, in]
  bool of_encoder = false;
};

/// The parameters of a text encoder, or of a model with a head, under the tensor names of Hugging
/// Face's transformers.
/// @throws InvalidArgument  a parameter that no such model has
[[nodiscard]] std::vector<ForeignParameter> foreign_parameters(
    const nn::Module& model, const models::TextEncoderOptions& options);

/// `bert.`, `roberta.` or `albert.`, which the tensors of the encoder begin with, unless the file
/// holds the encoder alone.
[[nodiscard]] std::string foreign_prefix(models::TextFamily family);

}  // namespace attune::train
