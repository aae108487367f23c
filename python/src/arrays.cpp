#include "arrays.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include <attune/core/borrowed.hpp>
#include <attune/core/error.hpp>
#include <attune/core/text.hpp>
#include <attune/sparse/csr_matrix.hpp>

namespace attune::python {

using core::DType;
using core::Shape;
using core::Tensor;
using core::text;

namespace {

constexpr const char* kTensorCapsule = "attune.tensor";

std::string name_of(const Argument& argument) {
  return text(argument.who, ": ", argument.name);
}

std::string kind_of(const py::handle& object) {
  return py::str(py::type::handle_of(object).attr("__name__"));
}

std::string shape_of(const py::array& array) {
  return py::str(py::list(array.attr("shape")));
}

std::string element_type_of(const py::array& array) {
  return py::str(array.dtype());
}

// The tensor in whose memory an array lies; null where it is somebody else's.
const Tensor* owner_of(const py::array& array) {
  py::object base = array.base();
  while (base && py::isinstance<py::array>(base)) {
    base = py::reinterpret_borrow<py::array>(base).base();
  }
  if (!base || PyCapsule_IsValid(base.ptr(), kTensorCapsule) == 0) {
    return nullptr;
  }
  return static_cast<const Tensor*>(PyCapsule_GetPointer(base.ptr(), kTensorCapsule));
}

const void* elements_of(const Tensor& tensor) {
  return core::dispatch(tensor.dtype(),
                        [&]<class T>() -> const void* { return tensor.data<T>().data(); });
}

void* mutable_elements_of(Tensor& tensor) {
  return core::dispatch(tensor.dtype(),
                        [&]<class T>() -> void* { return tensor.mutable_data<T>().data(); });
}

py::dtype numpy_type(DType dtype) {
  return dtype == DType::f32 ? py::dtype::of<float>() : py::dtype::of<double>();
}

// What is not C-contiguous, not aligned or of the other byte order is put right by numpy.
py::array contiguous(const py::array& array, DType dtype) {
  return py::module_::import("numpy").attr("require")(array, numpy_type(dtype),
                                                      py::make_tuple("C", "A"));
}

bool is_aligned(const void* elements) {
  constexpr std::uintptr_t kAlignment = 64;  // that core::borrow() asks for
  return reinterpret_cast<std::uintptr_t>(elements) % kAlignment == 0;
}

// The last handle of the tensor may be dropped on any thread, with or without the GIL.
Tensor borrowed(const py::array& array, const Shape& shape, DType dtype) {
  PyObject* const owner = array.ptr();
  Tensor tensor = core::borrow(array.data(), shape, dtype, [owner] {
    if (Py_IsInitialized() != 0) {
      const py::gil_scoped_acquire acquire;
      Py_DECREF(owner);
    }
  });
  Py_INCREF(owner);
  return tensor;
}

py::array array_of(const py::object& object, const Argument& argument) {
  if (!py::isinstance<py::array>(object)) {
    throw InvalidArgument(text(name_of(argument), " must be a numpy array, got ", kind_of(object)));
  }
  return py::reinterpret_borrow<py::array>(object);
}

Shape checked_shape(const py::array& array, const Argument& argument, int rank) {
  if (array.ndim() != rank) {
    throw ShapeError(text(name_of(argument), " must have ", rank, rank == 1 ? " axis" : " axes",
                          ", got shape ", shape_of(array)));
  }
  const std::vector<std::int64_t> sizes(array.shape(), array.shape() + array.ndim());
  return Shape(sizes);
}

// Lists are arrays on their way.
py::array array_like(const py::object& object, const Argument& argument) {
  if (object.is_none()) {
    throw InvalidArgument(text(name_of(argument), " must be an array, got None"));
  }
  const py::object made = py::module_::import("numpy").attr("asarray")(object);
  return py::reinterpret_borrow<py::array>(made);
}

py::array_t<std::int64_t> whole_numbers(const py::array& array, const Argument& argument) {
  const char kind = array.dtype().kind();
  const bool of_an_empty_list = array.size() == 0 && kind == 'f';
  if (kind != 'i' && kind != 'u' && !of_an_empty_list) {
    throw ShapeError(text(name_of(argument), " must be of integers, got ", element_type_of(array)));
  }
  return py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>::ensure(array);
}

std::vector<std::int64_t> copied(const py::array_t<std::int64_t>& array) {
  return {array.data(), array.data() + array.size()};
}

struct SparseParts {
  py::object data;
  py::object indices;
  py::object indptr;
  py::object shape = py::none();
};

bool has_all(const py::object& object, std::initializer_list<const char*> names) {
  return std::all_of(names.begin(), names.end(),
                     [&](const char* name) { return py::hasattr(object, name); });
}

std::optional<SparseParts> sparse_parts_of(const py::object& matrix, const Argument& argument) {
  if (py::isinstance<py::tuple>(matrix)) {
    const auto parts = py::reinterpret_borrow<py::tuple>(matrix);
    if (parts.size() != 3 && parts.size() != 4) {
      throw InvalidArgument(text(name_of(argument),
                                 " must be an array or (data, indices, indptr[, shape]), got a "
                                 "tuple of ",
                                 parts.size()));
    }
    return SparseParts{.data = parts[0],
                       .indices = parts[1],
                       .indptr = parts[2],
                       .shape = parts.size() == 4 ? py::object(parts[3]) : py::none()};
  }
  if (!has_all(matrix, {"data", "indices", "indptr", "shape"})) {
    return std::nullopt;
  }
  if (py::hasattr(matrix, "format") && std::string(py::str(matrix.attr("format"))) != "csr") {
    throw InvalidArgument(text(name_of(argument), " must be in rows, as csr_matrix is, got ",
                               kind_of(matrix), "; .tocsr() converts"));
  }
  return SparseParts{.data = matrix.attr("data"),
                     .indices = matrix.attr("indices"),
                     .indptr = matrix.attr("indptr"),
                     .shape = matrix.attr("shape")};
}

}  // namespace

py::array view_of(const Tensor& tensor, Access access) {
  if (!tensor.defined()) {
    throw InvalidArgument("view_of: expected a tensor, got one that is undefined");
  }
  auto* const kept = new Tensor(tensor);
  const py::capsule keeper(kept, kTensorCapsule, [](PyObject* capsule) {
    delete static_cast<Tensor*>(PyCapsule_GetPointer(capsule, kTensorCapsule));
  });
  const std::span<const std::int64_t> sizes = tensor.shape().sizes();
  py::array view(numpy_type(tensor.dtype()), std::vector<py::ssize_t>(sizes.begin(), sizes.end()),
                 {}, mutable_elements_of(*kept), keeper);
  if (access == Access::read) {
    view.attr("flags").attr("writeable") = false;
  }
  return view;
}

Tensor tensor_of(const py::object& object, const Argument& argument, int rank, DType dtype) {
  const py::array array = array_of(object, argument);
  if (!array.dtype().equal(numpy_type(dtype))) {
    throw ShapeError(text(name_of(argument), " must be of ", core::to_string(dtype), ", got ",
                          element_type_of(array)));
  }
  const Shape shape = checked_shape(array, argument, rank);
  const bool whole_rows = (array.flags() & py::array::c_style) != 0;
  if (const Tensor* owner = owner_of(array);
      owner != nullptr && whole_rows && owner->dtype() == dtype &&
      owner->num_elements() == shape.num_elements() && elements_of(*owner) == array.data()) {
    return owner->reshape(shape);
  }
  if (whole_rows && shape.num_elements() > 0 && is_aligned(array.data())) {
    return borrowed(array, shape, dtype);
  }
  const py::array source = contiguous(array, dtype);
  Tensor copy = Tensor::empty(shape, dtype);
  if (shape.num_elements() > 0) {
    std::memcpy(mutable_elements_of(copy), source.data(),
                static_cast<std::size_t>(source.nbytes()));
  }
  return copy;
}

std::vector<std::int64_t> integers_of(const py::object& object, const Argument& argument) {
  const py::array array = array_like(object, argument);
  (void)checked_shape(array, argument, 1);
  return copied(whole_numbers(array, argument));
}

std::vector<std::int64_t> integer_pairs_of(const py::object& object, const Argument& argument) {
  const py::array array = array_like(object, argument);
  if (array.ndim() != 2 || array.shape(0) != 2) {
    throw ShapeError(
        text(name_of(argument), " must be [2, num_edges], got shape ", shape_of(array)));
  }
  return copied(whole_numbers(array, argument));
}

std::vector<std::int64_t> nodes_of(const py::object& object, const Argument& argument,
                                   std::int64_t num_nodes) {
  if (object.is_none()) {
    return {};
  }
  const py::array array = array_like(object, argument);
  if (array.dtype().kind() != 'b') {
    std::vector<std::int64_t> nodes = integers_of(object, argument);
    std::sort(nodes.begin(), nodes.end());
    return nodes;
  }
  const std::vector<std::uint8_t> mask = mask_of(object, argument, num_nodes);
  std::vector<std::int64_t> nodes;
  for (std::int64_t node = 0; node < num_nodes; ++node) {
    if (mask[static_cast<std::size_t>(node)] != 0) {
      nodes.push_back(node);
    }
  }
  return nodes;
}

std::vector<std::uint8_t> mask_of(const py::object& object, const Argument& argument,
                                  std::int64_t count) {
  if (object.is_none()) {
    return {};
  }
  const py::array array = array_like(object, argument);
  if (array.dtype().kind() != 'b') {
    throw ShapeError(text(name_of(argument), " must be of bool, got ", element_type_of(array)));
  }
  if (array.ndim() != 1 || array.shape(0) != count) {
    throw ShapeError(
        text(name_of(argument), " must be [", count, "], got shape ", shape_of(array)));
  }
  const auto flags = py::array_t<bool, py::array::c_style | py::array::forcecast>::ensure(array);
  return {flags.data(), flags.data() + count};
}

std::optional<SparseRows> sparse_rows_of(const py::object& matrix, const Argument& argument,
                                         DType dtype) {
  const std::optional<SparseParts> parts = sparse_parts_of(matrix, argument);
  if (!parts) {
    return std::nullopt;
  }
  SparseRows rows{.values = tensor_of(parts->data, argument, 1, dtype),
                  .col_idx = integers_of(parts->indices, argument),
                  .row_ptr = integers_of(parts->indptr, argument),
                  .columns = std::nullopt};
  if (!parts->shape.is_none()) {
    const std::vector<std::int64_t> sizes = integers_of(parts->shape, argument);
    if (sizes.size() != 2 || sizes[0] != std::ssize(rows.row_ptr) - 1) {
      throw ShapeError(text(name_of(argument), " must be [", std::ssize(rows.row_ptr) - 1,
                            ", columns] as its indptr says, got ",
                            std::string(py::str(parts->shape))));
    }
    rows.columns = sizes[1];
  }
  return rows;
}

nn::Features features_of(const py::object& x, const Argument& argument, std::int64_t channels,
                         DType dtype) {
  std::optional<SparseRows> rows = sparse_rows_of(x, argument, dtype);
  if (!rows) {
    return Variable(tensor_of(x, argument, 2, dtype), true);
  }
  const std::int64_t columns = rows->columns.value_or(channels);
  std::vector<std::int32_t> col_idx;
  col_idx.reserve(rows->col_idx.size());
  for (const std::int64_t column : rows->col_idx) {
    if (column < 0 || column >= columns || column > std::numeric_limits<std::int32_t>::max()) {
      throw InvalidArgument(
          text(name_of(argument), ": expected columns 0 to ", columns - 1, ", got ", column));
    }
    col_idx.push_back(static_cast<std::int32_t>(column));
  }
  return sparse::CsrMatrix(columns, std::move(rows->row_ptr), std::move(col_idx),
                           std::move(rows->values));
}

py::array empty(const std::vector<std::int64_t>& shape, const std::string& dtype) {
  return view_of(Tensor::empty(Shape(shape), dtype_of(dtype)), Access::write);
}

DType dtype_of(const std::string& name) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    if (name == core::to_string(dtype)) {
      return dtype;
    }
  }
  throw InvalidArgument(text("dtype: expected float32 or float64, got \"", name, '"'));
}

DType dtype_of_array(const py::object& array) {
  const bool is_double =
      py::isinstance<py::array>(array) &&
      py::reinterpret_borrow<py::array>(array).dtype().equal(py::dtype::of<double>());
  return is_double ? DType::f64 : DType::f32;
}

}  // namespace attune::python
