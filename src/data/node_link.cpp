#include "data/node_link.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;
using nlohmann::json;

namespace {

constexpr std::int64_t kMostNodes = std::numeric_limits<std::int32_t>::max();
constexpr int kMostDepth = 16;

/// Follows the parser through the file and keeps three numbers of each item: a document of a
/// million links would take a hundred times the memory.
class NodeLinkReader final : public nlohmann::json_sax<json> {
 public:
  explicit NodeLinkReader(const std::string& path) : path_(path) {}

  [[nodiscard]] NodeLinkGraph finish() {
    require_array(ids_seen_, "nodes");
    require_array(links_seen_, "links");
    graph_.num_nodes = std::ssize(ids_);
    require_ids();
    for (std::size_t i = 0; i < graph_.links.size(); ++i) {
      require_node(graph_.links[i].src, i, "source");
      require_node(graph_.links[i].dst, i, "target");
    }
    return std::move(graph_);
  }

  bool null() override { return scalar("null"); }
  bool boolean(bool value) override { return scalar(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return number(value); }
  bool number_unsigned(number_unsigned_t value) override {
    constexpr auto kMost = static_cast<number_unsigned_t>(kMostNodes);
    return number(static_cast<std::int64_t>(std::min(value, kMost + 1)));
  }
  bool number_float(number_float_t /*value*/, const string_t& digits) override {
    return scalar(digits);
  }
  bool string(string_t& value) override {
    return scalar(text('"', value.substr(0, kShownCharacters), '"'));
  }
  bool binary(binary_t& /*value*/) override { return scalar("bytes"); }

  bool start_object(std::size_t /*size*/) override {
    deepen();
    if (skipped_ > 0) {
      ++skipped_;
    } else if (place_ == Place::file) {
      place_ = Place::top;
    } else if (place_ == Place::nodes || place_ == Place::links) {
      place_ = place_ == Place::nodes ? Place::node : Place::link;
      source_.reset();
      target_.reset();
      id_.reset();
    } else {
      skip("an object");
    }
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    deepen();
    if (skipped_ > 0) {
      ++skipped_;
    } else if (place_ == Place::top && is_nodes()) {
      place_ = Place::nodes;
    } else if (place_ == Place::top && is_links()) {
      place_ = Place::links;
    } else {
      skip("an array");
    }
    return true;
  }

  bool key(string_t& name) override {
    if (skipped_ > 0) {
      return true;
    }
    key_ = name;
    if (place_ == Place::top && (is_nodes() || is_links()) &&
        std::exchange(is_nodes() ? ids_seen_ : links_seen_, true)) {
      fail(text(name, ": expected once, found again"));
    }
    return true;
  }

  bool end_object() override {
    --depth_;
    if (skipped_ > 0) {
      --skipped_;
    } else if (place_ == Place::node) {
      ids_.push_back(required(id_, "id"));
      place_ = Place::nodes;
    } else if (place_ == Place::link) {
      graph_.links.push_back({required(source_, "source"), required(target_, "target")});
      place_ = Place::links;
    } else {
      place_ = Place::file;
    }
    return true;
  }

  bool end_array() override {
    --depth_;
    if (skipped_ > 0) {
      --skipped_;
    } else {
      place_ = Place::top;
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    throw FileError(path_, static_cast<std::int64_t>(position),
                    text("not JSON: ", std::string(error.what()).substr(0, kShownBytes)));
  }

 private:
  enum class Place { file, top, nodes, node, links, link };
  static constexpr std::size_t kShownCharacters = 40;
  static constexpr std::size_t kShownBytes = 200;

  [[nodiscard]] bool is_nodes() const { return key_ == "nodes"; }
  [[nodiscard]] bool is_links() const { return key_ == "links" || key_ == "edges"; }

  [[noreturn]] void fail(const std::string& what) const { throw FileError(path_, what); }

  // Where the value is that comes now: `links[17].source`.
  [[nodiscard]] std::string where() const {
    switch (place_) {
      case Place::nodes:
        return text("nodes[", ids_.size(), "]");
      case Place::node:
        return text("nodes[", ids_.size(), "].", key_.substr(0, kShownCharacters));
      case Place::links:
        return text("links[", graph_.links.size(), "]");
      case Place::link:
        return text("links[", graph_.links.size(), "].", key_.substr(0, kShownCharacters));
      default:
        return key_.substr(0, kShownCharacters);
    }
  }

  // The number that is read here; null where none is.
  [[nodiscard]] std::optional<std::int64_t>* wanted() {
    if (place_ == Place::node) {
      return key_ == "id" ? &id_ : nullptr;
    }
    if (place_ == Place::link) {
      return key_ == "source" ? &source_ : key_ == "target" ? &target_ : nullptr;
    }
    return nullptr;
  }

  void deepen() {
    if (++depth_ > kMostDepth) {
      fail(text("expected objects and arrays at most ", kMostDepth, " deep, found more"));
    }
  }

  // Leaves an object or array alone, unless something else must stand here.
  void skip(const char* found) {
    refuse_unless_ignored(found);
    skipped_ = 1;
  }

  bool scalar(const std::string& found) {
    if (skipped_ == 0) {
      refuse_unless_ignored(found);
    }
    return true;
  }

  void refuse_unless_ignored(const std::string& found) {
    if (place_ == Place::file) {
      fail(text("expected an object, found ", found));
    }
    if (place_ == Place::nodes || place_ == Place::links) {
      fail(text(where(), ": expected an object, found ", found));
    }
    if (place_ == Place::top && (is_nodes() || is_links())) {
      fail(text(key_, ": expected an array, found ", found));
    }
    if (wanted() != nullptr) {
      fail(text(where(), ": expected the number of a node, found ", found));
    }
  }

  bool number(std::int64_t value) {
    std::optional<std::int64_t>* const place = skipped_ == 0 ? wanted() : nullptr;
    if (place == nullptr) {
      return scalar("a number");
    }
    if (place->has_value()) {
      fail(text(where(), ": expected once, found again"));
    }
    if (value < 0 || value >= kMostNodes) {
      fail(text(where(), ": expected the number of a node, 0 to ", kMostNodes - 1, ", found ",
                value < 0 ? "one below" : "one above"));
    }
    *place = value;
    return true;
  }

  [[nodiscard]] std::int64_t required(const std::optional<std::int64_t>& number, const char* name) {
    if (!number) {
      key_ = name;
      fail(text(where(), " is missing"));
    }
    return *number;
  }

  void require_array(bool seen, const char* name) const {
    if (!seen) {
      fail(text(name, " is missing"));
    }
  }

  void require_ids() const {
    std::vector<bool> taken(ids_.size(), false);
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (ids_[i] >= graph_.num_nodes || taken[ids_[i]]) {
        fail(text("nodes[", i, "].id: expected each of 0 to ", graph_.num_nodes - 1,
                  " once, found ", ids_[i], ids_[i] < graph_.num_nodes ? " again" : ""));
      }
      taken[ids_[i]] = true;
    }
  }

  void require_node(std::int64_t node, std::size_t link, const char* end) const {
    if (node >= graph_.num_nodes) {
      fail(text("links[", link, "].", end, ": expected a node, 0 to ", graph_.num_nodes - 1,
                ", found ", node));
    }
  }

  const std::string& path_;
  Place place_ = Place::file;
  int depth_ = 0;
  int skipped_ = 0;  // depth inside of what is left alone
  std::string key_;  // the last one that was not skipped
  bool ids_seen_ = false;
  bool links_seen_ = false;
  std::optional<std::int64_t> id_;
  std::optional<std::int64_t> source_;
  std::optional<std::int64_t> target_;
  std::vector<std::int64_t> ids_;
  NodeLinkGraph graph_;
};

}  // namespace

NodeLinkGraph parse_node_link(std::string_view bytes, const std::string& path) {
  NodeLinkReader reader(path);
  try {
    json::sax_parse(bytes.begin(), bytes.end(), &reader);
  } catch (const json::exception& error) {
    throw FileError(path, text("not JSON: ", error.what()));
  }
  return reader.finish();
}

std::string encode_node_link(const NodeLinkGraph& graph) {
  std::string out = R"({"directed": false, "multigraph": false, "graph": {}, "nodes": [)";
  for (std::int64_t node = 0; node < graph.num_nodes; ++node) {
    out += text(node == 0 ? "" : ", ", R"({"id": )", node, '}');
  }
  out += R"(], "links": [)";
  const char* separator = "";
  for (const graph::Edge& link : graph.links) {
    out += text(separator, R"({"source": )", link.src, R"(, "target": )", link.dst, '}');
    separator = ", ";
  }
  return out + "]}\n";
}

}  // namespace attune::data
