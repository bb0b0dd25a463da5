#include "sandbox.hpp"

#include <pybind11/stl.h>

#include <bcda/bcda_sandbox.hpp>
#include <optional>
#include <string>
#include <utility>

#include "errors.hpp"
#include "text.hpp"
#include "waiting.hpp"

namespace bcda_python {
namespace {

namespace py = pybind11;

class Sandbox {
 public:
  explicit Sandbox(const bcda::Sandbox::Options& options) {
    outside([&] { sandbox_.emplace(options); });
  }
  ~Sandbox() { close(); }

  void close() {
    auto going = std::exchange(sandbox_, std::nullopt);
    const Outside left;
    going.reset();
  }
  bool closed() const { return !sandbox_; }

  bcda::Sandbox& native() {
    if (!sandbox_) throw Failure{BCDA_STATE, "the sandbox is closed"};
    return *sandbox_;
  }

 private:
  std::optional<bcda::Sandbox> sandbox_;
};

py::list options() {
  py::list rows;
  for (const bcda::SandboxOption& option : bcda::sandbox_options()) {
    py::dict row;
    row["name"] = text(option.name);
    row["default"] = text(option.default_value);
    row["help"] = text(option.help);
    rows.append(row);
  }
  return rows;
}

}  // namespace

void add_sandbox(py::module_& module) {
  module.def("sandbox_options", &options);
  py::class_<Sandbox>(module, "Sandbox")
      .def(py::init<const bcda::Sandbox::Options&>(), py::arg("options"))
      .def(
          "control",
          [](Sandbox& s, const std::string& name, const std::string& value) { s.native().control(name, value); },
          py::arg("name"), py::arg("value"))
      .def(
          "request_count", [](Sandbox& s, const std::string& prefix) { return s.native().request_count(prefix); },
          py::arg("prefix"))
      .def("close", &Sandbox::close)
      .def_property_readonly("closed", &Sandbox::closed)
      .def_property_readonly("url", [](Sandbox& s) { return text(s.native().url()); })
      .def_property_readonly("client_id", [](Sandbox& s) { return text(s.native().client_id()); })
      .def_property_readonly("client_secret", [](Sandbox& s) { return text(s.native().client_secret()); })
      .def_property_readonly("private_key", [](Sandbox& s) { return path_text(s.native().private_key()); })
      .def_property_readonly("ca_file", [](Sandbox& s) { return path_text(s.native().ca_file()); })
      .def_property_readonly("settings",
                             [](Sandbox& s) {
                               py::dict all;
                               for (const auto& [name, value] : s.native().settings())
                                 all[text(name)] = path_text(value);
                               return all;
                             })
      .def_property_readonly("json", [](Sandbox& s) { return text(s.native().json()); });
}

}  // namespace bcda_python
