// The native part of bcda.Config: a configuration whose providers may be Python functions.
#pragma once
#include <pybind11/pybind11.h>

#include <bcda/bcda.hpp>
#include <memory>
#include <string>

#include "errors.hpp"

namespace bcda_python {

namespace py = pybind11;

class Config {
 public:
  void set(const std::string& name, const std::optional<std::string>& value);
  void set_provider(const std::string& name, py::function provider);

  bcda::Config& native() { return config_; }

  // Runs `call`, which uses this configuration. The caller holds the GIL. If a provider threw, its exception becomes
  // the cause of the error, and the message names its type alone, because its text may hold a secret.
  template <class Call>
  auto use(Call&& call) {
    *raised_ = {};
    try {
      return call();
    } catch (const bcda::Error& error) {
      raise(error, raised_->exception, raised_->message());
    }
  }

 private:
  // What a provider threw.
  struct Raised {
    std::string setting;
    py::object exception = py::none();

    std::string message() const;  // "": nothing was thrown
  };

  std::shared_ptr<Raised> raised_ = std::make_shared<Raised>();
  bcda::Config config_;
};

void add_config(py::module_& module);

}  // namespace bcda_python
