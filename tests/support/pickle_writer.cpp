#include "support/pickle_writer.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <attune/core/text.hpp>

namespace attune::testing {

using core::text;

namespace {

template <class T>
std::string raw(const T& value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

template <class T>
std::string raw(const std::vector<T>& values) {
  std::string bytes;
  for (const T& value : values) {
    bytes += raw(value);
  }
  return bytes;
}

}  // namespace

namespace pickle {

std::string global(std::string_view module, std::string_view name) {
  return text("c", module, "\n", name, "\n");
}

std::string string(std::string_view bytes) {
  if (bytes.size() < 256) {
    return text("U", raw(static_cast<std::uint8_t>(bytes.size())), bytes);
  }
  return text("T", raw(static_cast<std::int32_t>(bytes.size())), bytes);
}

std::string integer(std::int64_t value) {
  if (value >= 0 && value < 256) {
    return text("K", raw(static_cast<std::uint8_t>(value)));
  }
  if (value >= 0 && value < 65536) {
    return text("M", raw(static_cast<std::uint16_t>(value)));
  }
  return text("J", raw(static_cast<std::int32_t>(value)));
}

std::string array(const std::vector<std::int64_t>& shape, std::string_view dtype,
                  std::string_view bytes) {
  std::string sizes;
  for (const std::int64_t size : shape) {
    sizes += integer(size);
  }
  const std::string empty =
      text(global("numpy.core.multiarray", "_reconstruct"), global("numpy", "ndarray"), integer(0),
           "\x85", string("b"), "\x87R");
  const std::string type =
      text(global("numpy", "dtype"), string(dtype), integer(0), integer(1), "\x87R(", integer(3),
           string("<"), "NNN", integer(-1), integer(-1), integer(0), "tb");
  return text(empty, "(", integer(1), "(", sizes, "t", type, "\x89", string(bytes), "tb");
}

std::string object_array(const std::vector<std::int64_t>& shape,
                         const std::vector<std::string>& objects) {
  std::string sizes;
  for (const std::int64_t size : shape) {
    sizes += integer(size);
  }
  std::string items;
  for (const std::string& object : objects) {
    items += object;
  }
  const std::string empty =
      text(global("numpy.core.multiarray", "_reconstruct"), global("numpy", "ndarray"), integer(0),
           "\x85", string("b"), "\x87R");
  const std::string type =
      text(global("numpy", "dtype"), string("O8"), integer(0), integer(1), "\x87R(", integer(3),
           string("|"), "NNN", integer(-1), integer(-1), integer(63), "tb");
  return text(empty, "(", integer(1), "(", sizes, "t", type, "\x89](", items, "etb");
}

std::string file(std::string_view value) {
  return text("\x80\x02", value, ".");
}

}  // namespace pickle

std::string matrix_value(const CsrParts& parts) {
  using pickle::integer;
  using pickle::string;
  const auto vector = [](std::size_t size, std::string_view dtype, const std::string& bytes) {
    return pickle::array({static_cast<std::int64_t>(size)}, dtype, bytes);
  };
  return text(pickle::global("scipy.sparse.csr", "csr_matrix"), ")\x81}(",  //
              string("format"), string("csr"),                              //
              string("_shape"), integer(parts.rows), integer(parts.columns), "\x86",
              string("indptr"), vector(parts.indptr.size(), "i4", raw(parts.indptr)),
              string("_cs_matrix__has_sorted_indices"), "\x88",  //
              string("indices"), vector(parts.indices.size(), "i4", raw(parts.indices)),
              string("maxprint"), integer(50),  //
              string("data"), vector(parts.data.size(), "f4", raw(parts.data)), "ub");
}

std::string pickled_matrix(const CsrParts& parts) {
  return pickle::file(matrix_value(parts));
}

std::string pickled_one_hot(const std::vector<int>& labels, int num_classes) {
  std::vector<std::int32_t> cells;
  for (const int label : labels) {
    for (int c = 0; c < num_classes; ++c) {
      cells.push_back(c == label ? 1 : 0);
    }
  }
  return pickle::file(
      pickle::array({static_cast<std::int64_t>(labels.size()), num_classes}, "i4", raw(cells)));
}

std::string pickled_graph(
    const std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>>& neighbours) {
  std::string value = text(pickle::global("collections", "defaultdict"),
                           pickle::global("__builtin__", "list"), "\x85R(");
  for (const auto& [node, list] : neighbours) {
    value += text(pickle::integer(node), "](");
    for (const std::int64_t neighbour : list) {
      value += pickle::integer(neighbour);
    }
    value += "e";
  }
  return pickle::file(text(value, "u"));
}

std::map<std::string, std::string> small_planetoid() {
  const CsrParts x{2, 4, {0, 2, 3}, {0, 1, 3}, {1, 1, 1}};
  const CsrParts allx{5, 4, {0, 2, 3, 5, 6, 6}, {0, 1, 3, 0, 2, 1}, {1, 1, 1, 1, 3, 1}};
  const CsrParts tx{3, 4, {0, 1, 2, 4}, {3, 2, 0, 1}, {1, 1, 1, 1}};
  return {{"x", pickled_matrix(x)},
          {"allx", pickled_matrix(allx)},
          {"tx", pickled_matrix(tx)},
          {"y", pickled_one_hot({0, 1}, 2)},
          {"ally", pickled_one_hot({0, 1, 0, 1, 0}, 2)},
          {"ty", pickled_one_hot({1, 0, 1}, 2)},
          {"graph", pickled_graph({{0, {1, 1, 2}},
                                   {1, {0, 2}},
                                   {2, {0, 1, 2, 3}},
                                   {3, {2, 4}},
                                   {4, {3, 5}},
                                   {5, {4, 6}},
                                   {6, {5}},
                                   {7, {}},
                                   {8, {}}})},
          {"test.index", "8\n5\n6\n"}};
}

void write_planetoid(const std::map<std::string, std::string>& parts, const std::string& folder,
                     const std::string& name) {
  std::filesystem::create_directories(folder);
  for (const auto& [part, bytes] : parts) {
    const std::string path = text(folder, "/ind.", name, ".", part);
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) {
      throw std::runtime_error("cannot write " + path);
    }
  }
}

}  // namespace attune::testing
