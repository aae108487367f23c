#pragma once

#include <string>

#include <attune/train/settings.hpp>

namespace attune::cli {

/// Which attention heads have that were trained with these options, as papers call it: `soft
/// attention`, or `AA-GAN, lambda 0.01`. Says so where it is not known.
/// @param training  as `train` and `vqa train` save them; empty: not saved
[[nodiscard]] std::string attention_name(const train::Settings& training);

}  // namespace attune::cli
