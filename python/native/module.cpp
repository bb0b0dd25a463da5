// bcda._native: a flat Python binding of bcda.hpp. Users see only the package around it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bcda/bcda.hpp>
#include <string>
#include <vector>

#include "commands.hpp"
#include "config.hpp"
#include "decrypt.hpp"
#include "errors.hpp"
#include "reader.hpp"
#include "run.hpp"
#include "sandbox.hpp"
#include "tables.hpp"
#include "text.hpp"
#include "waiting.hpp"

namespace bcda_python {
namespace {

py::list statuses() {
  py::list rows;
  for (const bcda::Status status : bcda::statuses()) {
    py::dict row;
    row["name"] = text(bcda::status_name(status));
    row["number"] = static_cast<int>(status);
    row["exit_code"] = bcda::exit_code(status);
    row["description"] = text(bcda::status_description(status));
    rows.append(row);
  }
  return rows;
}

py::dict row_of(const bcda::Setting& setting) {
  py::dict row;
  row["name"] = text(setting.name());
  row["type"] = text(setting.type_name());
  row["default"] = text(setting.default_value());
  row["choices"] = text(setting.choices());
  row["env"] = text(setting.env());
  row["help"] = text(setting.help());
  constexpr const char* scopes[] = {"client", "export", "table", "partition"};
  row["scope"] = scopes[setting.scope()];
  row["secret"] = setting.secret();
  row["of_request"] = setting.of_request();
  row["for_opening"] = setting.for_opening();
  return row;
}

py::list settings() {
  py::list rows;
  for (const bcda::Setting& setting : bcda::settings()) rows.append(row_of(setting));
  return rows;
}

py::object find_setting(const std::string& name) {
  const bcda_setting* const found = bcda_setting_find(name.c_str());
  return found ? py::object(row_of(bcda::Setting(found))) : py::object(py::none());
}

std::string directory_status(const std::string& directory) {
  return outside([&] { return bcda::directory_status(directory); });
}

int command(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  const Outside left;
  return cli::run(static_cast<int>(argv.size()), argv.data());
}

}  // namespace
}  // namespace bcda_python

PYBIND11_MODULE(_native, module) {
  using namespace bcda_python;
  translate_errors();
  gil_refused();  // creates the state now, so that its fork handlers are registered
  module.attr("version") = text(bcda::version());
  module.attr("version_details") = text(bcda::version_details());
  module.def("statuses", &statuses);
  module.def("settings", &settings);
  module.def("profiles", [] { return text(bcda::profiles()); });
  module.def(
      "directory_status", [](const std::string& directory) { return text(directory_status(directory)); },
      py::arg("directory"));
  module.def(
      "live_handles", [] { return bcda::live_handles(); },
      "How many native handles of this process were not closed or collected. For tests that look for one that was "
      "lost.");
  module.def("find_setting", &find_setting, py::arg("name"));
  module.def("command", &command, py::arg("arguments"));
  add_config(module);
  add_runs(module);
  add_reader(module);
  add_tables(module);
  add_decrypt(module);
  add_sandbox(module);
  py::module_::import("atexit").attr("register")(py::cpp_function(&end_all_runs));
}
