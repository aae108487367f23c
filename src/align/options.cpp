#include <cmath>

#include <attune/align/options.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::align {

namespace {

[[noreturn]] void fail(const char* option, const char* expected, double found) {
  throw InvalidArgument(core::text("align: ", option, " must be ", expected, ", got ", found));
}

void require_positive(double value, const char* option) {
  if (!(value > 0) || !std::isfinite(value)) {
    fail(option, "positive and finite", value);
  }
}

void validate_networks(const Options& options) {
  if (options.hidden < 1) {
    fail("hidden", "at least 1", static_cast<double>(options.hidden));
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    fail("dropout", "in [0, 1)", options.dropout);
  }
  require_positive(options.reversal, "reversal");
  if (!(options.rho >= 0 && options.rho <= 1)) {
    fail("rho", "in [0, 1]", options.rho);
  }
}

void validate_transport(const Options& options) {
  require_positive(options.eps, "eps");
  require_positive(options.ot_tolerance, "ot_tolerance");
  if (options.ot_iterations < 1) {
    fail("ot_iterations", "at least 1", static_cast<double>(options.ot_iterations));
  }
}

}  // namespace

void validate(const Options& options) {
  if (options.samples && *options.samples < 0) {
    fail("samples", "at least 0", static_cast<double>(*options.samples));
  }
  validate_networks(options);
  validate_transport(options);
  require_positive(options.mmd_sigma, "mmd_sigma");
  if (options.support != Support::edges) {
    return;
  }
  if (options.kind != Kind::ct) {
    throw InvalidArgument(
        core::text("align: support edges is for ct alone, got ", to_string(options.kind)));
  }
  if (options.axis != Axis::positions || (options.samples && *options.samples != 0)) {
    throw InvalidArgument(
        "align: support edges takes all nodes of the graph: leave axis and samples alone");
  }
}

std::int64_t num_samples(const Options& options) {
  if (options.samples) {
    return *options.samples;
  }
  if (options.support == Support::edges) {
    return 0;
  }
  // Small enough that a step costs little more than one without alignment, on a graph of a few
  // thousand nodes; accuracy does not ask for more (experiments/citation).
  return options.kind == Kind::ct ? 64 : 128;
}

const char* to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::gan:
      return "gan";
    case Kind::ot:
      return "ot";
    case Kind::ct:
      return "ct";
    case Kind::mmd:
      break;
  }
  return "mmd";
}

const char* to_string(Support support) noexcept {
  return support == Support::nodes ? "nodes" : "edges";
}

Kind kind_of(const std::string& name) {
  for (const Kind kind : {Kind::gan, Kind::ot, Kind::ct, Kind::mmd}) {
    if (name == to_string(kind)) {
      return kind;
    }
  }
  throw InvalidArgument(core::text("align: expected gan, ot, ct or mmd, got \"", name, "\""));
}

Support support_of(const std::string& name) {
  for (const Support support : {Support::nodes, Support::edges}) {
    if (name == to_string(support)) {
      return support;
    }
  }
  throw InvalidArgument(core::text("align: support: expected nodes or edges, got \"", name, "\""));
}

}  // namespace attune::align
