#include "sink.hpp"

#include <exception>

#include "waiting.hpp"

namespace bcda_python {
namespace {

namespace py = pybind11;

thread_local int depth = 0;

// A Python object that is used and released on threads that do not hold the GIL.
class Guarded {
 public:
  explicit Guarded(py::object object) : object_(std::move(object)) {}
  ~Guarded() {
    const Inside here;
    object_ = py::object();
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  const py::object& get() const { return object_; }  // the caller must hold the GIL

 private:
  py::object object_;
};

// An exception of Python code, for threads that do not hold the GIL.
struct Raised : std::exception {
  explicit Raised(py::object error) : exception(std::make_shared<Guarded>(std::move(error))) {}
  std::shared_ptr<Guarded> exception;
};

template <class Call>
auto in_python(Call&& call) {
  const Inside here;
  struct Deeper {
    Deeper() { ++depth; }
    ~Deeper() { --depth; }
  } deeper;
  try {
    return call();
  } catch (py::error_already_set& error) {
    throw Raised(error.value());
  }
}

class SinkFile : public bcda::SinkFile {
 public:
  explicit SinkFile(py::object file) : file_(std::move(file)) {}
  void write(std::string_view bytes) override {
    in_python([&] { file_.get().attr("write")(py::bytes(bytes.data(), bytes.size())); });
  }
  void commit(std::int64_t size, const std::string& sha256) override {
    in_python([&] { file_.get().attr("commit")(size, sha256); });
  }
  void abort() override {
    in_python([&] { file_.get().attr("abort")(); });
  }

 private:
  Guarded file_;
};

}  // namespace

std::shared_ptr<bcda::Sink> make_sink(const py::object& begin) {
  if (begin.is_none()) return nullptr;
  auto kept = std::make_shared<Guarded>(begin);
  return std::make_shared<bcda::Sink>([kept](const std::string& name, const std::string& type) {
    return in_python([&] { return std::make_unique<SinkFile>(kept->get()(name, type)); });
  });
}

py::object raised_in(const bcda::Sink& sink) {
  const auto thrown = sink.failure();
  if (!thrown) return py::none();
  try {
    std::rethrow_exception(thrown);
  } catch (const Raised& raised) {
    return raised.exception->get();
  } catch (...) {
    return py::none();
  }
}

bool in_sink() { return depth > 0; }

}  // namespace bcda_python
