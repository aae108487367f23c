// attune's errors as Python exceptions, with the same text. They derive from attune.Error and from
// the exception of Python's own that says the same.
#include <pybind11/pybind11.h>

#include "module.hpp"
#include <attune/core/error.hpp>

namespace attune::python {

namespace {

// Never released: the translator may be called for as long as the interpreter lives.
PyObject* error_type = nullptr;
PyObject* invalid_argument_type = nullptr;
PyObject* shape_error_type = nullptr;
PyObject* file_error_type = nullptr;

PyObject* add_exception(py::module_& module, const char* name, const char* doc,
                        const py::tuple& bases) {
  const std::string full = std::string("attune.") + name;
  PyObject* const type = PyErr_NewExceptionWithDoc(full.c_str(), doc, bases.ptr(), nullptr);
  if (type == nullptr) {
    throw py::error_already_set();
  }
  module.add_object(name, py::reinterpret_borrow<py::object>(type));
  return type;
}

void raise_file_error(const FileError& error) {
  const py::object exception = py::handle(file_error_type)(error.what());
  exception.attr("path") = error.path();
  exception.attr("position") =
      error.position() ? py::cast(*error.position()) : py::object(py::none());
  PyErr_SetObject(file_error_type, exception.ptr());
}

void translate(std::exception_ptr thrown) {
  try {
    if (thrown) {
      std::rethrow_exception(thrown);
    }
  } catch (const FileError& error) {
    raise_file_error(error);
  } catch (const ShapeError& error) {
    PyErr_SetString(shape_error_type, error.what());
  } catch (const InvalidArgument& error) {
    PyErr_SetString(invalid_argument_type, error.what());
  } catch (const Error& error) {
    PyErr_SetString(error_type, error.what());
  }
}

}  // namespace

void bind_errors(py::module_& module) {
  const py::handle value_error = PyExc_ValueError;
  error_type = add_exception(module, "Error",
                             "Base of every error of attune. The message says who, what was "
                             "expected and what came.",
                             py::make_tuple(py::handle(PyExc_Exception)));
  const py::handle base = error_type;
  invalid_argument_type =
      add_exception(module, "InvalidArgument", "A setting or an argument outside its range.",
                    py::make_tuple(base, value_error));
  shape_error_type =
      add_exception(module, "ShapeError", "An array whose shape or element type does not fit.",
                    py::make_tuple(base, value_error));
  file_error_type = add_exception(
      module, "FileError",
      "A file that is missing, unreadable, malformed or contradictory: `path`, and `position`, the "
      "byte of a binary file or the line of a text file, None where the whole file is meant.",
      py::make_tuple(base, py::handle(PyExc_OSError), value_error));
  py::register_exception_translator(translate);
}

}  // namespace attune::python
