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
#include "run.hpp"
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
  Tables(Config& config, const py::object& client, const std::string& token, const std::vector<std::string>& tables)
      : client_(client_of(client)),
        tables_(config.use([&] {
          return outside([&] { return bcda::Tables(bcda::Partition{token, client_.get()}, tables, config.native()); });
        })),
        is_partition_(true) {}

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
    if (is_partition_) return interruptible(std::move(read), [this] { tables_.cancel(); });
    return outside(std::move(read));
  }

  std::shared_ptr<bcda::Client> client_;
  bcda::Tables tables_;
  bool is_partition_ = false;
  bool busy_ = false;
};

py::object open_table(Config& config, const std::vector<std::string>& paths, const std::string& table) {
  auto stream = std::make_unique<ArrowArrayStream>();
  config.use([&] { outside([&] { bcda::open_table(paths, table, config.native(), *stream); }); });
  return capsule_of(std::move(stream), "arrow_array_stream");
}

py::object open_partition(Config& config, const py::object& client, const std::string& token,
                          const std::string& table) {
  auto stream = std::make_unique<ArrowArrayStream>();
  const auto native = client_of(client);
  config.use([&] {
    outside([&] { bcda::open_table(bcda::Partition{token, native.get()}, table, config.native(), *stream); });
  });
  return capsule_of(std::move(stream), "arrow_array_stream");
}

py::str partitions(Config& config, const py::object& client, const std::string& manifest,
                   const std::vector<std::string>& paths, std::int32_t count) {
  const auto native = client_of(client);
  return text(config.use([&] {
    return outside([&] {
      return native ? bcda::partitions(*native, manifest, count, config.native())
                    : bcda::partitions(paths, count, config.native());
    });
  }));
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
  module.def("partitions", &partitions, py::arg("settings"), py::arg("client").none(true), py::arg("manifest"),
             py::arg("paths"), py::arg("count"));
  module.def("open_partition", &open_partition, py::arg("settings"), py::arg("client").none(true), py::arg("token"),
             py::arg("table"));
  py::class_<Tables>(module, "Tables")
      .def(py::init<Config&, const std::vector<std::string>&, const std::vector<std::string>&>(), py::arg("settings"),
           py::arg("paths"), py::arg("tables"))
      .def(py::init<Config&, const py::object&, const std::string&, const std::vector<std::string>&>(),
           py::arg("settings"), py::arg("client").none(true), py::arg("token"), py::arg("tables"))
      .def("schema", &Tables::schema, py::arg("table"))
      .def("next", &Tables::next)
      .def("encode", &Tables::encode, py::arg("format"))
      .def_property_readonly("rows", &Tables::rows)
      .def_property_readonly("nulled", &Tables::nulled);
}

}  // namespace bcda_python
