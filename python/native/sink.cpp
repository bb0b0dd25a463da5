#include "sink.hpp"

#include "waiting.hpp"

namespace bcda_python {
namespace {

namespace py = pybind11;

// A Python object that is used and let go of on threads without the GIL.
class Guarded {
 public:
  explicit Guarded(py::object object) : object_(std::move(object)) {}
  ~Guarded() {
    const Inside here;
    object_ = py::object();
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  const py::object& get() const { return object_; }  // with the GIL

 private:
  py::object object_;
};

class SinkFile : public bcda::SinkFile {
 public:
  explicit SinkFile(py::object file) : file_(std::move(file)) {}
  void write(std::string_view bytes) override {
    const Inside here;
    file_.get().attr("write")(py::bytes(bytes.data(), bytes.size()));
  }
  void commit(std::int64_t size, const std::string& sha256) override {
    const Inside here;
    file_.get().attr("commit")(size, sha256);
  }
  void abort() override {
    const Inside here;
    file_.get().attr("abort")();
  }

 private:
  Guarded file_;
};

}  // namespace

std::shared_ptr<bcda::Sink> make_sink(const py::object& begin) {
  if (begin.is_none()) return nullptr;
  auto kept = std::make_shared<Guarded>(begin);
  return std::make_shared<bcda::Sink>([kept](const std::string& name, const std::string& type) {
    const Inside here;
    return std::make_unique<SinkFile>(kept->get()(name, type));
  });
}

}  // namespace bcda_python
