// Errors of the library as Python exceptions (bcda._errors).
#pragma once
#include <pybind11/pybind11.h>

#include <bcda/bcda.hpp>
#include <string>

namespace bcda_python {

namespace py = pybind11;

// A failure of the binding's own, with a status of the table.
struct Failure {
  bcda::Status status;
  std::string message;
};

// Makes bcda::Error and Failure come out of this module as exceptions of bcda._errors.
void translate_errors();

// Throws `error` into Python with `cause` (None for none) as its __cause__; a cause that is no mere Exception, such as
// KeyboardInterrupt, goes up in its place. With the GIL.
[[noreturn]] void raise(const bcda::Error& error, const py::object& cause);

}  // namespace bcda_python
