#include <algorithm>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/models/region_batch.hpp>

namespace attune::models {

using core::Tensor;
using core::text;

namespace {

void require_regions(std::int64_t count, std::size_t image) {
  if (count == 0) {
    throw InvalidArgument(text("pack_regions: image ", image, " must have a region, got none"));
  }
}

void require_like_first(const Tensor& image, const Tensor& first, std::size_t i) {
  if (image.shape().rank() != 2 || image.size(1) != first.size(1) ||
      image.dtype() != first.dtype()) {
    throw ShapeError(text("pack_regions: image ", i, " must be ", core::to_string(first.dtype()),
                          " [regions, ", first.size(1), "], got ", core::to_string(image.dtype()),
                          " ", image.shape().to_string()));
  }
}

}  // namespace

RegionBatch pack_regions(std::span<const Tensor> images) {
  if (images.empty()) {
    throw InvalidArgument("pack_regions: expected an image, got none");
  }
  if (images[0].shape().rank() != 2) {
    throw ShapeError(text("pack_regions: image 0 must be [regions, channels], got ",
                          images[0].shape().to_string()));
  }
  RegionBatch batch{.features = {}, .starts = {0}};
  for (std::size_t i = 0; i < images.size(); ++i) {
    require_like_first(images[i], images[0], i);
    require_regions(images[i].size(0), i);
    batch.starts.push_back(batch.starts.back() + images[i].size(0));
  }
  const std::int64_t channels = images[0].size(1);
  batch.features = Tensor::empty({batch.starts.back(), channels}, images[0].dtype());
  core::dispatch(batch.features.dtype(), [&]<class T>() {
    T* to = batch.features.mutable_data<T>().data();
    for (const Tensor& image : images) {
      to = std::ranges::copy(image.data<T>(), to).out;
    }
  });
  return batch;
}

RegionBatch pack_regions(const Tensor& padded, std::span<const std::uint8_t> mask) {
  if (padded.shape().rank() != 3 ||
      static_cast<std::int64_t>(mask.size()) != padded.size(0) * padded.size(1)) {
    throw ShapeError(
        text("pack_regions: expected [num_images, length, channels] and a byte a region, got ",
             padded.shape().to_string(), " and ", mask.size(), " bytes"));
  }
  const std::int64_t length = padded.size(1);
  const std::int64_t channels = padded.size(2);
  RegionBatch batch{.features = {}, .starts = {0}};
  for (std::int64_t i = 0; i < padded.size(0); ++i) {
    const auto row =
        mask.subspan(static_cast<std::size_t>(i * length), static_cast<std::size_t>(length));
    const std::int64_t count = length - std::ranges::count(row, std::uint8_t{0});
    require_regions(count, static_cast<std::size_t>(i));
    batch.starts.push_back(batch.starts.back() + count);
  }
  batch.features = Tensor::empty({batch.starts.back(), channels}, padded.dtype());
  core::dispatch(padded.dtype(), [&]<class T>() {
    const T* from = padded.data<T>().data();
    T* to = batch.features.mutable_data<T>().data();
    for (std::size_t region = 0; region < mask.size(); ++region) {
      if (mask[region] != 0) {
        to = std::copy_n(from + static_cast<std::int64_t>(region) * channels, channels, to);
      }
    }
  });
  return batch;
}

}  // namespace attune::models
