#include <algorithm>
#include <unordered_set>

#include "data/npy_reader.hpp"
#include "data/quoted.hpp"
#include "data/zip_reader.hpp"
#include "data/zip_writer.hpp"
#include <attune/core/error.hpp>
#include <attune/core/file.hpp>
#include <attune/core/text.hpp>
#include <attune/data/npz.hpp>

namespace attune::data {

using core::text;

namespace {

constexpr std::string_view kSuffix = ".npy";

// Deflate shrinks at most 1032-fold; what comes near it in bulk was made to exhaust memory. Small
// archives of all-zero arrays are honest, hence the allowance.
void check_sizes(const std::vector<ZipMember>& members, const std::string& path,
                 const NpzLimits& limits) {
  constexpr std::int64_t kMaxRatio = 1000;
  constexpr std::int64_t kAllowance = std::int64_t{16} << 20;
  std::int64_t total = 0;
  std::int64_t stored = 0;
  for (const ZipMember& member : members) {
    stored += member.stored_bytes;
    if (member.bytes > limits.max_total_bytes - total) {
      throw FileError(
          path, member.data_offset,
          text("member ", quoted(member.name), ": expected at most ", limits.max_total_bytes,
               " bytes in all members, found ", member.bytes, " more after ", total));
    }
    total += member.bytes;
    if (total > kAllowance && total - kAllowance > kMaxRatio * stored) {
      throw FileError(path, member.data_offset,
                      text("member ", quoted(member.name), ": expected data that inflates at most ",
                           kMaxRatio, "-fold, found ", total, " bytes out of ", stored));
    }
  }
}

std::string array_name(const ZipMember& member, const std::string& path) {
  if (!member.name.ends_with(kSuffix) || member.name.size() == kSuffix.size()) {
    throw FileError(path, member.data_offset,
                    text("expected members called NAME.npy, found ", quoted(member.name)));
  }
  return member.name.substr(0, member.name.size() - kSuffix.size());
}

// A deflated member may promise more than it holds, so memory follows what has really come.
std::string read_rest(ZipMemberReader& reader, const ZipMember& member) {
  constexpr std::int64_t kStep = std::int64_t{16} << 20;
  std::string rest;
  while (reader.position() < member.bytes) {
    const std::int64_t have = std::ssize(rest);
    const std::int64_t more = std::min(member.bytes - reader.position(), std::max(kStep, have));
    rest.resize(static_cast<std::size_t>(have + more));
    reader.read(std::span(rest).subspan(static_cast<std::size_t>(have)));
  }
  return rest;
}

}  // namespace

std::vector<std::string> NpzArchive::names() const {
  std::vector<std::string> out;
  for (const Member& member : members_) {
    out.push_back(member.name);
  }
  return out;
}

const NpzArchive::Member* NpzArchive::find(std::string_view name) const noexcept {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

bool NpzArchive::has(std::string_view name) const noexcept {
  return find(name) != nullptr;
}

bool NpzArchive::is_pickled(std::string_view name) const noexcept {
  const Member* member = find(name);
  return member != nullptr && !member->refusal.empty();
}

std::string_view NpzArchive::pickle(std::string_view name) const noexcept {
  const Member* member = find(name);
  return member == nullptr ? std::string_view() : std::string_view(member->pickle);
}

const NpyArray& NpzArchive::at(std::string_view name) const {
  if (const Member* member = find(name)) {
    if (!member->refusal.empty()) {
      member->array.fail(member->refusal);
    }
    return member->array;
  }
  constexpr std::size_t kMostNames = 20;
  std::string there;
  for (std::size_t i = 0; i < std::min(members_.size(), kMostNames); ++i) {
    there += (i == 0 ? "" : ", ") + quoted(members_[i].name);
  }
  throw FileError(
      path_, text("expected a member ", quoted(name), ", found ", members_.empty() ? "none" : there,
                  members_.size() > kMostNames ? ", ..." : ""));
}

NpzArchive parse_npz(std::string_view bytes, const std::string& path, const NpzLimits& limits) {
  NpzArchive archive(path);
  const std::vector<ZipMember> members = read_zip_directory(bytes, path, limits.max_members);
  check_sizes(members, path, limits);
  for (const ZipMember& member : members) {
    NpzArchive::Member out;
    out.name = array_name(member, path);
    ZipMemberReader reader(bytes, path, member);
    const auto read = [&reader](std::span<char> room) { reader.read(room); };
    const NpySource source{.bytes = member.bytes,
                           .read = read,
                           .path = path,
                           .member = out.name,
                           .file_offset = member.data_offset,
                           .deflated = member.deflated};
    out.array = NpyReader(source).read(out.refusal);
    if (!out.refusal.empty() && limits.keep_pickles) {
      out.pickle = read_rest(reader, member);
    }
    if (out.refusal.empty() || limits.keep_pickles) {
      reader.finish();
    }
    archive.members_.push_back(std::move(out));
  }
  return archive;
}

NpzArchive read_npz(const std::string& path, const NpzLimits& limits) {
  return parse_npz(core::read_file(path, limits.max_file_bytes), path, limits);
}

std::string encode_npz(const std::vector<NamedArray>& arrays) {
  constexpr std::size_t kLongestName = 65535 - kSuffix.size();
  std::unordered_set<std::string_view> names;
  ZipWriter zip;
  for (const NamedArray& named : arrays) {
    const std::string& name = named.first;
    if (name.empty() || name.size() > kLongestName || !names.insert(name).second) {
      throw InvalidArgument(text("write_npz: expected distinct names of 1 to ", kLongestName,
                                 " bytes, got ", quoted(name)));
    }
    zip.add(name + std::string(kSuffix), encode_npy(named.second));
  }
  return zip.finish();
}

void write_npz(const std::string& path, const std::vector<NamedArray>& arrays) {
  core::write_file_atomically(path, encode_npz(arrays));
}

}  // namespace attune::data
