#include <algorithm>
#include <charconv>
#include <utility>

#include "data/quoted.hpp"
#include "data/text/part_readers.hpp"
#include "data/text/unicode.hpp"
#include "data/zip_reader.hpp"

namespace attune::data {

using core::text;

namespace {

constexpr std::int64_t kMostMembers = 1'000'000;
constexpr std::int64_t kMostBytes = std::int64_t{256} << 20;  // of one member

std::string inflate(std::string_view archive, const std::string& path, const ZipMember& member) {
  if (member.bytes > kMostBytes) {
    throw FileError(path, text(data::quoted(member.name), ": expected at most ", kMostBytes,
                               " bytes, found ", member.bytes));
  }
  std::string out(static_cast<std::size_t>(member.bytes), '\0');
  ZipMemberReader reader(archive, path, member);
  reader.read(out);
  reader.finish();
  return out;
}

/// The text between two places of an XML file.
class XmlPairs {
 public:
  XmlPairs(std::string_view bytes, std::string path) : bytes_(bytes), path_(std::move(path)) {}

  /// Goes on to the next <pair>. @return  false at the end
  bool next() {
    const std::size_t start = bytes_.find("<pair", at_);
    if (start == std::string_view::npos) {
      return false;
    }
    at_ = start;
    const std::size_t head = find(">", start);
    const std::size_t end = find("</pair>", head);
    head_ = bytes_.substr(start, head - start);
    body_ = bytes_.substr(head, end - head);
    at_ = end;
    start_ = start;
    return true;
  }

  /// Value of an attribute of the pair; empty where it has none of this name.
  [[nodiscard]] std::string_view attribute(std::string_view name) const {
    const std::string opening = text(" ", name, "=\"");
    const std::size_t at = head_.find(opening);
    if (at == std::string_view::npos) {
      return {};
    }
    const std::string_view rest = head_.substr(at + opening.size());
    return rest.substr(0, rest.find('"'));
  }

  /// Content of an element of the pair.
  [[nodiscard]] std::string element(std::string_view name) const {
    const std::size_t from = body_.find(text("<", name, ">"));
    const std::size_t to = body_.find(text("</", name, ">"));
    if (from == std::string_view::npos || to == std::string_view::npos || to < from) {
      fail(text("expected <", name, "> in a pair, found none"));
    }
    const std::size_t begin = from + name.size() + 2;
    std::string content = unescaped(body_.substr(begin, to - begin));
    if (content.find_first_not_of(" \t\r\n") == std::string::npos) {
      fail(text("<", name, ">: expected a text, found an empty one"));
    }
    return content;
  }

  [[noreturn]] void fail(const std::string& what) const {
    const auto until = bytes_.begin() + static_cast<std::ptrdiff_t>(start_);
    throw FileError(path_, 1 + std::count(bytes_.begin(), until, '\n'), what);
  }

 private:
  std::size_t find(std::string_view what, std::size_t from) {
    const std::size_t found = bytes_.find(what, from);
    if (found == std::string_view::npos) {
      start_ = at_;
      fail(text("expected ", what, " behind <pair, found the end of the file"));
    }
    return found;
  }

  [[nodiscard]] std::string unescaped(std::string_view from) const {
    static constexpr std::pair<std::string_view, char> kNames[] = {
        {"amp", '&'}, {"apos", '\''}, {"quot", '"'}, {"lt", '<'}, {"gt", '>'}};
    std::string out;
    while (!from.empty()) {
      const std::size_t plain = std::min(from.find('&'), from.size());
      out += from.substr(0, plain);
      from.remove_prefix(plain);
      if (from.empty()) {
        break;
      }
      const std::size_t end = from.find(';');
      const std::string_view name = from.substr(1, end == std::string_view::npos ? 0 : end - 1);
      const auto* known = std::find_if(std::begin(kNames), std::end(kNames),
                                       [&](const auto& entity) { return entity.first == name; });
      if (known != std::end(kNames)) {
        out += known->second;
      } else {
        append_utf8(out, numbered(name));
      }
      from.remove_prefix(end + 1);
    }
    return out;
  }

  /// The character that `#123` or `#x7b` stands for.
  [[nodiscard]] char32_t numbered(std::string_view name) const {
    const bool hexadecimal = name.starts_with("#x");
    const std::string_view digits =
        name.substr(std::min<std::size_t>(hexadecimal ? 2 : 1, name.size()));
    std::uint32_t code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (!name.starts_with('#') || !whole || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      fail(text("expected an entity of XML, found ", data::quoted(text("&", name, ";"))));
    }
    return code;
  }

  std::string_view bytes_;
  std::string path_;
  std::string_view head_, body_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
};

void read_rte(std::string_view bytes, const std::string& path, TextPart& part) {
  const std::size_t invalid = find_invalid_utf8(bytes);
  if (invalid != std::string_view::npos) {
    throw FileError(path, text("byte ", invalid, ": expected UTF-8"));
  }
  for (XmlPairs pairs(bytes, path); pairs.next();) {
    // RTE 1 says value="TRUE", RTE 2 and 3 entailment="YES".
    const std::string_view value = pairs.attribute("value");
    const std::string_view found = value.empty() ? pairs.attribute("entailment") : value;
    const bool yes = found == "TRUE" || found == "YES";
    if (!yes && found != "FALSE" && found != "NO") {
      pairs.fail(text("expected value TRUE or FALSE, or entailment YES or NO, found ",
                      data::quoted(found)));
    }
    part.examples.push_back(
        {.first = pairs.element("t"), .second = pairs.element("h"), .label = yes ? 0 : 1});
  }
}

}  // namespace

PartReader review_zip_reader() {
  return [](const std::string& path, TextFiles& files, TextTask&, TextPart& part) {
    const std::string archive = files.read(path);
    std::vector<ZipMember> members = read_zip_directory(archive, path, kMostMembers);
    std::sort(members.begin(), members.end(),
              [](const ZipMember& a, const ZipMember& b) { return a.name < b.name; });
    for (const ZipMember& member : members) {
      const bool negative = member.name.find("/neg/") != std::string::npos;
      const bool positive = member.name.find("/pos/") != std::string::npos;
      if (!member.name.ends_with(".txt") || negative == positive) {
        continue;
      }
      std::string content = inflate(archive, path, member);
      if (find_invalid_utf8(content) != std::string::npos) {
        content = utf8_from_latin1(content);  // the reviews are of that time
      }
      part.examples.push_back({.first = std::move(content), .label = positive ? 1 : 0});
    }
  };
}

PartReader rte_xml_reader() {
  // The path is ARCHIVE.zip/MEMBER.
  return [](const std::string& path, TextFiles& files, TextTask&, TextPart& part) {
    const std::size_t cut = path.find(".zip/") + 4;
    const std::string archive_path = path.substr(0, cut);
    const std::string name = path.substr(cut + 1);
    const std::string archive = files.read(archive_path);
    for (const ZipMember& member : read_zip_directory(archive, archive_path, kMostMembers)) {
      if (member.name == name) {
        read_rte(inflate(archive, archive_path, member), path, part);
        return;
      }
    }
    throw FileError(archive_path, text("expected a file ", name, " in the archive, found none"));
  };
}

}  // namespace attune::data
