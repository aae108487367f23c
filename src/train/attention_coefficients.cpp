#include <span>
#include <utility>

#include <attune/autograd/variable.hpp>
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>
#include <attune/train/attention_coefficients.hpp>
#include <attune/train/settings.hpp>

namespace attune::train {

using core::text;

namespace {

struct Recorder final : nn::AttentionSink {
  void receive(const core::Tensor& alpha) override { layers.push_back(alpha); }
  std::vector<core::Tensor> layers;
};

// A line an edge; numbers are the shortest decimals that give the float back.
std::string to_csv(const AttentionCoefficients& attention) {
  std::string csv = "src,dst";
  for (std::size_t l = 0; l < attention.layers.size(); ++l) {
    for (std::int64_t h = 0; h < attention.layers[l].size(1); ++h) {
      csv += text(",layer", l, "_head", h);
    }
  }
  csv += '\n';
  for (std::size_t e = 0; e < attention.src.size(); ++e) {
    csv += text(attention.src[e], ',', attention.dst[e]);
    for (const core::Tensor& layer : attention.layers) {
      const auto heads = static_cast<std::size_t>(layer.size(1));
      for (const float alpha : layer.data<float>().subspan(e * heads, heads)) {
        csv += text(',', alpha);
      }
    }
    csv += '\n';
  }
  return csv;
}

void write_npz(const std::string& path, const AttentionCoefficients& attention) {
  const std::vector<std::int64_t> per_edge{std::ssize(attention.src)};
  std::vector<data::NamedArray> arrays;
  arrays.emplace_back("src", data::NpyArray::from(std::span(attention.src), per_edge));
  arrays.emplace_back("dst", data::NpyArray::from(std::span(attention.dst), per_edge));
  for (std::size_t l = 0; l < attention.layers.size(); ++l) {
    const core::Tensor& layer = attention.layers[l];
    const std::vector<std::int64_t> shape{layer.size(0), layer.size(1)};
    arrays.emplace_back(text("layer", l), data::NpyArray::from(layer.data<float>(), shape));
  }
  data::write_npz(path, arrays);
}

}  // namespace

AttentionCoefficients attention_coefficients(const models::GraphClassifier& model,
                                             const NodeClassification& problem) {
  Recorder recorder;
  const autograd::NoGradScope no_grad;
  nn::ForwardContext context;
  context.attention_sink = &recorder;
  (void)problem.forward(model, context);
  if (recorder.layers.empty()) {
    throw InvalidArgument(text("attention: layers of ", to_string(model.options().model),
                               " have no attention coefficients"));
  }
  AttentionCoefficients attention;
  attention.layers = std::move(recorder.layers);
  const graph::CsrView in = problem.graph().in_edges();
  attention.src.assign(in.col_idx.begin(), in.col_idx.end());
  attention.dst.reserve(attention.src.size());
  for (std::int64_t i = 0; i < in.num_nodes(); ++i) {
    attention.dst.insert(attention.dst.end(), in.row_ptr[i + 1] - in.row_ptr[i], i);
  }
  return attention;
}

void write_attention(const std::string& path, const AttentionCoefficients& attention) {
  if (path.ends_with(".csv")) {
    core::write_file_atomically(path, to_csv(attention));
  } else {
    write_npz(path, attention);
  }
}

}  // namespace attune::train
