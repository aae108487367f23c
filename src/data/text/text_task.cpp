#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "data/folders.hpp"
#include "data/quoted.hpp"
#include "data/text/table_task.hpp"
#include "data/text/task_catalogue.hpp"
#include <attune/core/error.hpp>
#include <attune/core/random.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>
#include <attune/data/text/text_task.hpp>

namespace attune::data {

using core::text;

namespace {

/// Where a file that may be in an archive is looked for.
bool is_there(const std::string& path) {
  const std::size_t archive = path.find(".zip/");
  return exists(archive == std::string::npos ? path : path.substr(0, archive + 4));
}

/// The first of the files that is in the folder; empty where none is.
std::string find_file(const std::string& folder, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::string path = text(folder, "/", file);
    if (is_there(path)) {
      return path;
    }
  }
  return "";
}

/// Paths of the parts in a folder; empty for parts that are missing.
std::vector<std::string> find_parts(const std::string& folder, const TaskEntry& entry) {
  std::vector<std::string> paths;
  for (const PartSource& source : entry.sources) {
    paths.push_back(find_file(folder, source.files));
  }
  return paths;
}

/// Nothing where no folder has a part.
std::vector<std::string> look_for_task(const TaskEntry& entry, const std::string& data_dir,
                                       std::string& folder) {
  require_folder(data_dir);
  for (const std::string& place : data_folders(data_dir)) {
    std::vector<std::string> paths = find_parts(place, entry);
    if (std::any_of(paths.begin(), paths.end(), [](const std::string& p) { return !p.empty(); })) {
      folder = place;
      return paths;
    }
  }
  return {};
}

std::vector<std::string> find_task(const TaskEntry& entry, const std::string& data_dir,
                                   std::string& folder) {
  std::vector<std::string> found = look_for_task(entry, data_dir, folder);
  if (!found.empty()) {
    return found;
  }
  std::vector<std::string> files;
  for (const PartSource& source : entry.sources) {
    files.push_back(source.files.front());
  }
  throw FileError(files.front(), text("not found in ", join(data_folders(data_dir)), "; ",
                                      entry.name, " is read from ", join(files)));
}

TextTask load_entry(const TaskEntry& entry, const std::string& data_dir) {
  TextTask task{
      .name = entry.name, .kind = entry.kind, .labels = entry.labels, .metrics = entry.metrics};
  const std::vector<std::string> paths = find_task(entry, data_dir, task.source);
  TextFiles files;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].empty()) {
      continue;
    }
    TextPart part{.name = entry.sources[i].part};
    entry.read(paths[i], files, task, part);
    if (part.examples.empty()) {
      throw FileError(paths[i], "expected examples, found none");
    }
    task.parts.push_back(std::move(part));
  }
  task.sha256 = files.sha256();
  return task;
}

/// Numbers by their value, other labels by their letters.
bool before(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& s) {
    return s.find_first_not_of("0123456789") == std::string::npos;
  };
  return number(a) && number(b) && a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// A file of one's own, label TAB text or label TAB text TAB text.
class OwnFiles {
 public:
  explicit OwnFiles(TextTask& task) : task_(task) {}

  void read(const std::string& path, const std::string& part_name) {
    const std::string bytes = files_.read(path);
    if (task_.parts.empty()) {
      look_through(bytes, path);
    }
    const bool pairs = task_.kind == TextTaskKind::pair;
    TableFormat format;
    format.heading = false;
    format.first.resize(1);
    format.first[0].number = 1;
    format.second.resize(pairs ? 1 : 0);
    if (pairs) {
      format.second[0].number = 2;
    }
    format.label.number = 0;
    format.written = task_.labels;
    format.columns = pairs ? 3 : 2;
    TextPart part{.name = part_name};
    read_table_part(bytes, path, {format}, task_.kind, part);
    task_.parts.push_back(std::move(part));
    task_.sha256 = files_.sha256();
  }

 private:
  /// The first file says which labels there are, and whether of one text or two.
  void look_through(const std::string& bytes, const std::string& path) {
    const auto compare = [](const std::string& a, const std::string& b) { return before(a, b); };
    std::set<std::string, decltype(compare)> labels(compare);
    TextTable table(bytes, path, TableForm::tabs);
    while (table.next()) {
      const std::size_t columns = table.fields().size();
      if (labels.empty()) {
        task_.kind = columns == 3 ? TextTaskKind::pair : TextTaskKind::sentence;
      }
      if (columns != 2 && columns != 3) {
        table.fail("expected label TAB text, or label TAB text TAB text, found ", columns,
                   columns == 1 ? " column" : " columns");
      }
      labels.insert(table.fields().front());
    }
    if (labels.empty()) {
      throw FileError(path, "expected lines of label TAB text, found none");
    }
    constexpr std::size_t kMostLabels = 8192;
    if (labels.size() > kMostLabels) {
      throw FileError(path, text("expected at most ", kMostLabels,
                                 " labels before the first tab, found ", labels.size()));
    }
    task_.labels.assign(labels.begin(), labels.end());
  }

