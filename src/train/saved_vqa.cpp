#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/json_fields.hpp"
#include "train/result_json.hpp"
#include <attune/core/digest.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/core/version.hpp>
#include <attune/train/parameter_snapshot.hpp>
#include <attune/train/safetensors.hpp>
#include <attune/train/saved_vqa.hpp>

namespace attune::train {

using core::text;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* kIndex = "/vqa_model.json";
constexpr const char* kFormat = "attune model for visual questions";
constexpr std::int64_t kFormatVersion = 1;
constexpr std::int64_t kMostIndexBytes = 1 << 20;
constexpr std::size_t kHashDigits = 16;

/// One of the files that the index names.
struct FileKind {
  const char* key;  // in the index, and the beginning of the file's name
  const char* ending;
};
constexpr FileKind kModel{"model", ".safetensors"};
constexpr FileKind kWords{"words", ".txt"};
constexpr FileKind kAnswers{"answers", ".json"};
constexpr std::array<FileKind, 3> kKinds{kModel, kWords, kAnswers};

std::string file_name(const FileKind& kind, const std::string& sha256) {
  return text(kind.key, '-', sha256.substr(0, kHashDigits), kind.ending);
}

// ---- saving

/// Writes files under names made of their content and notes them in the index.
class FileWriter {
 public:
  explicit FileWriter(std::string folder) : folder_(std::move(folder)) {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) {
      throw FileError(folder_, text("cannot make the folder: ", error.message()));
    }
  }

  void add(const FileKind& kind, const std::string& bytes) {
    const std::string sha256 = core::sha256(bytes);
    names_.push_back(file_name(kind, sha256));
    core::write_file_atomically((fs::path(folder_) / names_.back()).string(), bytes);
    files_[kind.key] = {{"bytes", bytes.size()}, {"sha256", sha256}};
  }

  [[nodiscard]] const json& files() const noexcept { return files_; }

  // Those of a model that was here before. What cannot be removed does no harm.
  void remove_others() const {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
      const std::string name = entry.path().filename().string();
      const bool ours = std::ranges::any_of(kKinds, [&](const FileKind& kind) {
        return name.starts_with(text(kind.key, '-')) && name.ends_with(kind.ending);
      });
      if (ours && std::ranges::find(names_, name) == names_.end()) {
        fs::remove(entry.path(), error);
      }
    }
  }

 private:
  std::string folder_;
  std::vector<std::string> names_;
  json files_ = json::object();
};

std::string lines_of(const data::QuestionVocabulary& words) {
  std::string lines;
  for (std::int32_t i = 0; i < words.size(); ++i) {
    lines += words.word(i) + '\n';
  }
  return lines;
}

std::string encoded_parameters(const models::Mcan& model) {
  Safetensors content;
  for (const nn::NamedParameter& parameter : model.parameters()) {
    content.tensors.emplace(parameter.name, parameter.variable.value());
  }
  return encode_safetensors(content);
}

// ---- loading

