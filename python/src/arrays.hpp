#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <attune/autograd/variable.hpp>
#include <attune/core/tensor.hpp>
#include <attune/nn/features.hpp>

namespace attune::python {

namespace py = pybind11;

/// Whether Python may write through a view.
enum class Access : std::uint8_t { read, write };

/// The tensor's own elements as a numpy array, which keeps them alive.
[[nodiscard]] py::array view_of(const core::Tensor& tensor, Access access = Access::read);

/// Elements that live as long as a copy of `owner` as a read-only numpy array, [elements.size()].
template <class T, class Owner>
[[nodiscard]] py::array view_of(std::span<const T> elements, const Owner& owner) {
  const py::capsule keeper(new Owner(owner), [](void* kept) { delete static_cast<Owner*>(kept); });
  py::array_t<T> view(static_cast<py::ssize_t>(elements.size()), elements.data(), keeper);
  view.attr("flags").attr("writeable") = false;
  return view;
}

/// What an argument is called in messages: `GATConv.forward`, `x`.
struct Argument {
  const char* who;
  const char* name;
};

/// Floating-point numbers of a numpy array. Those of an array that attune made, such as the output
/// of a layer, and of any other that is C-contiguous and aligned to 64 bytes are shared; the rest
/// is copied once, into memory that is.
/// @throws InvalidArgument  not a numpy array
/// @throws ShapeError       of another element type or another number of axes
[[nodiscard]] core::Tensor tensor_of(const py::object& array, const Argument& argument, int rank,
                                     core::DType dtype = core::DType::f32);

/// Whole numbers of an array or a list of one axis, or of a shape [rows, n] one row after another.
/// @throws InvalidArgument  not whole numbers
/// @throws ShapeError       of another shape
[[nodiscard]] std::vector<std::int64_t> integers_of(const py::object& array,
                                                    const Argument& argument);
/// As above, [2, n].
[[nodiscard]] std::vector<std::int64_t> integer_pairs_of(const py::object& array,
                                                         const Argument& argument);

/// Numbers of the nodes that an array of booleans, [num_nodes], or of whole numbers names,
/// ascending; none for None.
[[nodiscard]] std::vector<std::int64_t> nodes_of(const py::object& array, const Argument& argument,
                                                 std::int64_t num_nodes);

/// One byte each of an array of booleans, [count]; none for None.
[[nodiscard]] std::vector<std::uint8_t> mask_of(const py::object& array, const Argument& argument,
                                                std::int64_t count);

/// A matrix in compressed rows as scipy's csr_matrix has it, or a tuple (data, indices, indptr) or
/// (data, indices, indptr, shape).
struct SparseRows {
  core::Tensor values;
  std::vector<std::int64_t> col_idx;
  std::vector<std::int64_t> row_ptr;
  std::optional<std::int64_t> columns;  // none: nobody said
};
/// None where the argument is no such thing.
[[nodiscard]] std::optional<SparseRows> sparse_rows_of(const py::object& matrix,
                                                       const Argument& argument,
                                                       core::DType dtype = core::DType::f32);

/// Node features of a layer, dense or sparse.
/// @param channels  of a matrix that does not say
[[nodiscard]] nn::Features features_of(const py::object& x, const Argument& argument,
                                       std::int64_t channels, core::DType dtype);

/// An array of attune's own memory, which layers take without a copy.
[[nodiscard]] py::array empty(const std::vector<std::int64_t>& shape, const std::string& dtype);

/// `float32` or `float64`.
[[nodiscard]] core::DType dtype_of(const std::string& name);

/// float64 of such an array, float32 of any other, which tensor_of() then takes or refuses.
[[nodiscard]] core::DType dtype_of_array(const py::object& array);

}  // namespace attune::python
