#pragma once

#include <cstdint>

namespace attune::train {

/// Streams of Purpose::sampling while a graph network is trained: that of the order in which an
/// epoch visits what it trains on, its steps being epochs, and those of the neighbours of a batch,
/// one a layer, whose steps are those of the optimiser.
enum class SamplingStream : std::uint32_t { epoch_order = 0, first_layer = 1 };

}  // namespace attune::train
