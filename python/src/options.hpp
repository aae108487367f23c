#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>

#include <attune/core/error.hpp>
#include <attune/core/suggest.hpp>
#include <attune/core/text.hpp>

namespace attune::python {

namespace py = pybind11;

/// The values of an enumeration by their names.
template <class E>
using Names = std::vector<std::pair<E, const char*>>;

/// Specialised for each enumeration among options.
template <class E>
const Names<E>& names_of();

/// Fills the members of an options struct from keyword arguments. A function each_option(options,
/// visitor) lists the members once, for this and for ToDict:
///
///     FromKeywords read("GATConv", keywords);
///     each_option(options, read);
///     read.finish();
class FromKeywords {
 public:
  FromKeywords(const char* who, py::dict keywords) : who_(who), keywords_(std::move(keywords)) {}

  /// @throws InvalidArgument  the keyword is there with a value of another kind
  template <class T>
  void operator()(const char* name, T& option) {
    known_.emplace_back(name);
    if (keywords_.contains(name)) {
      read(name, keywords_[name], option);
    }
  }

  /// @throws py::type_error  a keyword that no option has, as Python does
  void finish() const {
    for (const auto& [keyword, value] : keywords_) {
      const std::string name = py::str(keyword);
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        throw py::type_error(
            core::text(who_, ": unknown option \"", name, '"', core::suggestion(name, known_)));
      }
    }
  }

 private:
  [[noreturn]] void fail(const char* name, const char* expected, const py::handle& value) const {
    throw InvalidArgument(core::text(who_, ": ", name, " must be ", expected, ", got ",
                                     std::string(py::repr(value))));
  }

  void read(const char* name, const py::handle& value, bool& option) const {
    if (!PyBool_Check(value.ptr())) {
      fail(name, "True or False", value);
    }
    option = value.ptr() == Py_True;
  }
  void read(const char* name, const py::handle& value, std::int64_t& option) const {
    option = PyIndex_Check(value.ptr()) != 0 ? PyLong_AsLongLong(value.ptr()) : -1;
    if (PyIndex_Check(value.ptr()) == 0 || PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      fail(name, "a whole number", value);
    }
  }
  void read(const char* name, const py::handle& value, double& option) const {
    option = PyFloat_AsDouble(value.ptr());
    if (PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      fail(name, "a number", value);
    }
  }
  template <class T>
  void read(const char* name, const py::handle& value, std::optional<T>& option) const {
    option = std::nullopt;
    if (!value.is_none()) {
      read(name, value, option.emplace());
    }
  }
  template <class E>
  requires std::is_enum_v<E>
  void read(const char* name, const py::handle& value, E& option) const {
    std::string expected;
    for (const auto& [known, known_name] : names_of<E>()) {
      if (py::isinstance<py::str>(value) && std::string(py::str(value)) == known_name) {
        option = known;
        return;
      }
      expected += core::text(expected.empty() ? "\"" : ", \"", known_name, '"');
    }
    fail(name, expected.c_str(), value);
  }

  const char* who_;
  py::dict keywords_;
  std::vector<std::string> known_;
};

/// The members of an options struct by name.
class ToDict {
 public:
  template <class T>
  void operator()(const char* name, const T& option) {
    if constexpr (std::is_enum_v<T>) {
      for (const auto& [value, value_name] : names_of<T>()) {
        if (value == option) {
          dict_[name] = value_name;
        }
      }
    } else {
      dict_[name] = option;
    }
  }
  template <class T>
  void operator()(const char* name, const std::optional<T>& option) {
    dict_[name] = option ? py::cast(*option) : py::none();
  }

  [[nodiscard]] py::dict dict() const { return dict_; }

 private:
  py::dict dict_;
};

}  // namespace attune::python
