#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "train/abbreviated.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/train/curves.hpp>

namespace attune::train {

using core::text;

namespace {

constexpr std::string_view kHeader = "epoch,train_loss,val_loss,val_accuracy,alignment";
constexpr std::size_t kColumns = 5;

using Fields = std::array<std::string_view, kColumns>;

double finite(double value, const CurvePoint& point) {
  if (!std::isfinite(value)) {
    throw InvalidArgument(text("curves: a number of epoch ", point.epoch, " is not finite"));
  }
  return value;
}

void append_row(std::string& csv, const CurvePoint& point) {
  csv += text(point.epoch, ',', finite(point.train_loss, point), ',');
  if (point.validation) {
    csv += text(finite(point.validation->loss, point), ',',
                finite(point.validation->accuracy, point), ',');
  } else {
    csv += ",,";
  }
  if (point.alignment) {
    csv += text(finite(*point.alignment, point));
  }
  csv += '\n';
}

/// The lines of a file of curves, one after another.
class CurveReader {
 public:
  CurveReader(std::string_view bytes, const std::string& path) : rest_(bytes), path_(path) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  std::string_view line() {
    ++number_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) {
      fail("expected a line that ends in a line feed", rest_);
    }
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }

  Fields fields() {
    std::string_view left = line();
    Fields fields;
    for (std::size_t i = 0; i < kColumns; ++i) {
      const std::size_t end = i + 1 < kColumns ? left.find(',') : left.size();
      if (end == std::string_view::npos) {
        fail(text("expected ", kColumns, " columns, found only ", i + 1, ", the last of them"),
             left);
      }
      fields[i] = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    return fields;
  }

  template <class T>
  T number(std::string_view field, const char* column) {
    T value{};
    const char* const end = field.data() + field.size();
    const auto result = std::from_chars(field.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end ||
        !std::isfinite(static_cast<double>(value))) {
      fail(text(column, ": expected a finite number"), field);
    }
    return value;
  }

  [[noreturn]] void fail(const std::string& expected, std::string_view found) const {
    throw FileError(path_, number_, text(expected, ", found ", abbreviated(found)));
  }

 private:
  std::string_view rest_;
  const std::string& path_;
  std::int64_t number_ = 0;
};

std::optional<LossAndAccuracy> validation(CurveReader& reader, const Fields& fields) {
  if (fields[2].empty() && fields[3].empty()) {
    return std::nullopt;
  }
  const LossAndAccuracy both{.loss = reader.number<double>(fields[2], "val_loss"),
                             .accuracy = reader.number<double>(fields[3], "val_accuracy")};
  if (both.accuracy < 0 || both.accuracy > 1) {
    reader.fail("val_accuracy: expected a fraction", fields[3]);
  }
  return both;
}

CurvePoint read_row(CurveReader& reader, std::int64_t epoch) {
  const Fields fields = reader.fields();
  CurvePoint point{.epoch = reader.number<std::int64_t>(fields[0], "epoch"),
                   .train_loss = reader.number<double>(fields[1], "train_loss"),
                   .validation = validation(reader, fields)};
  if (point.epoch != epoch) {
    reader.fail(text("expected epoch ", epoch), fields[0]);
  }
  if (!fields[4].empty()) {
    point.alignment = reader.number<double>(fields[4], "alignment");
  }
  return point;
}

}  // namespace

std::string encode_curves(std::span<const CurvePoint> curves) {
  std::string csv(kHeader);
  csv += '\n';
  std::int64_t epoch = 0;
  for (const CurvePoint& point : curves) {
    if (point.epoch != ++epoch) {
      throw InvalidArgument(text("curves: expected epoch ", epoch, ", got ", point.epoch));
    }
    append_row(csv, point);
  }
  return csv;
}

std::vector<CurvePoint> decode_curves(std::string_view bytes, const std::string& path) {
  CurveReader reader(bytes, path);
  if (const std::string_view header = reader.line(); header != kHeader) {
    reader.fail(text("expected the columns ", kHeader), header);
  }
  std::vector<CurvePoint> curves;
  while (!reader.at_end()) {
    curves.push_back(read_row(reader, static_cast<std::int64_t>(curves.size()) + 1));
  }
  return curves;
}

}  // namespace attune::train
