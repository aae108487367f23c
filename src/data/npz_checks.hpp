#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <attune/data/npz.hpp>

// What every reader of a data set in an .npz file asks of its members. Errors are FileErrors that
// name the file, the member and the element.
namespace attune::data {

/// values[i], which came from `array`, if it is within [low, high].
std::int64_t checked(const NpyArray& array, const std::vector<std::int64_t>& values, std::int64_t i,
                     std::int64_t low, std::int64_t high);

/// The member holds exactly these integers.
void require_values(const NpzArchive& npz, std::string_view member,
                    const std::vector<std::int64_t>& expected);

/// The first of the names that is a member; empty where none is.
[[nodiscard]] std::string first_member(const NpzArchive& npz,
                                       std::initializer_list<const char*> names);

/// Exactly one of two ways to tell the same is there; `either` names both.
void require_one_of(const NpzArchive& npz, std::string_view what, bool first, bool second,
                    std::string_view either);

/// Row pointers of a CSR matrix: from 0 to num_nonzeros, never decreasing, [num_rows + 1].
[[nodiscard]] std::vector<std::int64_t> read_row_ptr(const NpzArchive& npz, std::string_view member,
                                                     std::int64_t num_rows,
                                                     std::int64_t num_nonzeros);

}  // namespace attune::data
