// Text between C++ and Python. Text from a server or a file system may be invalid UTF-8.
#pragma once
#include <pybind11/pybind11.h>

#include <optional>
#include <string_view>

namespace bcda_python {

namespace py = pybind11;

// Invalid UTF-8 becomes U+FFFD.
inline py::str text(std::string_view bytes) {
  PyObject* const made = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  if (!made) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(made);
}

// A path. os.fsencode returns the same bytes.
inline py::str path_text(std::string_view bytes) {
  PyObject* const made = PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
  if (!made) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(made);
}

// Returns None for -1, which means "does not apply".
template <class Number>
py::object unless_negative(Number value) {
  return value < 0 ? py::object(py::none()) : py::object(py::cast(value));
}

}  // namespace bcda_python
