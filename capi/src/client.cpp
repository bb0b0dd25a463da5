// Clients, sinks and runs.
#include <algorithm>

#include "bulk/manifest.hpp"
#include "handles.hpp"
#include "profiles/profile.hpp"
#include "runtime/plan.hpp"
#include "runtime/unfinished.hpp"

using libbcda::Error;
using libbcda::Milliseconds;
using libbcda::Status;
using libbcda::capi::guard;
using libbcda::capi::need;
using libbcda::capi::settings_for;
using libbcda::runtime::Event;
using libbcda::runtime::Mailbox;
using libbcda::runtime::Run;
using libbcda::runtime::RunKind;
using libbcda::runtime::RunRequest;
using libbcda::runtime::Session;

struct bcda_sink {
  bcda_sink_begin begin;
  bcda_sink_write write;
  bcda_sink_commit commit;
  bcda_sink_abort abort;
  void* user;
  libbcda::capi::Counted counted = {};
};

struct bcda_run {
  RunKind kind = RunKind::export_;
  Run::Handle run;
  libbcda::capi::Owner owner;
  libbcda::capi::Counted counted = {};
};

struct bcda_event {
  Event event;
  std::string json;
  libbcda::capi::Counted counted = {};
};

// The kinds in bcda.h and in the core must have the same numbers.
static_assert(static_cast<int>(RunKind::export_) == BCDA_RUN_EXPORT &&
              static_cast<int>(RunKind::manifest) == BCDA_RUN_MANIFEST &&
              static_cast<int>(RunKind::fetch) == BCDA_RUN_FETCH &&
              static_cast<int>(RunKind::metadata) == BCDA_RUN_METADATA &&
              static_cast<int>(RunKind::auth) == BCDA_RUN_AUTH && static_cast<int>(RunKind::jobs) == BCDA_RUN_JOBS &&
              static_cast<int>(RunKind::job_status) == BCDA_RUN_JOB_STATUS &&
              static_cast<int>(RunKind::job_cancel) == BCDA_RUN_JOB_CANCEL &&
              static_cast<int>(RunKind::attribution) == BCDA_RUN_ATTRIBUTION);

namespace {

// The event itself, or an empty event for NULL.
const Event& of(const bcda_event* event) {
  static const auto* nothing = new Event();  // leaked, because threads may use it until the process ends
  return event ? event->event : *nothing;
}

// A caller's sink as a destination.
class SinkDestination : public libbcda::transfer::Destination {
 public:
  explicit SinkDestination(const bcda_sink& sink) : sink_(sink) {}

  std::unique_ptr<libbcda::transfer::Writer> begin(const std::string& name, const std::string& type,
                                                   libbcda::bulk::FileKind kind) override {
    const std::string shown = libbcda::transfer::published_path(name, kind);
    auto writer = std::make_unique<Writer>(sink_, shown);  // first, because after `begin` nothing may fail
    writer->begin(type);
    return writer;
  }

 private:
  static void check(int32_t result, const char* step, const std::string& name) {
    if (result != 0)
      throw std::move(Error(Status::SINK, "the sink's " + std::string(step) + " failed for " + name + " (" +
                                              std::to_string(result) + ")")
                          .at_file(name));
  }

  class Writer : public libbcda::transfer::Writer {
   public:
    Writer(const bcda_sink& sink, std::string name) : sink_(sink), name_(std::move(name)) {}
    ~Writer() override {
      if (is_open_) sink_.abort(sink_.user, file_);
    }
    void begin(const std::string& type) {
      check(sink_.begin(sink_.user, name_.c_str(), type.c_str(), &file_), "begin", name_);
      is_open_ = true;
    }
    void write(libbcda::ByteView bytes) override {
      check(sink_.write(sink_.user, file_, bytes.data(), bytes.size()), "write", name_);
    }
    std::string commit(std::int64_t size, const std::string& sha256) override {
      check(sink_.commit(sink_.user, file_, size, sha256.c_str()), "commit", name_);
      is_open_ = false;
      return name_;
    }

   private:
    const bcda_sink& sink_;
    void* file_ = nullptr;
    std::string name_;
    bool is_open_ = false;
  };

  const bcda_sink& sink_;
};

bcda_status start(bcda_client* client, const bcda_config* settings, const bcda_sink* sink, RunRequest request,
                  bcda_run** run, bcda_error** error) {
  return guard(error, [&] {
    need(client, "client");
    need(run, "run");
    client->owner.check();
    request.settings = settings_for(*client, settings);
    if (sink) request.sink = std::make_shared<SinkDestination>(*sink);
    auto handle = std::make_unique<bcda_run>();
    handle->kind = request.kind;
    handle->run = Run::start(client->session, std::move(request));
    *run = handle.release();
  });
}

}  // namespace

