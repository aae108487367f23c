#include "data/npz_checks.hpp"

#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

std::int64_t checked(const NpyArray& array, const std::vector<std::int64_t>& values, std::int64_t i,
                     std::int64_t low, std::int64_t high) {
  if (values[i] < low || values[i] > high) {
    array.fail(text("element ", i, ": expected ", low, " to ", high, ", found ", values[i]));
  }
  return values[i];
}

void require_values(const NpzArchive& npz, std::string_view member,
                    const std::vector<std::int64_t>& expected) {
  const NpyArray& array = npz.at(member);
  array.require_shape({std::ssize(expected)});
  const std::vector<std::int64_t> found = array.ints();
  for (std::int64_t i = 0; i < std::ssize(found); ++i) {
    checked(array, found, i, expected[i], expected[i]);
  }
}

std::string first_member(const NpzArchive& npz, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (npz.has(name)) {
      return name;
    }
  }
  return "";
}

void require_one_of(const NpzArchive& npz, std::string_view what, bool first, bool second,
                    std::string_view either) {
  if (first == second) {
    throw FileError(npz.path(), text("expected ", what, " as ", either, ", found ",
                                     first ? "both" : "neither"));
  }
}

std::vector<std::int64_t> read_row_ptr(const NpzArchive& npz, std::string_view member,
                                       std::int64_t num_rows, std::int64_t num_nonzeros) {
  const NpyArray& array = npz.at(member);
  array.require_shape({num_rows + 1});
  std::vector<std::int64_t> row_ptr = array.ints();
  checked(array, row_ptr, 0, 0, 0);
  for (std::int64_t i = 1; i <= num_rows; ++i) {
    checked(array, row_ptr, i, row_ptr[i - 1], num_nonzeros);
  }
  checked(array, row_ptr, num_rows, num_nonzeros, num_nonzeros);
  return row_ptr;
}

}  // namespace attune::data
