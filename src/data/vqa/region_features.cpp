#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/data/vqa/region_features.hpp>

namespace attune::data {

using core::Tensor;
using core::text;

namespace {

constexpr std::int64_t kMostChannels = std::int64_t{1} << 16;
constexpr std::int64_t kMostRegions = std::int64_t{1} << 16;

void check(const RegionOptions& o) {
  if (o.channels < 0 || o.channels > kMostChannels) {
    throw InvalidArgument(
        text("RegionOptions: channels must be in [0, ", kMostChannels, "], got ", o.channels));
  }
  if (o.min_regions < 1 || o.max_regions < o.min_regions || o.max_regions > kMostRegions) {
    throw InvalidArgument(text("RegionOptions: expected 1 <= min_regions <= max_regions <= ",
                               kMostRegions, ", got ", o.min_regions, " and ", o.max_regions));
  }
  if (o.cache_bytes < 0) {
    throw InvalidArgument(
        text("RegionOptions: cache_bytes must be at least 0, got ", o.cache_bytes));
  }
}

/// Room for regions in double, and for what else an extraction writes about them.
NpzLimits limits(const RegionOptions& options) {
  constexpr std::int64_t kBeside = std::int64_t{64} << 20;
  const std::int64_t channels = options.channels > 0 ? options.channels : kMostChannels;
  const std::int64_t bytes = 8 * channels * options.max_regions + kBeside;
  return {.max_file_bytes = bytes, .max_total_bytes = bytes, .max_members = 64};
}

void check_shape(const NpyArray& x, const RegionOptions& o) {
  const std::vector<std::int64_t>& shape = x.shape();
  const bool fits = shape.size() == 2 && shape[0] > 0 && shape[0] <= kMostChannels &&
                    (o.channels == 0 || shape[0] == o.channels) && shape[1] >= o.min_regions &&
                    shape[1] <= o.max_regions;
  if (!fits) {
    std::string found;
    for (const std::int64_t size : shape) {
      found += text(found.empty() ? "" : ", ", size);
    }
    x.fail(text("expected [channels", o.channels > 0 ? text("=", o.channels) : std::string(), ", ",
                o.min_regions, " to ", o.max_regions, " regions], found [", found, "]"));
  }
}

/// What else is said of the regions must agree with them.
void check_boxes(const NpzArchive& npz, std::int64_t regions) {
  if (npz.has("bbox")) {
    npz.at("bbox").require_shape({regions, 4});
  }
  if (npz.has("num_bbox")) {
    const NpyArray& number = npz.at("num_bbox");
    if (number.num_elements() != 1 || number.ints().front() != regions) {
      number.fail(
          text("expected the number of regions, ", regions, ", found ",
               number.num_elements() == 1 ? text(number.ints().front()) : std::string("a list")));
    }
  }
}

/// [channels, regions] to [regions, channels].
Tensor transposed(const NpyArray& x) {
  const std::int64_t channels = x.shape()[0];
  const std::int64_t regions = x.shape()[1];
  const std::vector<float> values = x.floats();
  Tensor out = Tensor::empty({regions, channels});
  const std::span<float> to = out.mutable_data<float>();
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t r = 0; r < regions; ++r) {
      const float value = values[static_cast<std::size_t>(c * regions + r)];
      if (!std::isfinite(value)) {
        x.fail(text("channel ", c, " of region ", r, ": expected a finite number, found ", value));
      }
      to[static_cast<std::size_t>(r * channels + c)] = value;
    }
  }
  return out;
}

std::int64_t bytes_of(const Tensor& regions) {
  return regions.num_elements() * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace

Tensor read_regions(const std::string& path, const RegionOptions& options) {
  check(options);
  const NpzArchive npz = read_npz(path, limits(options));
  const NpyArray& x = npz.at("x");
  check_shape(x, options);
  check_boxes(npz, x.shape()[1]);
  return transposed(x);
}

struct RegionFeatures::State {
  using Kept = std::list<std::pair<std::int64_t, Tensor>>;  // the one asked for last in front

  RegionOptions options;
  std::vector<std::string> files;
  std::mutex mutex;  // of all below
  Kept kept;
  std::unordered_map<std::int64_t, Kept::iterator> places;
  std::int64_t bytes = 0;

  /// Undefined where it is not kept.
  Tensor find(std::int64_t image) {
    const std::lock_guard lock(mutex);
    const auto place = places.find(image);
    if (place == places.end()) {
      return {};
    }
    kept.splice(kept.begin(), kept, place->second);
    return place->second->second;
  }

  void keep(std::int64_t image, const Tensor& regions) {
    const std::lock_guard lock(mutex);
    if (bytes_of(regions) > options.cache_bytes || places.contains(image)) {
      return;  // too large, or another thread was faster
    }
    kept.emplace_front(image, regions);
    places.emplace(image, kept.begin());
    bytes += bytes_of(regions);
    while (bytes > options.cache_bytes) {
      bytes -= bytes_of(kept.back().second);
      places.erase(kept.back().first);
      kept.pop_back();
    }
  }
};

RegionFeatures::RegionFeatures(const VqaPart& part, const RegionOptions& options)
    : state_(std::make_unique<State>()) {
  check(options);
  state_->options = options;
  for (const VqaImage& image : part.images) {
    if (image.file.empty()) {
      throw InvalidArgument(text("RegionFeatures: expected a file of picture ", image.id,
                                 " of part ", data::quoted(part.name), ", got none"));
    }
    state_->files.push_back(image.file);
  }
  if (options.channels == 0 && !state_->files.empty()) {
    state_->options.channels = read_regions(state_->files.front(), options).size(1);
  }
}

RegionFeatures::~RegionFeatures() = default;
RegionFeatures::RegionFeatures(RegionFeatures&&) noexcept = default;
RegionFeatures& RegionFeatures::operator=(RegionFeatures&&) noexcept = default;

Tensor RegionFeatures::read(std::int64_t image) const {
  if (image < 0 || image >= size()) {
    throw InvalidArgument(text("RegionFeatures: image must be in [0, ", size(), "), got ", image));
  }
  if (Tensor kept = state_->find(image); kept.defined()) {
    return kept;
  }
  Tensor regions = read_regions(state_->files[static_cast<std::size_t>(image)], state_->options);
  state_->keep(image, regions);
  return regions;
}

std::int64_t RegionFeatures::channels() const noexcept {
  return state_->options.channels;
}

std::int64_t RegionFeatures::size() const noexcept {
  return std::ssize(state_->files);
}

std::int64_t RegionFeatures::cached_bytes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->bytes;
}

}  // namespace attune::data
