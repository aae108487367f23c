#include "cli/report/head_maps.hpp"

#include <algorithm>
#include <utility>

#include "cli/report/sample.hpp"
#include <attune/core/random.hpp>
#include <attune/train/tsne.hpp>

namespace attune::cli {

using core::Tensor;

namespace {

constexpr std::uint32_t kStreamsPerLayer = 1 << 12;  // heads beyond it share their noise

// Rows of one head, those of `queries` first: [2 nodes, channels].
Tensor points_of(const ExaminedLayer& layer, std::int64_t head,
                 const std::vector<std::int64_t>& nodes) {
  const std::int64_t heads = layer.heads();
  const std::int64_t channels = layer.channels();
  const auto count = static_cast<std::int64_t>(nodes.size());
  Tensor points = Tensor::empty({2 * count, channels});
  const std::span<float> out = points.mutable_data<float>();
  std::int64_t at = 0;
  for (const Tensor* cloud : {&layer.queries, &layer.keys}) {
    const std::span<const float> from = cloud->data<float>();
    for (const std::int64_t node : nodes) {
      const std::int64_t first = (node * heads + head) * channels;
      std::copy_n(from.begin() + first, channels, out.begin() + at);
      at += channels;
    }
  }
  return points;
}

HeadMap map_of(const Tensor& points, double perplexity, const core::RandomStream& random) {
  const train::TsneMap map = train::tsne(points, {.perplexity = perplexity}, random);
  const std::span<const float> at = map.points.data<float>();
  const std::size_t count = at.size() / 4;
  HeadMap head;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    (i < count ? head.queries : head.keys).push_back({at[2 * i], at[2 * i + 1]});
  }
  return head;
}

}  // namespace

std::vector<std::int64_t> map_nodes(std::int64_t num_nodes, const HeadMapOptions& options) {
  return sample_of(num_nodes, options.nodes, options.seed);
}

double map_perplexity(std::size_t num_nodes, const HeadMapOptions& options) {
  const auto others = static_cast<double>(2 * num_nodes - 1);
  return std::max(1.0, std::min(options.perplexity, others / 3));
}

std::vector<std::vector<HeadMap>> head_maps(const ExaminedRun& run,
                                            const std::vector<std::int64_t>& nodes,
                                            const HeadMapOptions& options,
                                            const std::function<void()>& drawn) {
  const double perplexity = map_perplexity(nodes.size(), options);
  const core::RandomStream random(options.seed, core::Purpose::sampling);
  std::vector<std::vector<HeadMap>> maps;
  for (const ExaminedLayer& layer : run.layers()) {
    const auto first = 1 + static_cast<std::uint32_t>(maps.size()) * kStreamsPerLayer;
    std::vector<HeadMap>& heads = maps.emplace_back();
    for (std::int64_t head = 0; head < layer.heads(); ++head) {
      const auto stream = first + static_cast<std::uint32_t>(head) % (kStreamsPerLayer - 1);
      heads.push_back(
          map_of(points_of(layer, head, nodes), perplexity, random.with_stream(stream)));
      drawn();
    }
  }
  return maps;
}

}  // namespace attune::cli
