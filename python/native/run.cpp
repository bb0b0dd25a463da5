#include "run.hpp"

#include <fcntl.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "sink.hpp"
#include "text.hpp"
#include "waiting.hpp"

namespace bcda_python {
namespace {

constexpr int interrupted = 130;  // the exit code after an interrupt

// All existing runs, so that they can be ended when the interpreter exits. Accessed only with the GIL, so that a fork
// copies it in a consistent state.
std::set<Run*>& runs() {
  static auto* const all = new std::set<Run*>;
  return *all;
}

py::dict fields_of(const bcda::Event& event) {
  py::dict fields;
  fields["kind"] = text(event.kind_name());
  fields["text"] = text(event.text());
  fields["type"] = text(event.type());
  fields["file"] = path_text(event.file());
  fields["url"] = text(event.url());
  fields["status"] = text(bcda::status_name(event.status()));
  fields["percent"] = unless_negative(event.percent());
  fields["bytes_done"] = unless_negative(event.bytes_done());
  fields["bytes_total"] = unless_negative(event.bytes_total());
  fields["files_done"] = unless_negative(event.files_done());
  fields["files_total"] = unless_negative(event.files_total());
  const auto wait = event.wait().count();
  fields["wait"] = unless_negative(wait < 0 ? -1.0 : static_cast<double>(wait) / 1000);
  fields["json"] = text(event.json());
  return fields;
}

bcda::RunKind inquiry_named(const std::string& name) {
  if (name == "auth") return BCDA_RUN_AUTH;
  if (name == "jobs") return BCDA_RUN_JOBS;
  if (name == "job_status") return BCDA_RUN_JOB_STATUS;
  if (name == "job_cancel") return BCDA_RUN_JOB_CANCEL;
  return BCDA_RUN_ATTRIBUTION;
}

// A client. It starts runs.
class Client {
 public:
  explicit Client(Config& config) {
    config.use([&] { client_ = outside([&] { return std::make_shared<bcda::Client>(config.native()); }); });
  }
  ~Client() { close(); }

  std::shared_ptr<Run> start_export(Config& settings, const py::object& sink) {
    return start(settings, make_sink(sink), [&](bcda::Client& client, const bcda::Sink* to) {
      return to ? client.start_export(settings.native(), *to) : client.start_export(settings.native());
    });
  }
  std::shared_ptr<Run> start_sync(Config& settings) {
    return start(settings, nullptr, [&](bcda::Client& client, auto) { return client.start_sync(settings.native()); });
  }
  std::shared_ptr<Run> start_resume(const std::string& directory, Config& settings) {
    return start(settings, nullptr,
                 [&](bcda::Client& client, auto) { return client.start_resume(directory, settings.native()); });
  }
  std::shared_ptr<Run> start_fetch(const std::string& manifest, const std::string& file, Config& settings,
                                   const py::object& sink) {
    return start(settings, make_sink(sink), [&](bcda::Client& client, const bcda::Sink* to) {
      return to ? client.start_fetch(manifest, settings.native(), file, *to)
                : client.start_fetch(manifest, settings.native(), file);
    });
  }
  std::shared_ptr<Run> start_manifest(Config& settings) {
    return start(settings, nullptr,
                 [&](bcda::Client& client, auto) { return client.start_manifest(settings.native()); });
  }
  std::shared_ptr<Run> start_metadata() {
    Config none;
    return start(none, nullptr, [](bcda::Client& client, auto) { return client.start_metadata(); });
  }
  std::shared_ptr<Run> start_inquiry(const std::string& kind, const std::string& argument) {
    Config none;
    return start(none, nullptr,
                 [&](bcda::Client& client, auto) { return client.start_inquiry(inquiry_named(kind), argument); });
  }

  std::string plan(Config& settings) {
    const auto client = open();
    return settings.use([&] { return outside([&] { return client->plan(settings.native()); }); });
  }
  std::string profile() const { return std::string(open()->profile()); }

  // Runs that were started continue.
  void close() {
    auto going = std::move(client_);
    if (!going) return;
    const Outside left;
    going.reset();
  }
  bool closed() const { return !client_; }

  // A copy, because another thread may close this client.
  std::shared_ptr<bcda::Client> open() const {
    if (!client_) throw Failure{BCDA_STATE, "the client is closed"};
    return client_;
  }

