#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace attune::train {

/// A number that is plotted under a name: `loss/train`.
struct Scalar {
  std::string_view tag = {};  ///< names a curve; what stands before a slash groups them
  double value = 0;           ///< rounded to float32 as the format has it
};

/// Writes scalars for TensorBoard: a file `events.out.tfevents.SECONDS.HOST.PROCESS.N` of TFRecords
/// (length and content, each with its masked CRC-32C), every one a protobuf message
/// tensorflow.Event. A folder may get several files, as where a run is continued: each begins with
/// a session start, by which TensorBoard forgets what older files have of its first step and later.
///
/// Records reach the file whole, at least once a second where any are added. What a killed process
/// leaves is readable up to its last record.
///
///     EventFile events("runs/cora", 1);
///     events.add(epoch, {{{"loss/train", loss}, {"accuracy/validation", accuracy}}});
class EventFile {
 public:
  /// @param folder      made if it is missing
  /// @param first_step  that will be added
  /// @throws FileError  the system refuses
  EventFile(const std::string& folder, std::int64_t first_step);
  /// Writes what is left, as far as the system lets it.
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// One event with all the scalars, which are rounded to float32 as the format has them.
  /// @throws FileError  the system refuses
  void add(std::int64_t step, std::span<const Scalar> scalars);

  /// Hands everything to the system.
  /// @throws FileError  the system refuses
  void flush();

  /// Of the file.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  using Clock = std::chrono::steady_clock;

  void append(const std::string& event);

  std::string path_;
  int descriptor_ = -1;
  std::string waiting_;  // records that are not in the file yet
  Clock::time_point flushed_ = Clock::now();
};

/// CRC-32C (Castagnoli) of the bytes, as RFC 3720 has it: of "123456789" it is 0xE3069283.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace attune::train
