#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace attune::testing {

/// Pieces of pickles, byte by byte as cPickle of Python 2 writes them under protocol 2.
namespace pickle {

[[nodiscard]] std::string global(std::string_view module, std::string_view name);
[[nodiscard]] std::string string(std::string_view bytes);
[[nodiscard]] std::string integer(std::int64_t value);
/// An array of `dtype` ("i4", "f4", ...) whose elements are `bytes`.
[[nodiscard]] std::string array(const std::vector<std::int64_t>& shape, std::string_view dtype,
                                std::string_view bytes);
/// An array of objects, whose values come as opcodes.
[[nodiscard]] std::string object_array(const std::vector<std::int64_t>& shape,
                                       const std::vector<std::string>& objects);
/// PROTO, the value, STOP.
[[nodiscard]] std::string file(std::string_view value);

}  // namespace pickle

/// The parts of a scipy csr_matrix, any of them wrong if a test wants it.
struct CsrParts {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::int32_t> indptr;
  std::vector<std::int32_t> indices;
  std::vector<float> data;
};
/// As opcodes, and as a whole pickle.
[[nodiscard]] std::string matrix_value(const CsrParts& parts);
[[nodiscard]] std::string pickled_matrix(const CsrParts& parts);

/// Class of each row to a one-hot matrix of int32; -1 to a row of zeros.
[[nodiscard]] std::string pickled_one_hot(const std::vector<int>& labels, int num_classes);

/// defaultdict(list) from node to neighbours, nodes in the order given.
[[nodiscard]] std::string pickled_graph(
    const std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>>& neighbours);

/// A Planetoid set of 9 nodes, 4 features and 2 classes, from the part's name to its bytes:
///
///     0 - 1 - 2 - 3 - 4 - 5 - 6   7   8        x: 0, 1    allx: 0 to 4
///     \_______/                                test: 8, 5, 6    skipped by test.index: 7
///
/// Node 2 lists itself, and edge 0 - 1 is listed twice by node 0.
[[nodiscard]] std::map<std::string, std::string> small_planetoid();

/// Writes `parts` as FOLDER/ind.NAME.PART.
void write_planetoid(const std::map<std::string, std::string>& parts, const std::string& folder,
                     const std::string& name);

}  // namespace attune::testing
