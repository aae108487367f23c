#include "train/safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "train/abbreviated.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::train {

using core::text;

namespace {

constexpr std::size_t kMostDimensions = 64;  // the format has no limit, memory has
constexpr const char* kMetadata = "__metadata__";
constexpr std::array<const char*, 3> kFields = {"dtype", "shape", "data_offsets"};

/// Receives the header piece by piece:
///
///     { "name": { "dtype": "F32", "shape": [2], "data_offsets": [0, 8] },
///       "__metadata__": { "key": "value" } }
///
/// Depth 1 is the outer object, 2 one tensor or the metadata, 3 an array.
class HeaderHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderHandler(const std::string& path, std::int64_t offset) : path_(path), offset_(offset) {}

  [[nodiscard]] SafetensorsHeader take() { return std::move(header_); }

  bool start_object(std::size_t /*size*/) override {
    if (depth_ >= 2) {
      unexpected("an object");
    }
    ++depth_;
    if (depth_ == 2) {
      entry_ = {};
      offsets_.clear();
      seen_ = {};
    }
    return true;
  }

  bool key(string_t& key) override {
    if (depth_ == 1) {
      name_ = key;
      if (header_.entries.contains(name_) || (in_metadata() && std::exchange(metadata_, true))) {
        fail(text(name(), " comes twice"));
      }
    } else {
      field_ = key;
      in_metadata() ? require_new_metadata() : mark_field();
    }
    return true;
  }

  bool string(string_t& value) override {
    if (depth_ == 2 && in_metadata()) {
      header_.metadata.emplace(field_, value);
    } else if (depth_ == 2 && field_ == kFields[0]) {
      entry_.dtype = value;
    } else {
      unexpected("a string");
    }
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (depth_ != 2 || in_metadata() || field_ == kFields[0]) {
      unexpected("an array");
    }
    ++depth_;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (depth_ != 3) {
      unexpected("a number");
    }
    std::vector<std::uint64_t>& numbers = field_ == kFields[1] ? entry_.shape : offsets_;
    if (numbers.size() == kMostDimensions) {
      fail(text(field_, " of ", name(), " has more than ", kMostDimensions, " numbers"));
    }
    numbers.push_back(value);
    return true;
  }

  bool end_array() override {
    --depth_;
    return true;
  }

  bool end_object() override {
    --depth_;
    if (depth_ == 1 && !in_metadata()) {
      finish_entry();
    }
    return true;
  }

  bool null() override { unexpected("null"); }
  bool boolean(bool /*value*/) override { unexpected("true or false"); }
  bool number_integer(number_integer_t /*value*/) override { unexpected("a negative number"); }
  bool number_float(number_float_t /*value*/, const string_t& token) override {
    unexpected(text("the number ", abbreviated(token)));
  }
  bool binary(binary_t& /*value*/) override { unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::json::exception& error) override {
    throw FileError(path_, offset_ + static_cast<std::int64_t>(position),
                    text("header is not JSON: ", abbreviated(error.what())));
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(path_, offset_, "header: " + what);
  }

  [[noreturn]] void unexpected(const std::string& found) const {
    if (depth_ == 0) {
      fail("expected an object, found " + found);
    }
    if (depth_ == 1) {
      fail(text("expected an object for ", name(), ", found ", found));
    }
    if (in_metadata()) {
      fail(text("expected a string for ", abbreviated(field_), " in ", kMetadata, ", found ",
                found));
    }
    const char* const expected = depth_ == 3            ? "a whole number in "
                                 : field_ == kFields[0] ? "a string for "
                                                        : "an array for ";
    fail(text("expected ", expected, field_, " of ", name(), ", found ", found));
  }

  [[nodiscard]] std::string name() const { return abbreviated(name_); }
  [[nodiscard]] bool in_metadata() const { return name_ == kMetadata; }

  void require_new_metadata() const {
    if (header_.metadata.contains(field_)) {
      fail(text(abbreviated(field_), " comes twice in ", kMetadata));
    }
  }

  void mark_field() {
    const auto* const at = std::ranges::find(kFields, field_);
    if (at == kFields.end()) {
      fail(text(name(), ": expected dtype, shape and data_offsets, found ", abbreviated(field_)));
    }
    if (std::exchange(seen_[static_cast<std::size_t>(at - kFields.begin())], true)) {
      fail(text(name(), ": ", field_, " comes twice"));
    }
  }

  void finish_entry() {
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      if (!seen_[i]) {
        fail(text(name(), ": ", kFields[i], " is missing"));
      }
    }
    if (offsets_.size() != 2) {
      fail(text(name(), ": expected 2 data_offsets, found ", offsets_.size()));
    }
    entry_.data_offsets = {offsets_[0], offsets_[1]};
    header_.entries.emplace(name_, std::move(entry_));
  }

  const std::string& path_;
  std::int64_t offset_;
  SafetensorsHeader header_;
  int depth_ = 0;
  std::string name_;                    // key at depth 1
  std::string field_;                   // key at depth 2
  bool metadata_ = false;               // has been met
  SafetensorsEntry entry_;              // of name_
  std::vector<std::uint64_t> offsets_;  // of name_
  std::array<bool, kFields.size()> seen_{};
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& path,
                                           std::int64_t offset) {
  HeaderHandler handler(path, offset);
  nlohmann::json::sax_parse(json.begin(), json.end(), &handler);
  return handler.take();
}

}  // namespace attune::train
