#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/label_map.hpp>

namespace attune::train {

using core::text;

namespace {

using Names = std::vector<std::string>;

constexpr std::int32_t kNone = -2;  // not decided yet
constexpr const char* kLeftOut = "-";

std::string lower(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

std::int32_t number_of(const Names& names, const std::string& name) {
  const auto found = std::ranges::find_if(
      names, [&](const std::string& each) { return lower(each) == lower(name); });
  return found == names.end() ? kNone : static_cast<std::int32_t>(found - names.begin());
}

std::string listed(const Names& names) {
  std::string all;
  for (const std::string& name : names) {
    all.append(all.empty() ? "" : ", ").append(name);
  }
  return all;
}

}  // namespace

LabelMap::LabelMap(Names model_labels, Names task_labels,
                   const std::map<std::string, std::string>& explicit_pairs)
    : model_labels_(std::move(model_labels)),
      task_labels_(std::move(task_labels)),
      targets_(model_labels_.size(), kNone) {
  const std::string both =
      text("; the model's are ", listed(model_labels_), ", the task's ", listed(task_labels_));
  for (const auto& [mine, theirs] : explicit_pairs) {
    const std::int32_t from = number_of(model_labels_, mine);
    const std::int32_t to = theirs == kLeftOut ? -1 : number_of(task_labels_, theirs);
    if (from == kNone || to == kNone) {
      throw InvalidArgument(
          text("label map: no label is named ", from == kNone ? mine : theirs, both));
    }
    targets_[static_cast<std::size_t>(from)] = to;
  }
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (targets_[i] == kNone) {
      targets_[i] = number_of(task_labels_, model_labels_[i]);
    }
    if (targets_[i] == kNone) {
      throw InvalidArgument(
          text("label map: the model's label ", model_labels_[i], " stands for none", both));
    }
  }
  for (std::size_t label = 0; label < task_labels_.size(); ++label) {
    if (std::ranges::find(targets_, static_cast<std::int32_t>(label)) == targets_.end()) {
      throw InvalidArgument(
          text("label map: nothing stands for the task's label ", task_labels_[label], both));
    }
  }
}

std::map<std::string, std::string> LabelMap::pairs() const {
  std::map<std::string, std::string> all;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    all[model_labels_[i]] =
        targets_[i] < 0 ? kLeftOut : task_labels_[static_cast<std::size_t>(targets_[i])];
  }
  return all;
}

core::Tensor LabelMap::apply(const core::Tensor& logits) const {
  const auto from = std::ssize(model_labels_);
  const auto to = std::ssize(task_labels_);
  if (logits.shape().rank() != 2 || logits.size(1) != from) {
    throw ShapeError(
        text("label map: expected logits [n, ", from, "], got ", logits.shape().to_string()));
  }
  core::Tensor out = core::Tensor::full({logits.size(0), to},
                                        -std::numeric_limits<double>::infinity(), logits.dtype());
  core::dispatch(logits.dtype(), [&]<class T>() {
    const std::span<const T> x = logits.data<T>();
    const std::span<T> y = out.mutable_data<T>();
    for (std::int64_t row = 0; row < logits.size(0); ++row) {
      for (std::int64_t label = 0; label < from; ++label) {
        if (targets_[static_cast<std::size_t>(label)] < 0) {
          continue;
        }
        T& sum = y[row * to + targets_[static_cast<std::size_t>(label)]];
        const T value = x[row * from + label];
        const T most = std::max(sum, value);
        sum = most + std::log1p(std::exp(std::min(sum, value) - most));
      }
    }
  });
  return out;
}

std::map<std::string, std::string> parse_label_pairs(const std::string& pairs) {
  std::map<std::string, std::string> all;
  std::size_t at = 0;
  while (at < pairs.size()) {
    const std::size_t end = std::min(pairs.find(',', at), pairs.size());
    const std::string pair = pairs.substr(at, end - at);
    const std::size_t sign = pair.find('=');
    if (sign == std::string::npos || sign == 0 || sign + 1 == pair.size()) {
      throw InvalidArgument(
          text("label map: expected MODEL_LABEL=TASK_LABEL,..., got \"", pair, '"'));
    }
    if (!all.emplace(pair.substr(0, sign), pair.substr(sign + 1)).second) {
      throw InvalidArgument(text("label map: ", pair.substr(0, sign), " comes twice"));
    }
    at = end + 1;
  }
  return all;
}

}  // namespace attune::train
