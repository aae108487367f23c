#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <attune/core/random.hpp>

namespace attune::data {

// Streams of what generated scenes are drawn from, one a concern, so that changing one leaves the
// others.
enum SceneStream : std::uint32_t { kObjects, kProjection, kRegionNoise, kAnnotators, kQuestions };

/// Draws one after another, from numbers that belong to one scene.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint32_t stream, std::int64_t scene)
      : random_(seed, core::Purpose::generation, stream),
        next_(static_cast<std::uint64_t>(scene) << kPerScene) {}

  void skip(std::int64_t draws) { next_ += static_cast<std::uint64_t>(draws); }

  /// In [0, 1).
  double uniform() { return random_.uniform(next_++); }
  double normal() { return random_.normal(next_++); }
  /// In [0, bound).
  int below(int bound) {
    return static_cast<int>(random_.below(next_++, static_cast<std::uint64_t>(bound)));
  }
  /// One of a list that is not empty.
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))];
  }
  template <class List>
  void shuffle(List& list) {
    for (std::size_t left = list.size(); left > 1; --left) {
      std::swap(list[left - 1], list[static_cast<std::size_t>(below(static_cast<int>(left)))]);
    }
  }

 private:
  static constexpr int kPerScene = 24;  // 2^24 draws a scene, of 2^36 scenes

  core::RandomStream random_;
  std::uint64_t next_;
};

}  // namespace attune::data
