#pragma once

#include <span>
#include <string>
#include <vector>

#include <attune/optim/adam.hpp>
#include <attune/train/parameter_snapshot.hpp>
#include <attune/train/safetensors.hpp>

namespace attune::train {

/// Adds every tensor, its name behind `prefix`.
void put_tensors(const std::string& prefix, std::span<const NamedTensor> tensors,
                 Safetensors& content);

/// The tensors whose names begin with `prefix`, without it.
[[nodiscard]] std::vector<NamedTensor> tensors_under(const Safetensors& content,
                                                     const std::string& prefix);

/// Adds what Adam remembers of every parameter: `first_moment.NAME`, `second_moment.NAME` and
/// `step.NAME`.
void put_optimizer(std::span<const optim::AdamParameterState> optimizer, Safetensors& content);

/// What put_optimizer() added.
/// @param path  for the error
/// @throws FileError  a first moment without the other two
[[nodiscard]] std::vector<optim::AdamParameterState> optimizer_in(const Safetensors& content,
                                                                  const std::string& path);

}  // namespace attune::train
