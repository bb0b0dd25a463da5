#include "config.hpp"

#include <pybind11/stl.h>

#include "text.hpp"
#include "waiting.hpp"

namespace bcda_python {

void Config::set(const std::string& name, const std::optional<std::string>& value) {
  config_.set(name, value ? value->c_str() : nullptr);
}

// The library calls the provider on the thread that creates the client, starts the run or decrypts. That thread has
// released the GIL.
void Config::set_provider(const std::string& name, py::function provider) {
  config_.set_provider(name, [name, provider = std::make_shared<py::function>(std::move(provider)), raised = raised_] {
    const Inside here;
    try {
      return py::cast<std::string>((*provider)());
    } catch (py::error_already_set& error) {
      *raised = {name, error.value()};
      throw;
    } catch (const py::cast_error&) {
      *raised = {name, py::module_::import("builtins").attr("TypeError")("it returned something that is not text")};
      throw;
    }
  });
}

std::string Config::Raised::message() const {
  if (exception.is_none()) return "";
  return "the function of the setting " + setting + " failed with " + Py_TYPE(exception.ptr())->tp_name +
         "; see __cause__";
}

void add_config(py::module_& module) {
  py::class_<Config>(module, "Config")
      .def(py::init<>())
      .def("set", &Config::set, py::arg("name"), py::arg("value").none(true))
      .def("set_provider", &Config::set_provider, py::arg("name"), py::arg("provider"))
      .def(
          "add",
          [](Config& config, const std::string& name, const std::string& item) { config.native().add(name, item); },
          py::arg("name"), py::arg("item"))
      .def(
          "get", [](Config& config, const std::string& name) { return path_text(config.native().value(name)); },
          py::arg("name"))
      .def("load_env", [](Config& config) { config.native().load_env(); })
      .def(
          "load_file", [](Config& config, const std::string& path) { config.native().load_file(path); },
          py::arg("path"));
}

}  // namespace bcda_python