namespace libbcda::capi {

Settings settings_for(const bcda_client& client, const bcda_config* settings, bool for_reading) {
  const Settings& own = client.session->settings();
  return settings ? own.with(resolve(*settings), for_reading) : own;
}

}  // namespace libbcda::capi

extern "C" {

bcda_status bcda_client_create(const bcda_config* config, bcda_client** client, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    need(client, "client");
    auto made = std::make_unique<bcda_client>();
    made->session = std::make_shared<Session>(libbcda::capi::resolve(*config));
    made->profile = boost::json::serialize(libbcda::to_json(made->session->profile()));
    *client = made.release();
  });
}

void bcda_client_destroy(bcda_client* client) {
  if (!client) return;
  // Nothing is destroyed in a forked child, which has no threads, or at exit, when the threads were already stopped.
  if (!client->owner.is_me() || client->session->world()->abandoned()) return;
  delete client;
}

const char* bcda_client_profile(const bcda_client* client) { return client ? client->profile.c_str() : ""; }

bcda_status bcda_export_plan(bcda_client* client, const bcda_config* settings, char** json, bcda_error** error) {
  return guard(error, [&] {
    need(client, "client");
    need(json, "json");
    client->owner.check();
    const auto plan = libbcda::runtime::describe_plan(*client->session, settings_for(*client, settings));
    *json = libbcda::capi::give_string(boost::json::serialize(plan));
  });
}

bcda_status bcda_client_metadata(bcda_client* client, char** json, bcda_error** error) {
  return guard(error, [&] {
    need(client, "client");
    need(json, "json");
    client->owner.check();
    RunRequest request;
    request.kind = RunKind::metadata;
    request.settings = client->session->settings();
    auto run = Run::start(client->session, std::move(request));
    run->mailbox().wait_finished(libbcda::Milliseconds(-1));
    if (auto failure = run->mailbox().failure()) throw *failure;
    *json = libbcda::capi::give_string(run->result().metadata);
  });
}

bcda_status bcda_sink_create(bcda_sink_begin begin, bcda_sink_write write, bcda_sink_commit commit,
                             bcda_sink_abort abort, void* user, bcda_sink** sink, bcda_error** error) {
  return guard(error, [&] {
    need(sink, "sink");
    if (!begin || !write || !commit || !abort) throw Error(Status::INVALID_ARGUMENT, "a sink needs all four callbacks");
    *sink = new bcda_sink{begin, write, commit, abort, user};
  });
}

void bcda_sink_destroy(bcda_sink* sink) { delete sink; }

bcda_status bcda_export_start(bcda_client* client, const bcda_config* settings, const bcda_sink* sink, bcda_run** run,
                              bcda_error** error) {
  return start(client, settings, sink, {}, run, error);
}

bcda_status bcda_resume_start(bcda_client* client, const char* directory, const bcda_config* settings, bcda_run** run,
                              bcda_error** error) {
  RunRequest request;
  const bcda_status status = guard(error, [&] {
    need(directory, "directory");
    request.resume = true;
    request.directory = directory;
  });
  return status == BCDA_OK ? start(client, settings, nullptr, std::move(request), run, error) : status;
}

bcda_status bcda_directory_status(const char* directory, char** json, bcda_error** error) {
  return guard(error, [&] {
    need(directory, "directory");
    need(json, "json");
    *json = libbcda::capi::give_string(libbcda::runtime::directory_status(directory));
  });
}

bcda_status bcda_sync_start(bcda_client* client, const bcda_config* settings, bcda_run** run, bcda_error** error) {
  RunRequest request;
  request.sync = true;
  return start(client, settings, nullptr, std::move(request), run, error);
}

bcda_status bcda_manifest_start(bcda_client* client, const bcda_config* settings, bcda_run** run, bcda_error** error) {
  RunRequest request;
  request.kind = RunKind::manifest;
  return start(client, settings, nullptr, std::move(request), run, error);
}

bcda_status bcda_metadata_start(bcda_client* client, bcda_run** run, bcda_error** error) {
  RunRequest request;
  request.kind = RunKind::metadata;
  return start(client, nullptr, nullptr, std::move(request), run, error);
}

bcda_status bcda_inquiry_start(bcda_client* client, bcda_run_kind kind, const char* argument, bcda_run** run,
                               bcda_error** error) {
  RunRequest request;
  const bcda_status status = guard(error, [&] {
    const std::int32_t number = libbcda::capi::number_of(kind);
    if (number < BCDA_RUN_AUTH || number > BCDA_RUN_ATTRIBUTION)
      throw Error(Status::INVALID_ARGUMENT, "kind is none of the kinds of an inquiry");
    request.kind = static_cast<RunKind>(number);
    request.question = argument ? argument : "";
  });
  return status == BCDA_OK ? start(client, nullptr, nullptr, std::move(request), run, error) : status;
}

