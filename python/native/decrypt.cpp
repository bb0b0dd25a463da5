#include "decrypt.hpp"

#include <pybind11/stl.h>

#include <chrono>
#include <memory>
#include <string>

#include "config.hpp"
#include "text.hpp"
#include "waiting.hpp"

namespace bcda_python {
namespace {

// Called between chunks. Handles signals and calls the caller's function, at most once per `slice`. More calls would
// slow the decryption down, because each one waits until another Python thread releases the GIL.
class Progress {
 public:
  explicit Progress(const py::object& report) : report_(report) {}

  bool operator()(std::int64_t done, std::int64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_at_ < slice && done != total) return true;
    reported_at_ = now;
    if (exiting_elsewhere()) return false;
    const Inside here;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (!report_.is_none()) report_(done, unless_negative(total));
      return true;
    } catch (py::error_already_set& error) {
      raised_ = std::make_unique<py::error_already_set>(std::move(error));
      return false;
    }
  }

  void rethrow() {
    if (raised_) throw py::error_already_set(std::move(*raised_));
  }

 private:
  const py::object& report_;
  std::chrono::steady_clock::time_point reported_at_{};
  std::unique_ptr<py::error_already_set> raised_;
};

bcda::Result decrypt(Config& settings, const std::string& path, const std::string& output, const std::string& key,
                     const std::string& manifest, const std::string& label, const py::object& report) {
  Progress progress(report);
  const bcda::Decryption what{.path = path,
                              .output = output,
                              .key = key,
                              .manifest = manifest,
                              .label = label,
                              .progress = [&](auto done, auto total) { return progress(done, total); }};
  return settings.use([&] {
    try {
      return outside([&] { return bcda::decrypt_file(settings.native(), what); });
    } catch (const bcda::Error&) {
      progress.rethrow();  // the exception that stopped it, because it says more than "canceled"
      throw;
    }
  });
}

}  // namespace

void add_decrypt(py::module_& module) {
  module.def("decrypt", &decrypt, py::arg("settings"), py::arg("path"), py::arg("output"), py::arg("key"),
             py::arg("manifest"), py::arg("label"), py::arg("progress").none(true));
}

}  // namespace bcda_python
