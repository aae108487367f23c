#include "data/text/part_readers.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "data/quoted.hpp"
#include "data/text/unicode.hpp"

namespace attune::data {

using core::text;

namespace {

/// Lines of a file that are not blank, without what blanks they end in.
class Lines {
 public:
  Lines(std::string_view bytes, std::string path)
      : rest_(without_bom(bytes)), path_(std::move(path)) {}

  bool next() {
    while (!rest_.empty()) {
      const std::size_t length = std::min(rest_.find('\n'), rest_.size());
      line_ = rest_.substr(0, length);
      rest_.remove_prefix(std::min(length + 1, rest_.size()));
      ++number_;
      const std::size_t last = line_.find_last_not_of(" \t\r");
      if (last != std::string_view::npos) {
        line_ = line_.substr(0, last + 1);
        check_utf8();
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] std::string_view line() const noexcept { return line_; }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    throw FileError(path_, number_, text(parts...));
  }

 private:
  void check_utf8() const {
    const std::size_t at = find_invalid_utf8(line_);
    if (at != std::string_view::npos) {
      fail("expected UTF-8, found ", data::quoted(line_.substr(at, 4)));
    }
  }

  std::string_view rest_;
  std::string path_;
  std::string_view line_;
  std::int64_t number_ = 0;
};

std::string read_as_utf8(const std::string& path, TextFiles& files, Encoding encoding) {
  std::string bytes = files.read(path);
  return encoding == Encoding::latin1 ? utf8_from_latin1(bytes) : bytes;
}

struct LabelledLine {
  std::string_view label, text;
};

LabelledLine split_label(const Lines& lines, bool coarse) {
  const std::string_view line = lines.line();
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0) {
    lines.fail("expected a label, a blank and a text, found ", data::quoted(line));
  }
  const std::string_view label = line.substr(0, blank);
  const std::size_t start = line.find_first_not_of(' ', blank);
  return {coarse ? label.substr(0, label.find(':')) : label, line.substr(start)};
}

std::int32_t number_of(const Lines& lines, std::string_view label,
                       const std::vector<std::string>& known) {
  const auto found = std::find(known.begin(), known.end(), label);
  if (found == known.end()) {
    lines.fail("expected one of ", known.size(), " known labels, ", data::quoted(known.front()),
               " to ", data::quoted(known.back()), ", found ", data::quoted(label));
  }
  return static_cast<std::int32_t>(found - known.begin());
}

/// A whole file as one text.
std::string text_of_file(std::string_view bytes, const std::string& path) {
  const std::size_t at = find_invalid_utf8(bytes);
  if (at != std::string_view::npos) {
    const std::int64_t line =
        1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    throw FileError(path, line, text("expected UTF-8, found ", data::quoted(bytes.substr(at, 4))));
  }
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) {
    throw FileError(path, "expected a text, found an empty file");
  }
  return std::string(bytes.substr(first, bytes.find_last_not_of(" \t\r\n") + 1 - first));
}

}  // namespace

PartReader table_reader(std::vector<TableFormat> formats) {
  return [formats = std::move(formats)](const std::string& path, TextFiles& files, TextTask& task,
                                        TextPart& part) {
    read_table_part(files.read(path), path, formats, task.kind, part);
  };
}

PartReader label_first_reader(std::vector<std::string> written, Encoding encoding, bool coarse) {
  return [written = std::move(written), encoding, coarse](const std::string& path, TextFiles& files,
                                                          TextTask& task, TextPart& part) {
    const std::string bytes = read_as_utf8(path, files, encoding);
    if (task.labels.empty()) {
      std::set<std::string, std::less<>> labels;
      for (Lines lines(bytes, path); lines.next();) {
        labels.emplace(split_label(lines, coarse).label);
      }
      task.labels.assign(labels.begin(), labels.end());
    }
    for (Lines lines(bytes, path); lines.next();) {
      const LabelledLine line = split_label(lines, coarse);
      part.examples.push_back(
          {.first = std::string(line.text),
           .label = number_of(lines, line.label, written.empty() ? task.labels : written)});
    }
  };
}

PartReader polarity_reader(std::string negative, std::string positive, Encoding encoding) {
  return [negative = std::move(negative), positive = std::move(positive), encoding](
             const std::string& path, TextFiles& files, TextTask&, TextPart& part) {
    for (const std::int32_t label : {0, 1}) {
      const std::string file = text(path, "/", label == 0 ? negative : positive);
      const std::string bytes = read_as_utf8(file, files, encoding);
      for (Lines lines(bytes, file); lines.next();) {
        part.examples.push_back({.first = std::string(lines.line()), .label = label});
      }
    }
  };
}

PartReader review_folder_reader() {
  return [](const std::string& path, TextFiles& files, TextTask&, TextPart& part) {
    for (const std::int32_t label : {0, 1}) {
      const std::string folder = text(path, "/", label == 0 ? "neg" : "pos");
      std::error_code ignored;
      if (!std::filesystem::is_directory(folder, ignored)) {
        throw FileError(folder, "expected a folder with a text a file, found none");
      }
      std::vector<std::string> names;
      for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".txt") {
          names.push_back(entry.path().string());
        }
      }
      std::sort(names.begin(), names.end());  // folders list their files in any order
      for (const std::string& name : names) {
        part.examples.push_back({.first = text_of_file(files.read(name), name), .label = label});
      }
    }
  };
}

PartReader by_ending(PartReader jsonl, PartReader other) {
  return [jsonl = std::move(jsonl), other = std::move(other)](
             const std::string& path, TextFiles& files, TextTask& task, TextPart& part) {
    (path.ends_with(".jsonl") ? jsonl : other)(path, files, task, part);
  };
}

}  // namespace attune::data
