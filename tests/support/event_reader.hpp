#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attune::testing {

/// One tensorflow.Event as TensorBoard would see it.
struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string file_version;
  std::optional<std::int64_t> session_status;
  std::map<std::string, float> scalars;
};

/// Reads a file of TFRecords by their published form alone, with a CRC-32C that goes bit by bit.
/// Throws std::runtime_error for a wrong CRC, a record that is cut off, or a message that is no
/// tensorflow.Event.
[[nodiscard]] std::vector<Event> read_events(std::string_view bytes);

}  // namespace attune::testing
