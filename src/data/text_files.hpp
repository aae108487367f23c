#pragma once

#include <initializer_list>
#include <string>

#include <attune/core/digest.hpp>

namespace attune::data {

/// The files of one data set, read whole, and their common checksum in the order of reading.
class TextFiles {
 public:
  /// A file whose name ends in .gz is inflated, each member checked against its CRC-32.
  /// @throws FileError  missing, larger than 8 GiB, or what inflates more than honest text does
  [[nodiscard]] std::string read(const std::string& path);

  [[nodiscard]] std::string sha256() const { return digest_.hex(); }

 private:
  core::Sha256 digest_;
};

/// `stem` with the first of the endings that is there, as `stem.csv`; empty where none is.
[[nodiscard]] std::string first_file(const std::string& stem,
                                     std::initializer_list<const char*> endings);

}  // namespace attune::data
