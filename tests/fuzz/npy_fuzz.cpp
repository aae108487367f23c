#include <numeric>

#include "fuzz/target.hpp"
#include <attune/data/npy.hpp>

namespace attune::fuzz {

void run(std::string_view input) {
  const data::NpyArray array = data::parse_npy(input, "input.npy");
  if (array.type() == data::NpyType::text) {
    (void)array.strings();
  } else {
    (void)array.doubles();
    (void)array.floats();
    (void)array.ints();
  }
}

std::vector<std::string> seeds() {
  std::vector<double> numbers(12);
  std::iota(numbers.begin(), numbers.end(), -3.0);
  const std::vector<float> floats{1, 2, 3, 4};
  const std::vector<std::int64_t> wide{1, -2, 3};
  const std::vector<std::int32_t> narrow{4, 5};
  const std::vector<std::uint8_t> bytes{0, 1, 1};
  const std::vector<std::string> strings{"a", "bc", ""};
  using data::NpyArray;
  std::vector<std::string> seeds;
  for (const NpyArray& array :
       {NpyArray::from(numbers, {3, 4}), NpyArray::from(floats, {4}), NpyArray::from(wide, {3, 1}),
        NpyArray::from(narrow, {2}), NpyArray::from(bytes, {3}), NpyArray::from_bools(bytes, {3}),
        NpyArray::from_strings(strings)}) {
    seeds.push_back(data::encode_npy(array));
  }
  return seeds;
}

}  // namespace attune::fuzz
