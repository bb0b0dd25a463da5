// Text between C++ and Python: what comes from a server or a file system need not be UTF-8.
#pragma once
#include <pybind11/pybind11.h>

#include <optional>
#include <string_view>

namespace bcda_python {

namespace py = pybind11;

// With U+FFFD for what is not UTF-8.
inline py::str text(std::string_view bytes) {
  PyObject* const made = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  if (!made) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(made);
}

// A path, so that os.fsencode gives the same bytes back.
inline py::str path_text(std::string_view bytes) {
  PyObject* const made = PyUnicode_DecodeFSDefaultAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
  if (!made) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(made);
}

// None for the -1 that stands for "does not apply".
template <class Number>
py::object unless_negative(Number value) {
  return value < 0 ? py::object(py::none()) : py::object(py::cast(value));
}

}  // namespace bcda_python
