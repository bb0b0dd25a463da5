#include "tables.hpp"

#include <bcda/arrow.h>
#include <pybind11/stl.h>

#include <bcda/bcda.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config.hpp"
#include "errors.hpp"
#include "text.hpp"
#include "waiting.hpp"

namespace bcda_python {
namespace {

namespace py = pybind11;

// A structure of Arrow in a capsule of the given name, which releases it unless a consumer has taken it
// (arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html).
template <class Structure>
py::object capsule_of(std::unique_ptr<Structure> structure, const char* name) {
  const auto release = [](PyObject* capsule) {
    auto* held = static_cast<Structure*>(PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule)));
    if (held->release) held->release(held);
    delete held;
  };
  PyObject* const capsule = PyCapsule_New(structure.get(), name, release);
  if (!capsule) {
    structure->release(structure.get());
    throw py::error_already_set();
  }
  structure.release();
  return py::reinterpret_steal<py::object>(capsule);
}

// Sets a flag while it lives.
struct Raised {
  explicit Raised(bool& which) : flag(which) { flag = true; }
  ~Raised() { flag = false; }
  Raised(const Raised&) = delete;
  Raised& operator=(const Raised&) = delete;

  bool& flag;
};

// Tables that are read in one pass.
class Tables {
 public:
  Tables(Config& config, const std::vector<std::string>& paths, const std::vector<std::string>& tables)
      : tables_(config.use([&] { return outside([&] { return bcda::Tables(paths, tables, config.native()); }); })) {}

  py::object schema(std::int32_t table) const {
    auto schema = std::make_unique<ArrowSchema>();
    tables_.schema(table, *schema);
    return capsule_of(std::move(schema), "arrow_schema");
  }

  // (number of the table, batch), or None.
  py::object next() {
    auto batch = std::make_unique<ArrowArray>();
    std::int32_t table = 0;
    if (!alone([&] { return tables_.next(table, *batch); })) return py::none();
    return py::make_tuple(table, capsule_of(std::move(batch), "arrow_array"));
  }

  // The next bytes of a file of the first table, or None.
  py::object encode(const std::string& format) {
    std::string_view piece;
    const bool found = alone([&] {
      std::int32_t table = 0;
      return tables_.encode(format, table, piece);
    });
    if (!found) return py::none();
    return py::bytes(piece.data(), piece.size());
  }

  std::int64_t rows() {
    return alone([&] { return tables_.rows(0); });
  }
  std::int64_t nulled() {
    return alone([&] { return tables_.nulled(); });
  }

 private:
  // Runs `read` without the GIL, for one thread at a time.
  template <class Read>
  std::invoke_result_t<Read> alone(Read read) {
    if (busy_) throw Failure{BCDA_STATE, "another thread reads from these tables"};
    const Raised raised(busy_);
    return outside(std::move(read));
  }

  bcda::Tables tables_;
  bool busy_ = false;
};

py::object open_table(Config& config, const std::vector<std::string>& paths, const std::string& table) {
  auto stream = std::make_unique<ArrowArrayStream>();
  config.use([&] { outside([&] { bcda::open_table(paths, table, config.native(), *stream); }); });
  return capsule_of(std::move(stream), "arrow_array_stream");
}

}  // namespace

void add_tables(py::module_& module) {
  module.def("table_names", &bcda::table_names);
  module.def(
      "table_columns", [](const std::string& table) { return text(bcda::table_columns(table)); }, py::arg("table"));
  module.def(
      "table_view",
      [](const std::string& table, const std::string& generation) { return text(bcda::table_view(table, generation)); },
      py::arg("table"), py::arg("generation"));
  module.def("open_table", &open_table, py::arg("settings"), py::arg("paths"), py::arg("table"));
  py::class_<Tables>(module, "Tables")
      .def(py::init<Config&, const std::vector<std::string>&, const std::vector<std::string>&>(), py::arg("settings"),
           py::arg("paths"), py::arg("tables"))
      .def("schema", &Tables::schema, py::arg("table"))
      .def("next", &Tables::next)
      .def("encode", &Tables::encode, py::arg("format"))
      .def_property_readonly("rows", &Tables::rows)
      .def_property_readonly("nulled", &Tables::nulled);
}

}  // namespace bcda_python