// The name is made from the digest, never taken from the file: it cannot lead out of the folder.
std::string path_of(const std::string& folder, const FileKind& kind, const JsonFields& file) {
  const std::string sha256 = file.text("sha256");
  const bool hexadecimal = std::ranges::all_of(
      sha256, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (sha256.size() != 64 || !hexadecimal) {
    throw FileError(folder + kIndex,
                    text("files.", kind.key, ".sha256: expected 64 hexadecimal digits"));
  }
  return (fs::path(folder) / file_name(kind, sha256)).string();
}

std::string read_checked(const std::string& folder, const FileKind& kind, const JsonFields& files) {
  const JsonFields file = files.object(kind.key);
  const std::string path = path_of(folder, kind, file);
  std::string bytes = core::read_file(path, file.integer("bytes"));
  if (core::sha256(bytes) != file.text("sha256")) {
    throw FileError(path, text("expected SHA-256 ", file.text("sha256"),
                               ", as vqa_model.json says, found ", core::sha256(bytes)));
  }
  return bytes;
}

VqaVocabulary read_vocabulary(const std::string& folder, const JsonFields& top,
                              const JsonFields& files) {
  // The words are read from their file by name: its bytes were compared before.
  (void)read_checked(folder, kWords, files);
  const std::string words = path_of(folder, kWords, files.object(kWords.key));
  const std::string answers = path_of(folder, kAnswers, files.object(kAnswers.key));
  VqaVocabulary vocabulary{
      .words = data::QuestionVocabulary::load(words),
      .answers = data::AnswerVocabulary::parse(read_checked(folder, kAnswers, files), answers),
      .max_words = top.integer("max_words")};
  if (vocabulary.max_words < 1 || vocabulary.answers.size() < 2) {
    throw FileError(folder + kIndex,
                    text("expected max_words of at least 1 and two answers, found ",
                         vocabulary.max_words, " and ", vocabulary.answers.size()));
  }
  return vocabulary;
}

// Before anything of these sizes is made: each is that of a tensor that is there.
void require_sizes(const models::McanOptions& options, const Safetensors& weights,
                   const std::string& path) {
  const auto require = [&](const std::string& name, const core::Shape& expected) {
    const auto found = weights.tensors.find(name);
    if (found == weights.tensors.end() || found->second.shape() != expected) {
      throw FileError(path,
                      text(name, ": expected ", expected.to_string(), ", found ",
                           found == weights.tensors.end() ? std::string("nothing")
                                                          : found->second.shape().to_string()));
    }
  };
  const std::int64_t channels = options.channels;
  require("words.weight", {options.vocabulary, options.word_channels});
  require("regions.weight", {options.region_channels, channels});
  require("question_reduction.hidden.weight", {channels, options.reduction_channels});
  require("classifier.weight", {options.fused_channels, options.answers});
  const auto tensors = std::ssize(weights.tensors);
  for (std::int64_t layer = 0; layer < std::min(options.layers, tensors + 1); ++layer) {
    require(text("encoder.", layer, ".intermediate.weight"),
            {channels, options.intermediate_channels});
  }
}

std::unique_ptr<models::Mcan> read_model(const std::string& folder, const JsonFields& top,
                                         const JsonFields& files, const VqaVocabulary& known) {
  const std::string path = path_of(folder, kModel, files.object(kModel.key));
  try {
    const models::McanOptions options = mcan_options(top.settings("model"));
    if (options.vocabulary != known.words.size() || options.answers != known.answers.size()) {
      throw InvalidArgument(text("model: expected ", known.words.size(), " words and ",
                                 known.answers.size(), " answers, as its vocabularies have, got ",
                                 options.vocabulary, " and ", options.answers));
    }
    const Safetensors weights = decode_safetensors(read_checked(folder, kModel, files), path);
    require_sizes(options, weights, path);
    nn::Initializer init(0);
    auto model = std::make_unique<models::Mcan>(options, init);
    std::vector<NamedTensor> tensors;
    for (const auto& [name, tensor] : weights.tensors) {
      tensors.push_back({name, tensor});
    }
    load_parameters(model->parameters(), tensors, "weights");
    return model;
  } catch (const InvalidArgument& error) {
    throw FileError(folder + kIndex, error.what());
  } catch (const ShapeError& error) {
    throw FileError(path, error.what());
  }
}

}  // namespace

void save_vqa(const std::string& folder, const models::Mcan& model, const VqaVocabulary& vocabulary,
              const VqaModelDescription& description) {
  FileWriter writer(folder);
  writer.add(kModel, encoded_parameters(model));
  writer.add(kWords, lines_of(vocabulary.words));
  writer.add(kAnswers, json(vocabulary.answers.names()).dump(1) + "\n");
  ResultJson index = {{"format", kFormat},
                      {"format_version", kFormatVersion},
                      {"version", ATTUNE_VERSION},
                      {"dataset", description.dataset},
                      {"dataset_sha256", description.dataset_sha256},
                      {"max_words", vocabulary.max_words},
                      {"model", result_json(to_settings(model.options()))},
                      {"training", result_json(description.training)}};
  index["files"] = writer.files();
  core::write_file_atomically(folder + kIndex, dumped(index));
  writer.remove_others();
}

SavedVqa::SavedVqa(const std::string& folder) {
  const std::string path = folder + kIndex;
  const json object = parse_json(core::read_file(path, kMostIndexBytes), path);
  const JsonFields top(object, path);
  if (top.text("format") != kFormat || top.integer("format_version") != kFormatVersion) {
    throw FileError(path, text("expected the format ", kFormat, " ", kFormatVersion));
  }
  description_ = {.dataset = top.text("dataset"), .dataset_sha256 = top.text("dataset_sha256")};
  if (top.has("training")) {  // earlier versions did not keep it
    description_.training = top.settings("training");
  }
  const JsonFields files = top.object("files");
  vocabulary_ = read_vocabulary(folder, top, files);
  model_ = read_model(folder, top, files, vocabulary_);
}

}  // namespace attune::train
