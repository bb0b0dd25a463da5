#include "errors.hpp"

#include <stdexcept>

#include "text.hpp"

namespace bcda_python {
namespace {

py::object from_native(const bcda::Error& error, const py::object& cause, const std::string& message) {
  return py::module_::import("bcda._errors")
      .attr("from_native")(text(bcda::status_name(error.status())), text(message), error.http_status(),
                           text(error.outcome()), path_text(error.file()), error.retriable(),
                           error.retry_after().count(), cause);
}

void set(const py::object& exception) {
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

}  // namespace

void translate_errors() {
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      try {
        std::rethrow_exception(thrown);
      } catch (const bcda::Error& error) {
        set(from_native(error, py::none(), error.what()));
      } catch (const Failure& failure) {
        set(py::module_::import("bcda._errors")
                .attr("from_native")(text(bcda::status_name(failure.status)), text(failure.message)));
      } catch (const std::invalid_argument& error) {  // a string that contains a NUL
        set(py::module_::import("bcda._errors")
                .attr("from_native")(text(bcda::status_name(BCDA_INVALID_ARGUMENT)), text(error.what())));
      }
    } catch (py::error_already_set& error) {  // creating the exception failed
      error.restore();
    }
  });
}

void raise(const bcda::Error& error, const py::object& cause, const std::string& message) {
  const bool interrupt = !cause.is_none() && PyObject_IsInstance(cause.ptr(), PyExc_Exception) == 0;
  set(interrupt ? cause : from_native(error, cause, message.empty() ? std::string(error.what()) : message));
  throw py::error_already_set();
}

}  // namespace bcda_python