  TextTask& task_;
  TextFiles files_;
};

bool is_file_of_texts(const std::string& name) {
  return name.ends_with(".tsv") || name.ends_with(".txt");
}

TextTask load_own(const std::string& name, const std::string& data_dir) {
  const std::string found = exists(name) ? name : find_in_folders(name, data_dir);
  if (found.empty()) {
    throw FileError(name, text("not found, nor in ", join(data_folders(data_dir))));
  }
  TextTask task{.name = name, .metrics = {"accuracy"}, .source = found};
  OwnFiles files(task);
  if (is_file_of_texts(name)) {
    files.read(found, "test");
    return task;
  }
  const std::pair<const char*, std::vector<std::string>> parts[] = {
      {"train", {"train.tsv", "train.txt"}},
      {"validation", {"dev.tsv", "validation.tsv", "valid.tsv", "dev.txt"}},
      {"test", {"test.tsv", "test.txt"}}};
  for (const auto& [part, names] : parts) {
    const std::string path = find_file(found, names);
    if (!path.empty()) {
      files.read(path, part);
    } else if (task.parts.empty()) {
      throw FileError(found, "expected train.tsv, found none");
    }
  }
  return task;
}

}  // namespace

const TextPart* TextTask::find(const std::string& part_name) const noexcept {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const TextPart& p) { return p.name == part_name; });
  return found == parts.end() ? nullptr : &*found;
}

const TextPart& TextTask::part(const std::string& part_name) const {
  const TextPart* found = find(part_name);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const TextPart& p : parts) {
      names.push_back(p.name);
    }
    throw InvalidArgument(
        text(name, ": expected one of the parts ", join(names), ", got \"", part_name, "\""));
  }
  return *found;
}

std::vector<KnownDataset> known_text_tasks() {
  std::vector<KnownDataset> known;
  for (const TaskEntry& entry : task_catalogue()) {
    known.push_back({.name = entry.name, .summary = entry.summary});
  }
  return known;
}

bool is_text_task(const std::string& name) {
  const std::vector<TaskEntry>& all = task_catalogue();
  return is_file_of_texts(name) || std::any_of(all.begin(), all.end(), [&](const TaskEntry& entry) {
           return entry.name == name;
         });
}

TextTask load_text_task(const std::string& name, const std::string& data_dir) {
  std::vector<std::string> names;
  for (const TaskEntry& entry : task_catalogue()) {
    if (entry.name == name) {
      return load_entry(entry, data_dir);
    }
    names.push_back(entry.name);
  }
  if (is_file_of_texts(name) || name.ends_with('/')) {
    return load_own(name, data_dir);
  }
  throw InvalidArgument(
      text("unknown text data set ", data::quoted(name), core::suggestion(name, names)));
}

bool has_text_task(const std::string& name, const std::string& data_dir) {
  const std::vector<TaskEntry>& all = task_catalogue();
  const auto entry =
      std::find_if(all.begin(), all.end(), [&](const TaskEntry& one) { return one.name == name; });
  if (entry == all.end()) {
    throw InvalidArgument(text("unknown text data set ", data::quoted(name)));
  }
  std::string folder;
  return !look_for_task(*entry, data_dir, folder).empty();
}

void hold_out(TextTask& task, const std::string& from, const std::string& to, double share,
              std::uint64_t seed) {
  if (!(share > 0 && share < 1)) {
    throw InvalidArgument(text("hold_out: share must be in (0, 1), got ", share));
  }
  if (task.find(to) != nullptr) {
    throw InvalidArgument(text("hold_out: ", task.name, " has a part \"", to, "\" already"));
  }
  (void)task.part(from);
  TextPart& source = *std::find_if(task.parts.begin(), task.parts.end(),
                                   [&](const TextPart& part) { return part.name == from; });
  // Of each class the examples with the smallest random numbers.
  const core::RandomStream random(seed, core::Purpose::split);
  std::map<std::int32_t, std::vector<std::size_t>> of_class;
  for (std::size_t i = 0; i < source.examples.size(); ++i) {
    of_class[source.examples[i].label].push_back(i);
  }
  std::vector<bool> taken(source.examples.size(), false);
  for (auto& [label, members] : of_class) {
    std::stable_sort(members.begin(), members.end(),
                     [&](std::size_t a, std::size_t b) { return random.bits(a) < random.bits(b); });
    const auto count =
        static_cast<std::size_t>(std::llround(share * static_cast<double>(members.size())));
    for (std::size_t i = 0; i < count; ++i) {
      taken[members[i]] = true;
    }
  }
  TextPart held{.name = to};
  std::vector<TextExample> kept;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    (taken[i] ? held.examples : kept).push_back(std::move(source.examples[i]));
  }
  source.examples = std::move(kept);
  task.parts.push_back(std::move(held));
}

}  // namespace attune::data