bcda_status bcda_fetch_start(bcda_client* client, const bcda_config* settings, const char* manifest, const char* file,
                             const bcda_sink* sink, bcda_run** run, bcda_error** error) {
  RunRequest request;
  bcda_status status = guard(error, [&] {
    need(client, "client");
    need(manifest, "manifest");
    client->owner.check();
    request.kind = RunKind::fetch;
    request.manifests = libbcda::bulk::parse_manifests(manifest, client->session->service().origin);
    request.only_file = file ? file : "";
  });
  return status == BCDA_OK ? start(client, settings, sink, std::move(request), run, error) : status;
}

bcda_run_kind bcda_run_get_kind(const bcda_run* run) {
  return run ? static_cast<bcda_run_kind>(run->kind) : BCDA_RUN_EXPORT;
}

const char* bcda_run_kind_name(const bcda_run* run) {
  constexpr const char* names[] = {"export", "manifest",   "fetch",      "metadata",   "auth",
                                   "jobs",   "job_status", "job_cancel", "attribution"};
  return run ? names[static_cast<int>(run->kind)] : "";
}

bcda_status bcda_run_next_event(bcda_run* run, int64_t timeout_ms, bcda_event** event, bcda_error** error) {
  return guard(error, [&]() -> bcda_status {
    need(run, "run");
    need(event, "event");
    run->owner.check();
    auto next = std::make_unique<bcda_event>();
    switch (run->run->mailbox().next(Milliseconds(timeout_ms), next->event)) {
      case Mailbox::Got::event:
        next->json = next->event.json();
        *event = next.release();
        return BCDA_OK;
      case Mailbox::Got::end:
        return BCDA_END;
      default:
        return BCDA_AGAIN;
    }
  });
}

bcda_status bcda_run_notify(bcda_run* run, bcda_notify notify, void* user, bcda_error** error) {
  return guard(error, [&] {
    need(run, "run");
    run->owner.check();
    run->run->mailbox().set_notify(notify ? std::function<void()>([=] { notify(user); }) : nullptr);
  });
}

bcda_status bcda_run_fd(bcda_run* run, int32_t* fd, bcda_error** error) {
  return guard(error, [&] {
    need(run, "run");
    need(fd, "fd");
    run->owner.check();
    *fd = run->run->mailbox().descriptor();
  });
}

bcda_status bcda_run_wait(bcda_run* run, int64_t timeout_ms, bcda_error** error) {
  return guard(error, [&]() -> bcda_status {
    need(run, "run");
    run->owner.check();
    Mailbox& mailbox = run->run->mailbox();
    if (!mailbox.wait_finished(Milliseconds(timeout_ms))) return BCDA_AGAIN;
    if (auto failure = mailbox.failure()) throw *failure;
    return BCDA_OK;
  });
}

void bcda_run_cancel(bcda_run* run) {
  if (run && run->owner.is_me()) run->run->cancel();
}

bcda_status bcda_run_result(bcda_run* run, bcda_result** result, bcda_error** error) {
  return guard(error, [&] {
    need(run, "run");
    need(result, "result");
    run->owner.check();
    if (!run->run->mailbox().finished()) throw Error(Status::STATE, "the run has not finished; wait for it first");
    *result = libbcda::capi::make_result(run->run->result());
  });
}

void bcda_run_destroy(bcda_run* run) {
  if (run && run->owner.is_me() && !run->run->abandoned()) delete run;
}

bcda_event_kind bcda_event_get_kind(const bcda_event* event) { return static_cast<bcda_event_kind>(of(event).kind); }
const char* bcda_event_kind_name(const bcda_event* event) {
  return event ? libbcda::runtime::event_kind_name(event->event.kind) : "";
}
const char* bcda_event_text(const bcda_event* event) { return of(event).text.c_str(); }
const char* bcda_event_type(const bcda_event* event) { return of(event).type.c_str(); }
const char* bcda_event_file(const bcda_event* event) { return of(event).file.c_str(); }
const char* bcda_event_url(const bcda_event* event) { return of(event).url.c_str(); }
bcda_status bcda_event_status(const bcda_event* event) { return static_cast<bcda_status>(of(event).status); }
double bcda_event_percent(const bcda_event* event) { return of(event).percent; }
int64_t bcda_event_bytes_done(const bcda_event* event) { return of(event).bytes_done; }
int64_t bcda_event_bytes_total(const bcda_event* event) { return of(event).bytes_total; }
int64_t bcda_event_files_done(const bcda_event* event) { return of(event).files_done; }
int64_t bcda_event_files_total(const bcda_event* event) { return of(event).files_total; }
int64_t bcda_event_wait_ms(const bcda_event* event) { return of(event).wait_ms; }
const char* bcda_event_json(const bcda_event* event) { return event ? event->json.c_str() : ""; }
void bcda_event_destroy(bcda_event* event) { delete event; }

}  // extern "C"
