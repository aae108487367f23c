#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "support/event_reader.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensors.hpp"
#include <attune/core/error.hpp>
#include <attune/train/event_file.hpp>

using attune::FileError;
using attune::testing::Event;
using attune::testing::message_of;
using attune::testing::read_events;
using attune::testing::slurp;
using attune::testing::TemporaryFolder;
using attune::train::EventFile;
using attune::train::Scalar;

TEST_CASE("crc32c: the check values of RFC 3720", "[train][tensorboard]") {
  CHECK(attune::train::crc32c("") == 0);
  CHECK(attune::train::crc32c("123456789") == 0xE3069283);
  CHECK(attune::train::crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(attune::train::crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
}

TEST_CASE("EventFile: another reader finds what was added", "[train][tensorboard]") {
  const TemporaryFolder folder;
  std::string path;
  {
    EventFile file(folder.path("deep/run"), 5);
    path = file.path();
    file.add(5, std::vector<Scalar>{{"loss/train", 1.5}, {"learning_rate", 0.005}});
    file.add(300, std::vector<Scalar>{{"loss/train", -0.25}});
    file.add(std::int64_t{1} << 40, std::vector<Scalar>{{std::string(300, 'x'), HUGE_VAL}});
  }
  const std::vector<Event> events = read_events(slurp(path));
  REQUIRE(events.size() == 5);
  CHECK(events[0].file_version == "brain.Event:2");
  CHECK(events[1].step == 5);
  CHECK(events[1].session_status == 1);  // START
  CHECK(events[2].step == 5);
  CHECK(events[2].scalars ==
        std::map<std::string, float>{{"loss/train", 1.5F}, {"learning_rate", 0.005F}});
  CHECK(events[3].step == 300);
  CHECK(events[3].scalars == std::map<std::string, float>{{"loss/train", -0.25F}});
  CHECK(events[4].step == std::int64_t{1} << 40);
  CHECK(events[4].scalars.begin()->first == std::string(300, 'x'));
  for (const Event& event : events) {
    CHECK(event.wall_time > 1.7e9);  // seconds since 1970
    CHECK(event.wall_time < 1e11);
  }
  CHECK_THAT(path, Catch::Contains("deep/run/events.out.tfevents."));
}

TEST_CASE("EventFile: the other reader does find damage", "[train][tensorboard]") {
  const TemporaryFolder folder;
  std::string path;
  {
    EventFile file(folder.path("run"), 1);
    path = file.path();
    file.add(1, std::vector<Scalar>{{"a", 1}});
  }
  const std::string good = slurp(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    CAPTURE(at);
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    CHECK_THROWS_AS(read_events(bad), std::runtime_error);
  }
}

TEST_CASE("EventFile: files of one folder and process do not meet", "[train][tensorboard]") {
  const TemporaryFolder folder;
  const EventFile first(folder.path("run"), 1);
  const EventFile second(folder.path("run"), 1);
  CHECK(first.path() != second.path());
  CHECK(folder.files().size() == 2);
}

TEST_CASE("EventFile: flush hands everything to the system", "[train][tensorboard]") {
  const TemporaryFolder folder;
  EventFile file(folder.path("run"), 1);
  file.add(1, std::vector<Scalar>{{"a", 1}});
  file.flush();
  CHECK(read_events(slurp(file.path())).size() == 3);
}

TEST_CASE("EventFile: a folder that cannot be made is named", "[train][tensorboard]") {
  const TemporaryFolder folder;
  const std::string blocked = folder.write("file", "");
  CHECK_THAT(message_of<FileError>([&] { const EventFile file(blocked + "/run", 1); }),
             Catch::Contains(blocked));
}
