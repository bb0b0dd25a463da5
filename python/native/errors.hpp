// Errors of the library as Python exceptions (bcda._errors).
#pragma once
#include <pybind11/pybind11.h>

#include <bcda/bcda.hpp>
#include <string>

namespace bcda_python {

namespace py = pybind11;

// A failure in the binding itself, with a status of the library's table.
struct Failure {
  bcda::Status status;
  std::string message;
};

// Registers a translator that turns bcda::Error and Failure into exceptions of bcda._errors.
void translate_errors();

// Throws `error` into Python with `cause` (or None) as its __cause__, and with `message` instead of its own unless that
// is empty. If the cause is not a subclass of Exception, such as KeyboardInterrupt, the cause itself is thrown instead.
// The caller must hold the GIL.
[[noreturn]] void raise(const bcda::Error& error, const py::object& cause, const std::string& message);

}  // namespace bcda_python
