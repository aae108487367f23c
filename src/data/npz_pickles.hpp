#pragma once

#include <cstdint>
#include <string>

#include "data/feature_rows.hpp"
#include <attune/data/npz.hpp>

namespace attune::data {

/// The csr_matrix that numpy pickled into a member as an array of no dimension and one object.
/// Nothing is executed: see Pickle.
/// @throws FileError  anything else; the message names the member and what was found
[[nodiscard]] FeatureRows read_pickled_member(const NpzArchive& npz, const std::string& member,
                                              std::int64_t max_columns);

}  // namespace attune::data