 private:
  template <class Start>
  std::shared_ptr<Run> start(Config& settings, std::shared_ptr<bcda::Sink> sink, Start&& start) {
    const auto client = open();
    if (gil_refused()) throw Failure{BCDA_STATE, "the Python interpreter is ending"};
    return settings.use([&] {
      auto run = outside([&] { return start(*client, sink.get()); });
      return std::make_shared<Run>(std::move(run), std::move(sink));
    });
  }

  std::shared_ptr<bcda::Client> client_;
};

}  // namespace

Signal::Signal() {
  if (::pipe(ends_) != 0) throw Failure{BCDA_INTERNAL, "pipe: " + std::generic_category().message(errno)};
  for (const int end : ends_) {
    ::fcntl(end, F_SETFD, FD_CLOEXEC);
    ::fcntl(end, F_SETFL, O_NONBLOCK);
  }
}
Signal::~Signal() {
  for (const int end : ends_) ::close(end);
}
void Signal::raise() const noexcept { [[maybe_unused]] const ssize_t full = ::write(ends_[1], "", 1); }
void Signal::clear() const noexcept {
  std::array<char, 64> ignored;
  while (::read(ends_[0], ignored.data(), ignored.size()) > 0) continue;
}

Run::Run(bcda::Run run, std::shared_ptr<bcda::Sink> sink) : sink_(std::move(sink)), run_(std::move(run)) {
  runs().insert(this);
}

Run::~Run() {
  runs().erase(this);
  const Outside left;
  if (!in_sink()) {
    run_.reset();
    return;
  }
  // The run may be waiting for this thread, so another thread destroys it.
  run_->cancel();
  std::thread([run = std::move(run_), signal = std::move(signal_), sink = std::move(sink_)]() mutable {
    run.reset();
  }).detach();
}

namespace {

void refuse_in_sink() {
  if (in_sink()) throw Failure{BCDA_STATE, "a sink's own code cannot wait for a run: the run may be waiting for it"};
}

}  // namespace

py::object Run::next_event(std::int64_t timeout_ms) {
  if (timeout_ms != 0) refuse_in_sink();
  bcda::Event event;
  bcda::Status status = BCDA_AGAIN;
  const auto next = [&](bcda::Milliseconds time) {
    status = run_->next_event(event, time);
    return status != BCDA_AGAIN;
  };
  if (!wait_for(bcda::Milliseconds(timeout_ms), next)) return py::none();
  if (status == BCDA_END) throw py::stop_iteration();
  return fields_of(event);
}

bool Run::wait(std::int64_t timeout_ms) {
  if (timeout_ms != 0) refuse_in_sink();
  return wait_for(bcda::Milliseconds(timeout_ms), [&](bcda::Milliseconds time) { return run_->wait(time); });
}

py::object Run::sink_failure() const { return sink_ ? raised_in(*sink_) : py::none(); }

int Run::fileno() {
  if (!signal_) {
    auto signal = std::make_unique<Signal>();
    run_->set_notify([raised = signal.get()] { raised->raise(); });
    signal_ = std::move(signal);
  }
  return signal_->fd();
}

void Run::clear_signal() {
  if (signal_) signal_->clear();
}

void end_all_runs() {
  std::vector<std::shared_ptr<Run>> going;
  for (Run* const run : runs())
    if (auto kept = run->weak_from_this().lock()) going.push_back(std::move(kept));
  begin_exit();
  for (const auto& run : going) run->cancel();
  for (const auto& run : going) {
    // Waits without a limit, as Python does for non-daemon threads, because a sink may be running the caller's code.
    try {
      wait_for(bcda::Milliseconds(-1), [&](bcda::Milliseconds time) { return run->native().wait(time); });
    } catch (const bcda::Error&) {  // the run was canceled, or belongs to the parent of a forked child
    } catch (const py::error_already_set&) {
      ::_exit(interrupted);  // Ctrl-C during the exit ends at once; published files are always complete
    }
  }
  const Outside left;
  refuse_gil();
}

py::list files_of(const bcda::Result& result) {
  py::list files;
  for (const bcda::File file : result) {
    py::dict fields;
    fields["type"] = text(file.type());
    fields["path"] = path_text(file.path());
    fields["bytes"] = file.bytes();
    fields["records"] = file.records();
    fields["sha256"] = text(file.sha256());
    fields["decrypted"] = file.decrypted();
    fields["is_error"] = file.is_error();
    fields["kind"] = text(file.kind());
    fields["proof"] = text(file.proof());
    fields["url"] = text(file.url());
    files.append(fields);
  }
  return files;
}

namespace {

py::list issues_of(const bcda::Result& result) {
  std::int32_t count = 0;
  {
    const Outside reading;
    count = result.issue_count();  // may read the error files
  }
  py::list issues;
  for (std::int32_t i = 0; i < count; ++i) {
    const bcda::Issue issue = result.issue(i);
    issues.append(py::make_tuple(text(issue.severity()), text(issue.code()), text(issue.text()),
                                 path_text(issue.file()), issue.count()));
  }
  return issues;
}

bool is_partial(const bcda::Result& result) {
  const Outside reading;
  return result.partial();  // may read the error files
}

py::list types_of(const bcda::Result& result) {
  py::list types;
  std::istringstream listed(result.types());
  for (std::string type; std::getline(listed, type, ',');) types.append(text(type));
  return types;
}

}  // namespace

std::shared_ptr<bcda::Client> client_of(const py::object& client) {
  return client.is_none() ? nullptr : client.cast<Client&>().open();
}

void add_runs(py::module_& module) {
  using Keep = py::smart_holder;
  py::class_<bcda::Result>(module, "Result")
      .def_static("open", py::overload_cast<const std::string&, const std::string&>(&bcda::Result::open),
                  py::arg("directory"), py::arg("receipt"))
      .def_property_readonly("files", &files_of)
      .def_property_readonly("error_files", &bcda::Result::error_files)
      .def_property_readonly("partial", &is_partial)
      .def_property_readonly("issues", &issues_of)
      .def_property_readonly("types", &types_of)
      .def_property_readonly("transaction_time", [](const bcda::Result& r) { return text(r.transaction_time()); })
      .def_property_readonly("elapsed",
                             [](const bcda::Result& r) { return static_cast<double>(r.elapsed().count()) / 1000; })
      .def_property_readonly("directory", [](const bcda::Result& r) { return path_text(r.directory()); })
      .def("deleted", [](const bcda::Result& r) { return text(outside([&] { return r.deleted(); })); })
      .def_property_readonly("json", [](const bcda::Result& r) { return text(r.json()); })
      .def_property_readonly("manifest", [](const bcda::Result& r) { return text(r.manifest()); })
      .def_property_readonly("metadata", [](const bcda::Result& r) { return text(r.metadata()); })
      .def_property_readonly("answer", [](const bcda::Result& r) { return text(r.answer()); });

  py::class_<Run, Keep>(module, "Run")
      .def_property_readonly("kind", [](Run& run) { return text(run.native().kind_name()); })
      .def_property_readonly("fd", [](Run& run) { return run.native().fd(); })
      .def("next_event", &Run::next_event, py::arg("timeout_ms"))
      .def("wait", &Run::wait, py::arg("timeout_ms"))
      .def("cancel", &Run::cancel)
      .def("close", [](Run& run) { refuse_in_sink(), run.cancel(); })
      .def("result", &Run::result)
      .def("sink_failure", &Run::sink_failure)
      .def("fileno", &Run::fileno)
      .def("clear_signal", &Run::clear_signal);

  py::class_<Client>(module, "Client")
      .def(py::init<Config&>(), py::arg("config"))
      .def("start_export", &Client::start_export, py::arg("settings"), py::arg("sink").none(true))
      .def("start_sync", &Client::start_sync, py::arg("settings"))
      .def("start_resume", &Client::start_resume, py::arg("directory"), py::arg("settings"))
      .def("start_fetch", &Client::start_fetch, py::arg("manifest"), py::arg("file"), py::arg("settings"),
           py::arg("sink").none(true))
      .def("start_manifest", &Client::start_manifest, py::arg("settings"))
      .def("start_metadata", &Client::start_metadata)
      .def("start_inquiry", &Client::start_inquiry, py::arg("kind"), py::arg("argument"))
      .def(
          "plan", [](Client& client, Config& settings) { return text(client.plan(settings)); }, py::arg("settings"))
      .def("profile", [](const Client& client) { return text(client.profile()); })
      .def("close", &Client::close)
      .def_property_readonly("closed", &Client::closed);
}

}  // namespace bcda_python
