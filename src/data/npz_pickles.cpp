#include "data/npz_pickles.hpp"

#include "data/pickle.hpp"
#include "data/pickled_matrix.hpp"
#include "data/quoted.hpp"
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>

namespace attune::data {

using core::text;

FeatureRows read_pickled_member(const NpzArchive& npz, const std::string& member,
                                std::int64_t max_columns) {
  const std::string path = text(npz.path(), ": member ", quoted(member), ", unpickled");
  const Pickle pickle = Pickle::parse(npz.pickle(member), path);
  const PickleArray& box = pickle.array(pickle.root());
  const std::span<const PickleValue> objects = pickle.items(box.objects);
  if (box.type != 'O' || !box.shape.empty() || objects.size() != 1) {
    throw FileError(path, text("expected an array of no dimension and one object, found ",
                               box.type == 'O' ? text("one of ", box.shape.size(), " dimensions")
                                               : to_string(pickle.root().kind)));
  }
  return read_pickled_matrix(pickle, objects.front(), path, max_columns);
}

}  // namespace attune::data
