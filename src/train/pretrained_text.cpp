#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "train/hugging_face_names.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/train/pretrained_text.hpp>
#include <attune/train/safetensors.hpp>

namespace attune::train {

using core::Shape;
using core::Tensor;
using core::text;

namespace {

constexpr const char* kConfig = "/config.json";
constexpr const char* kWeights = "/model.safetensors";

Tensor transposed(const Tensor& x) {
  const std::int64_t rows = x.size(0);
  const std::int64_t columns = x.size(1);
  Tensor out = Tensor::empty({columns, rows}, x.dtype());
  core::dispatch(x.dtype(), [&]<class T>() {
    const std::span<const T> from = x.data<T>();
    const std::span<T> to = out.mutable_data<T>();
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        to[j * rows + i] = from[i * columns + j];
      }
    }
  });
  return out;
}

// Normalisations of the first checkpoints: LayerNorm.gamma and LayerNorm.beta.
std::string old_name(const std::string& name) {
  constexpr std::string_view kWeight = "LayerNorm.weight";
  constexpr std::string_view kBias = "LayerNorm.bias";
  if (name.ends_with(kWeight)) {
    return name.substr(0, name.size() - 6) + "gamma";
  }
  return name.ends_with(kBias) ? name.substr(0, name.size() - 4) + "beta" : name;
}

/// The tensors of a file, found with or without the prefix of the family.
class ForeignTensors {
 public:
  ForeignTensors(const Safetensors& content, std::string prefix)
      : content_(content), prefix_(std::move(prefix)) {}

  /// Null where there is none.
  [[nodiscard]] const Tensor* find(const std::string& name) {
    std::string bare = name;
    if (bare.starts_with(prefix_)) {
      bare.erase(0, prefix_.size());
    }
    for (const std::string& form : {name, bare, old_name(name), old_name(bare)}) {
      const auto found = content_.tensors.find(form);
      if (found != content_.tensors.end()) {
        used_.insert(form);
        return &found->second;
      }
    }
    return nullptr;
  }

  [[nodiscard]] std::vector<std::string> unused() const {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : content_.tensors) {
      if (!used_.contains(name)) {
        names.push_back(name);
      }
    }
    return names;
  }

 private:
  const Safetensors& content_;
  std::string prefix_;
  std::set<std::string> used_;
};

Shape foreign_shape(const ForeignParameter& parameter) {
  const Shape& shape = parameter.variable.shape();
  return parameter.transposed ? Shape{shape[1], shape[0]} : shape;
}

Tensor converted(const Tensor& tensor, const ForeignParameter& parameter) {
  const Tensor own = parameter.transposed ? transposed(tensor) : tensor;
  return own.to(parameter.variable.dtype());
}

}  // namespace

PretrainedReport load_pretrained(const nn::Module& model, const models::TextEncoderOptions& options,
                                 const std::string& folder) {
  const std::string path = folder + kWeights;
  const Safetensors content = read_safetensors(path);
  ForeignTensors tensors(content, foreign_prefix(options.family));
  PretrainedReport report;
  std::vector<std::pair<Variable, Tensor>> values;
  for (const ForeignParameter& parameter : foreign_parameters(model, options)) {
    const Shape expected = foreign_shape(parameter);
    const Tensor* found = tensors.find(parameter.name);
    if (found == nullptr && parameter.of_encoder) {
      throw FileError(
          path, text(parameter.name, ": expected a tensor ", expected.to_string(), ", found none"));
    }
    if (found == nullptr) {
      report.missing.push_back(parameter.name);
      continue;
    }
    if (found->shape() != expected) {
      throw FileError(path, text(parameter.name, ": expected shape ", expected.to_string(),
                                 ", found ", found->shape().to_string()));
    }
    values.emplace_back(parameter.variable, converted(*found, parameter));
  }
  for (auto& [variable, value] : values) {
    variable.set_value(std::move(value));
  }
  report.unused = tensors.unused();
  return report;
}

void save_pretrained(const nn::Module& model, const TextConfig& config, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw FileError(folder, text("could not make the folder: ", error.message()));
  }
  Safetensors content;
  content.metadata["format"] = "pt";
  for (const ForeignParameter& parameter : foreign_parameters(model, config.encoder)) {
    const Tensor& value = parameter.variable.value();
    content.tensors.emplace(parameter.name, parameter.transposed ? transposed(value) : value);
  }
  write_safetensors(folder + kWeights, content);
  core::write_file_atomically(folder + kConfig, encode_text_config(config));
}

}  // namespace attune::train
