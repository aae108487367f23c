#pragma once

#include <cstdint>
#include <string>

#include "data/feature_rows.hpp"
#include "data/pickle.hpp"

namespace attune::data {

/// The scipy csr_matrix that `matrix` is: columns ascending, entries of one place added up, as
/// scipy does.
/// @param path  for messages
/// @throws FileError  it is something else, contradicts itself, has more columns than max_columns
/// or
///                    a value that is not finite
[[nodiscard]] FeatureRows read_pickled_matrix(const Pickle& pickle, PickleValue matrix,
                                              const std::string& path, std::int64_t max_columns);

}  // namespace attune::data
