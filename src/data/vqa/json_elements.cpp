#include "data/vqa/json_elements.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

constexpr std::size_t kMostDepth = 32;
constexpr std::size_t kListDepth = 2;  // the object, then the list

/// What the parser tells, piece by piece; elements of the list are put together from it.
class ElementBuilder final : public nlohmann::json_sax<json> {
 public:
  using Visitor = core::FunctionRef<void(const json&, const std::string&)>;

  ElementBuilder(std::string_view bytes, const std::string& path, const std::string& member,
                 std::int64_t max_values, Visitor visit)
      : bytes_(bytes), path_(path), member_(member), max_values_(max_values), visit_(visit) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }

  bool key(string_t& name) override {
    if (depth_ == 1) {
      root_key(name);
    } else if (inside()) {
      if (open_.back()->contains(name)) {
        fail("key ", data::quoted(name), " comes twice");
      }
      key_ = name;
    }
    return true;
  }

  bool start_object(std::size_t) override { return start(json::object()); }
  bool end_object() override { return end(); }
  bool start_array(std::size_t) override { return start(json::array()); }
  bool end_array() override { return end(); }

  bool parse_error(std::size_t at, const std::string&, const json::exception& error) override {
    const std::size_t byte = std::min(at > 0 ? at - 1 : 0, bytes_.size());
    const auto line = 1 + std::count(bytes_.begin(), bytes_.begin() + byte, '\n');
    const std::string_view what = error.what();
    const std::size_t dash = what.rfind(" - ");
    throw FileError(
        path_, line,
        text("byte ", byte, ": not JSON: ",
             data::quoted(dash == std::string_view::npos ? what : what.substr(dash + 3))));
  }

  /// After all of it. @throws FileError  there was no list
  void finish() const {
    if (!found_) {
      throw FileError(path_, text("expected a member ", data::quoted(member_), ", found none"));
    }
  }

 private:
  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, text(place(), ": ", parts...));
  }

  [[nodiscard]] std::string place() const {
    return in_list_ ? text(member_, "[", count_, "]") : std::string("the object");
  }

  /// In the list, so that what comes is part of an element.
  [[nodiscard]] bool inside() const noexcept { return in_list_ && depth_ >= kListDepth; }

  void root_key(const std::string& name) {
    if (!root_keys_.insert(name).second) {
      fail("key ", data::quoted(name), " comes twice");
    }
    wanted_ = name == member_;
  }

  bool start(json empty) {
    if (depth_ == kMostDepth) {
      fail("expected at most ", kMostDepth, " levels, found more");
    }
    if (depth_ == 0 && !empty.is_object()) {
      throw FileError(path_, "expected an object, found a list");
    }
    if (depth_ == 1 && wanted_) {
      if (!empty.is_array()) {
        throw FileError(path_, text(member_, ": expected a list, found an object"));
      }
      in_list_ = found_ = true;
    } else if (inside()) {
      open_.push_back(place_value(std::move(empty)));
    }
    ++depth_;
    return true;
  }

  bool end() {
    --depth_;
    if (depth_ == 1) {
      in_list_ = false;
    } else if (inside()) {
      open_.pop_back();
      visit_if_whole();
    }
    return true;
  }

  template <class Value>
  bool add(Value&& value) {
    if (depth_ == 0) {
      throw FileError(path_, "expected an object, found a single value");
    }
    if (depth_ == 1 && wanted_) {
      throw FileError(path_, text(member_, ": expected a list, found a single value"));
    }
    if (inside()) {
      place_value(json(std::forward<Value>(value)));
      visit_if_whole();
    }
    return true;
  }

  /// Where in the element that is being put together it came to stand.
  json* place_value(json value) {
    if (open_.empty()) {
      values_ = 0;
      element_ = std::move(value);
      return &element_;
    }
    if (++values_ > max_values_) {
      fail("expected at most ", max_values_, " values, found more");
    }
    json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }

  void visit_if_whole() {
    if (open_.empty()) {
      visit_(element_, place());
      ++count_;
    }
  }

  std::string_view bytes_;
  const std::string& path_;
  const std::string& member_;
  std::int64_t max_values_;
  Visitor visit_;
  std::size_t depth_ = 0;
  std::set<std::string> root_keys_;
  bool wanted_ = false;  // the key of the object that came last is the member's
  bool in_list_ = false;
  bool found_ = false;
  json element_;
  std::vector<json*> open_;  // objects and lists of the element that are not at their end
  std::string key_;
  std::int64_t values_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace

void for_each_json_element(
    std::string_view bytes, const std::string& path, const std::string& member,
    std::int64_t max_values,
    core::FunctionRef<void(const nlohmann::json& element, const std::string& place)> f) {
  ElementBuilder builder(bytes, path, member, max_values, f);
  json::sax_parse(bytes.begin(), bytes.end(), &builder);
  builder.finish();
}

}  // namespace attune::data
