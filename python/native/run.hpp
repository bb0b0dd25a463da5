// Clients and runs.
#pragma once
#include <pybind11/pybind11.h>

#include <bcda/bcda.hpp>
#include <memory>
#include <optional>
#include <string>

#include "config.hpp"

namespace bcda_python {

namespace py = pybind11;

// A file descriptor for an event loop. It is readable after a wake-up, until clear() is called.
class Signal {
 public:
  Signal();
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  int fd() const { return ends_[0]; }
  void raise() const noexcept;  // may be called on any thread
  void clear() const noexcept;

 private:
  int ends_[2];  // of a pipe: to read and to write
};

// One run in the background, and the objects that it uses.
class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(bcda::Run run, std::shared_ptr<bcda::Sink> sink);
  ~Run();  // cancels and waits; the caller must hold the GIL
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  py::object next_event(std::int64_t timeout_ms);  // a dict, or None; StopIteration at the end
  bool wait(std::int64_t timeout_ms);
  void cancel() { run_->cancel(); }
  bcda::Result result() { return run_->result(); }
  py::object sink_failure() const;
  int fileno();
  void clear_signal();

  bcda::Run& native() { return *run_; }

 private:
  std::shared_ptr<bcda::Sink> sink_;
  std::unique_ptr<Signal> signal_;
  std::optional<bcda::Run> run_;  // the last member, so that it is destroyed first
};

// Cancels all runs and waits for them. Called when the interpreter is about to exit.
void end_all_runs();

// The native client of an object of the class Client; null for None.
std::shared_ptr<bcda::Client> client_of(const py::object& client);

py::list files_of(const bcda::Result& result);

void add_runs(py::module_& module);

}  // namespace bcda_python
