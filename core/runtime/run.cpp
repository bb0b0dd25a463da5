#include "runtime/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "runtime/client_log.hpp"
#include "transfer/decrypt_file.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {

using http::Task;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kReadBuffer = 256 << 10;
constexpr std::int64_t kProgressEveryMs = 100;
constexpr int kGrowthRounds = 3;  // how often a manifest may grow under our hands

Instant now() { return std::chrono::system_clock::now(); }

bulk::JobOptions job_options(const Settings& s) {
  return {s.duration("poll_interval"), s.duration("poll_max_interval"), s.duration("job_timeout"),
          s.duration("retry_delay"),   s.duration("retry_max_delay"),   static_cast<int>(s.integer("retries"))};
}

transfer::DownloadOptions download_options(const Settings& s) {
  return {s.duration("retry_delay"), s.duration("retry_max_delay"), static_cast<int>(s.integer("retries"))};
}

std::vector<std::string> read_types(const Settings& settings) {
  std::vector<std::string> types;
  for (const std::string& type : settings.list("types")) {
    if (transfer::safe_type(type) != type)
      throw Error(Status::INVALID_ARGUMENT, "the setting types: \"" + type + "\" is not a resource type such as Patient");
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  if (types.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting types names no resource type");
  return types;
}

Durability durability(const Settings& settings) {
  return settings.text("durability") == "process" ? Durability::process : Durability::power;
}

// Errors after which nothing else of the run can go well.
bool stops_everything(Status status) {
  return status == Status::FILESYSTEM || status == Status::AUTHENTICATION || status == Status::CANCELLED ||
         status == Status::INTERNAL || status == Status::NO_MEMORY;
}

// Runs a coroutine's body and hands over what it throws as an Error; its own cancellation comes as CANCELLED.
template <class Failed>
Task<> guarded(Task<> body, Failed failed) {
  std::optional<Error> error;
  try {
    co_await std::move(body);
  } catch (const Error& e) {
    error = e;
  } catch (const boost::system::system_error& e) {
    error = e.code() == asio::error::operation_aborted ? Error(Status::CANCELLED, "cancelled") : Error(Status::INTERNAL, e.what());
  } catch (const std::bad_alloc&) {
    error = Error(Status::NO_MEMORY, "out of memory");
  } catch (const std::exception& e) {
    error = Error(Status::INTERNAL, e.what());
  }
  if (error) failed(*error);
}

}  // namespace

std::unique_ptr<Run> Run::start(std::shared_ptr<Session> session, RunRequest request) {
  std::unique_ptr<Run> run(new Run(std::move(session), std::move(request)));
  run->prepare();
  run->launch();
  return run;
}

Run::Run(std::shared_ptr<Session> session, RunRequest request)
    : session_(std::move(session)),
      request_(std::move(request)),
      job_options_(job_options(request_.settings)),
      download_options_(download_options(request_.settings)),
      types_(read_types(request_.settings)),
      parallel_(static_cast<std::size_t>(request_.settings.integer("parallel"))),
      group_(std::make_shared<TaskGroup>(session_->io().get_executor())) {}

void Run::prepare() {
  session_->tokens();  // complains when there are no credentials
  if (request_.kind == RunKind::manifest) return;
  if (!session_->private_key() && !request_.settings.boolean("allow_plaintext"))
    throw Error(Status::PRIVATE_KEY,
                "the setting private_key is missing: the service encrypts every data file; if it sends yours in plaintext, set allow_plaintext");
  if (request_.kind == RunKind::fetch && !request_.only_file.empty()) {
    bool found = false;
    for (bulk::Manifest& manifest : request_.manifests) {
      std::erase_if(manifest.entries, [&](const bulk::Entry& e) { return e.name != request_.only_file && e.url.text() != request_.only_file; });
      found = found || !manifest.entries.empty();
    }
    if (!found) throw Error(Status::INVALID_ARGUMENT, "the manifest lists no file " + request_.only_file);
  }
  destination_ = request_.sink;
  if (destination_) return;
  std::string out = request_.settings.text("out");
  workspace_ = request_.kind == RunKind::export_
                   ? transfer::Workspace::for_export(out, request_.settings.boolean("restart"), durability(request_.settings))
                   : transfer::Workspace::for_fetch(out, durability(request_.settings));
  destination_ = workspace_->destination();
}

void Run::launch() {
  launched_ = true;
  // Once finish() has been called on the mailbox, this object may be gone: hence the copy of the pointer.
  asio::co_spawn(asio::make_strand(session_->io()), main(), [this, mailbox = mailbox_](std::exception_ptr) {
    Event last;
    last.kind = EventKind::finished;
    last.files_done = static_cast<std::int64_t>(files_.size());
    last.files_total = files_total_;
    last.bytes_done = bytes_done_;
    if (failure_) {
      last.status = failure_->status;
      last.text = failure_->message;
    }
    mailbox->finish(std::move(last), failure_);
  });
}

Run::~Run() {
  if (!launched_ || session_->abandoned()) return;
  cancel();
  mailbox_->set_notify(nullptr);
  mailbox_->wait_finished(Milliseconds(-1));
}

void Run::cancel() { group_->cancel(); }

Task<> Run::main() {
  asio::steady_timer limit(co_await asio::this_coro::executor);
  if (auto timeout = request_.settings.duration("timeout"); timeout.count() > 0) {
    limit.expires_after(timeout);
    limit.async_wait([group = group_, timed_out = timed_out_](boost::system::error_code ec) {
      if (ec) return;
      *timed_out = true;
      group->cancel();
    });
  }
  if (request_.kind == RunKind::fetch) {
    for (const bulk::Manifest& manifest : request_.manifests) enqueue(manifest, "");
  } else {
    enter("authenticating", 0);
    for (const std::string& type : types_) group_->spawn([this, type] { return drive_job(type); });
  }
  co_await group_->join();
  for (int round = 0; request_.kind == RunKind::export_ && round < kGrowthRounds && !group_->cancelled(); ++round) {
    auto before = files_total_;
    group_->spawn([this] { return guarded(confirm_manifests(), [this](const Error& e) { fail(e, true); }); });
    co_await group_->join();
    if (files_total_ == before) break;
  }
  limit.cancel();
  finish();
}

Task<> Run::drive_job(std::string type) {
  bulk::Job job(session_->service(), type, job_options_, random_chance);
  auto body = [this, &job]() -> Task<> {
    http::Request last;
    for (;;) {
      bulk::Step step = job.next(now());
      if (auto* pause = std::get_if<bulk::Wait>(&step)) {
        co_await wait(*pause, job.type(), "");
      } else if (auto* send = std::get_if<bulk::Send>(&step)) {
        co_await exchange(job, std::move(*send), last);
      } else {
        break;
      }
    }
    job_done(job);
  };
  co_await guarded(body(), [&](const Error& e) { job_failed(type, job.status_url() ? job.status_url()->text() : "", e); });
}

Task<> Run::exchange(bulk::Job& job, bulk::Send send, http::Request& last) {
  bool had_status_url = job.status_url().has_value(), answered = false;
  std::optional<http::Answer> answer;
  std::optional<Error> failure;
  try {
    if (send.renew_token) session_->tokens().reject(last);
    co_await session_->tokens().authorize(send.request);
    if (!had_status_url) enter("kick-off", 1);
    last = send.request;
    auto limit = static_cast<std::size_t>(session_->settings().integer("max_manifest_bytes"));
    answer = co_await session_->http().send(std::move(send.request), limit, &answered);
  } catch (const Error& e) {
    if (e.status == Status::CANCELLED) throw;
    failure = e;
  }
  if (failure) {
    job.on_failure(*failure, answered, now());
    co_return;
  }
  job.on_answer(*answer, now());
  if (!job.status_url()) co_return;
  std::string export_id = job.status_url()->text();
  if (!had_status_url) {
    enter("waiting", 2);
    if (workspace_) workspace_->job_accepted(job.type(), export_id);
    log(client_log::kick_off(export_id, job.kick_off_url().text(), now()));
    Event event;
    event.kind = EventKind::job;
    event.type = job.type();
    event.url = export_id;
    mailbox_->push(std::move(event));
  } else if (answer->status == 202) {
    log(client_log::status_progress(export_id, job.progress(), now()));
    Event event;
    event.kind = EventKind::poll;
    event.type = job.type();
    event.text = job.progress();
    event.percent = bulk::percent(job.progress()).value_or(-1);
    mailbox_->push(std::move(event));
  }
}

void Run::job_done(const bulk::Job& job) {
  const bulk::Manifest& manifest = job.manifest();
  std::string export_id = job.status_url()->text();
  log(client_log::status_complete(export_id, manifest, now()));
  log(client_log::manifest_complete(export_id, manifest, now()));
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back({job.type(), job.kick_off_url().text(), export_id, manifest});
  }
  Event event;
  event.kind = EventKind::manifest;
  event.type = job.type();
  event.url = export_id;
  event.files_total = static_cast<std::int64_t>(manifest.entries.size());
  mailbox_->push(std::move(event));
  if (request_.kind == RunKind::export_) enqueue(manifest, export_id);
}

void Run::enqueue(const bulk::Manifest& manifest, const std::string& export_id) {
  if (!manifest.entries.empty()) enter("downloading", 3);
  std::lock_guard lock(mutex_);
  for (const bulk::Entry& entry : manifest.entries) {
    if (!seen_urls_.insert(entry.url.text()).second) continue;
    queue_.push_back({entry, export_id, manifest.requires_access_token});
    ++files_total_;
  }
  for (; workers_ < parallel_ && workers_ < queue_.size(); ++workers_) group_->spawn([this] { return work(); });
}

// Takes files off the queue until it is empty.
Task<> Run::work() {
  for (;;) {
    FileTask task;
    {
      std::lock_guard lock(mutex_);
      if (queue_.empty() || group_->cancelled()) {
        --workers_;
        co_return;
      }
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    co_await guarded(fetch(task), [&](const Error& e) { file_failed(task, e); });
  }
}

Task<> Run::fetch(FileTask task) {
  task.entry.url = bulk::on_service_origin(task.entry.url, session_->service());
  if (!session_->allows(task.entry.url))
    throw std::move(Error(Status::PROTOCOL, "the file " + task.entry.name + " is on another origin, " + task.entry.url.origin() +
                                                "; if that is right, list it in the setting allowed_origins").at_file(task.entry.name));
  log(client_log::download_request(task.export_id, task.entry, now()));
  published(task, co_await download(task));
}

Task<FileResult> Run::download(const FileTask& task) {
  std::optional<crypto::FileKey> key = key_for(task.entry);
  std::string name = name_for(task.entry);
  transfer::Download download(task.entry, download_options_, random_chance);
  http::Request last;
  FileResult result;
  for (;;) {
    bulk::Step step = download.next();
    if (auto* pause = std::get_if<bulk::Wait>(&step)) {
      co_await wait(*pause, transfer::safe_type(task.entry.type), task.entry.name);
      continue;
    }
    bulk::Send send = std::get<bulk::Send>(std::move(step));
    std::optional<Error> failure;
    try {
      if (send.renew_token) session_->tokens().reject(last);
      if (task.use_token) co_await session_->tokens().authorize(send.request);
      last = send.request;
      if (co_await attempt(task, key, name, download, std::move(send.request), result)) co_return result;
    } catch (const Error& e) {
      if (e.status == Status::CANCELLED) throw;
      failure = e;
    }
    if (failure) download.on_failure(*failure);
  }
}

// One request for one file; false when the answer was not the file.
Task<bool> Run::attempt(const FileTask& task, const std::optional<crypto::FileKey>& key, const std::string& name,
                        transfer::Download& download, http::Request request, FileResult& result) {
  http::Response response = co_await session_->http().open(std::move(request));
  if (!download.on_head(response.head(), now())) co_return false;
  if (!key && !response.delimited())
    throw Error(Status::VERIFICATION, "the file " + task.entry.name + " came in plaintext and without a length, so it cannot be known to be whole");

  std::unique_ptr<transfer::Writer> writer = destination_->begin(name, transfer::safe_type(task.entry.type), task.entry.is_error);
  transfer::Decoder decoder(key, *writer);
  std::int64_t expected = std::max<std::int64_t>(0, response.content_length()), received = 0;
  bytes_total_ += expected;
  try {
    Bytes buffer(kReadBuffer);
    while (std::size_t n = co_await response.read_some(buffer)) {
      decoder.feed({buffer.data(), n});
      received += static_cast<std::int64_t>(n);
      progressed(static_cast<std::int64_t>(n));
    }
    result.facts = decoder.finish();
  } catch (Error& e) {
    bytes_total_ -= expected;
    bytes_done_ -= received;
    if (e.status == Status::DECRYPTION && decoder.looks_plain())
      e.message = "the service sent the file in plaintext although the manifest gives a key for it, so it cannot be verified; start a new export";
    if (e.file.empty() && e.status != Status::NETWORK) e.message = "the file " + task.entry.name + ": " + e.message;
    throw;
  }
  result.type = transfer::safe_type(task.entry.type);
  result.url = task.entry.url.text();
  result.export_id = task.export_id;
  result.is_error = task.entry.is_error;
  // Making it durable may block for seconds: not on a thread that moves data.
  auto commit = [&]() -> Task<std::string> { co_return writer->commit(result.facts.bytes, result.facts.sha256); };
  result.path = co_await asio::co_spawn(session_->disk(), commit(), asio::use_awaitable);
  co_return true;
}

// In one race of the 2019 service `output` grows after the first 200: ask again once the files are here.
Task<> Run::confirm_manifests() {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    JobRecord& job = jobs_[i];
    std::optional<std::string> trouble;
    try {
      http::Request request = bulk::Job::status_request(http::parse_url(job.status_url, "the status URL"));
      co_await session_->tokens().authorize(request);
      auto limit = static_cast<std::size_t>(session_->settings().integer("max_manifest_bytes"));
      http::Answer answer = co_await session_->http().send(request, limit);
      if (answer.status != 200) throw bulk::refusal(answer, "the status request for " + job.type, now());
      bulk::Manifest manifest = bulk::parse_manifest(answer.body, request.url);
      if (manifest.entries.size() > job.manifest.entries.size()) job.manifest = manifest;
      enqueue(manifest, job.status_url);
    } catch (const Error& e) {
      if (e.status == Status::CANCELLED) throw;
      trouble = e.message;
    }
    if (trouble) tell(EventKind::warning, job.type, "could not ask whether the manifest has grown: " + *trouble);
  }
}

void Run::finish() {
  if (group_->cancelled() && (!failure_ || failure_->status == Status::CANCELLED))
    failure_ = *timed_out_ ? Error(Status::TIMEOUT, "the run was not done within the setting timeout (" +
                                                        format_duration(request_.settings.duration("timeout")) + ")")
                           : Error(Status::CANCELLED, "cancelled");
  // Every task says how it ended; should one ever not have, that is a failure too.
  bool all_there = files_total_ == static_cast<std::int64_t>(files_.size()) &&
                   (request_.kind == RunKind::fetch || jobs_.size() == types_.size());
  if (!failure_ && !all_there) failure_ = Error(Status::INTERNAL, "the run ended with files or jobs unaccounted for");
  if (failure_ && files_failed_ > 0 && files_total_ > 1 && failure_->status != Status::CANCELLED)
    failure_->message = std::to_string(files_failed_) + " of " + std::to_string(files_total_) + " files failed; the first: " + failure_->message;
  elapsed_ = std::chrono::duration_cast<Milliseconds>(steady_clock::now() - begun_);
  std::sort(files_.begin(), files_.end(), [](const FileResult& a, const FileResult& b) { return a.path < b.path; });
  if (!failure_ && workspace_ && request_.kind == RunKind::export_) {
    try {
      for (const JobRecord& job : jobs_) {
        std::int64_t files = 0, bytes = 0;
        for (const FileResult& file : files_)
          if (file.export_id == job.status_url) ++files, bytes += file.facts.bytes;
        log(client_log::export_complete(job.status_url, files, bytes, elapsed_, now()));
      }
      if (!failure_) workspace_->complete(receipt());
    } catch (const Error& e) {
      failure_ = e;
    }
  }
  if (files_total_ > 0) tell_progress();
  enter("finished", 4);
  workspace_.reset();  // lets go of the directory before anybody hears that the run is over
  destination_.reset();
}

std::optional<crypto::FileKey> Run::key_for(const bulk::Entry& entry) const {
  if (entry.encrypted_key.empty()) {
    if (!entry.is_error && !request_.settings.boolean("allow_plaintext"))
      throw std::move(Error(Status::VERIFICATION, "the manifest gives no key for the file " + entry.name +
                                                      ", so it would come in plaintext; set allow_plaintext to accept that").at_file(entry.name));
    return std::nullopt;
  }
  if (!session_->private_key())
    throw std::move(Error(Status::PRIVATE_KEY, "the file " + entry.name + " is encrypted, and the setting private_key is missing").at_file(entry.name));
  return session_->private_key()->unwrap(transfer::wrapped_key_from_hex(entry.encrypted_key, entry.name), entry.name);
}

std::string Run::name_for(const bulk::Entry& entry) {
  std::string name = transfer::local_name(entry.type, entry.name, entry.url.text());
  std::string place = (entry.is_error ? "error/" : "") + name;
  {
    std::lock_guard lock(mutex_);
    if (!names_.insert(place).second) name = transfer::local_name(entry.type, "", entry.url.text());
  }
  if (workspace_ && workspace_->has(name, entry.is_error))
    throw std::move(Error(Status::FILESYSTEM, workspace_->path() + "/" + place + " exists already; move it away or choose another directory")
                        .at_file(workspace_->path() + "/" + place));
  return name;
}

void Run::published(const FileTask& task, FileResult file) {
  if (workspace_) workspace_->file_published(file.url, file.path, file.facts);
  log(client_log::download_complete(task.export_id, task.entry, file.facts, now()));
  Event event;
  event.kind = EventKind::file;
  event.type = file.type;
  event.bytes_done = file.facts.bytes;
  if (workspace_) file.path = workspace_->path() + "/" + file.path;
  event.file = file.path;
  {
    std::lock_guard lock(mutex_);
    files_.push_back(std::move(file));
  }
  mailbox_->push(std::move(event));
  tell_progress();
}

void Run::file_failed(const FileTask& task, const Error& error) {
  fail(error, stops_everything(error.status));
  if (error.status != Status::CANCELLED) {
    log(client_log::download_error(task.export_id, task.entry, error, now()));
    Event event;
    event.kind = EventKind::warning;
    event.type = transfer::safe_type(task.entry.type);
    event.file = task.entry.name;
    event.status = error.status;
    event.text = error.message;
    mailbox_->push(std::move(event));
    std::lock_guard lock(mutex_);
    ++files_failed_;
  }
}

void Run::job_failed(const std::string& type, const std::string& export_id, const Error& error) {
  fail(error, stops_everything(error.status));
  bool dead = error.status == Status::JOB_FAILED || error.status == Status::JOB_GONE;
  if (dead && workspace_ && !export_id.empty()) note([&] { workspace_->job_dead(export_id); });
  if (error.status != Status::CANCELLED) {
    if (!export_id.empty()) log(client_log::status_error(export_id, error, now()));
    if (types_.size() > 1) {
      Event event;
      event.kind = EventKind::warning;
      event.type = type;
      event.status = error.status;
      event.text = error.message;
      mailbox_->push(std::move(event));
    }
  }
}

void Run::fail(const Error& error, bool stop) {
  {
    std::lock_guard lock(mutex_);
    if (!failure_ || failure_->status == Status::CANCELLED) failure_ = error;
  }
  if (stop) group_->cancel();
}

Task<> Run::sleep(Milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) throw Error(Status::CANCELLED, "cancelled");
}

Task<> Run::wait(const bulk::Wait& wait, const std::string& type, const std::string& file) {
  if (wait.retry) {
    Event event;
    event.kind = EventKind::retry;
    event.type = type;
    event.file = file;
    event.text = wait.why;
    event.wait_ms = wait.duration.count();
    mailbox_->push(std::move(event));
  }
  co_await sleep(wait.duration);
}

// States only go forward, whichever of the jobs gets there first.
void Run::enter(const char* state, int order) {
  int old = state_.load();
  while (old < order)
    if (state_.compare_exchange_weak(old, order)) return tell(EventKind::state, "", state);
}

void Run::progressed(std::int64_t bytes) {
  bytes_done_ += bytes;
  auto at = std::chrono::duration_cast<Milliseconds>(steady_clock::now() - begun_).count();
  auto due = next_progress_ms_.load();
  if (at >= due && next_progress_ms_.compare_exchange_strong(due, at + kProgressEveryMs)) tell_progress();
}

void Run::tell_progress() {
  Event event;
  event.kind = EventKind::progress;
  event.bytes_done = bytes_done_;
  event.bytes_total = bytes_total_;
  {
    std::lock_guard lock(mutex_);
    event.files_done = static_cast<std::int64_t>(files_.size());
    event.files_total = files_total_;
  }
  mailbox_->push(std::move(event));
}

void Run::tell(EventKind kind, const std::string& type, const std::string& text) {
  Event event;
  event.kind = kind;
  event.type = type;
  event.text = text;
  mailbox_->push(std::move(event));
}

// A log or journal that cannot be written ends the run, but never hides why it was written to.
void Run::log(const std::string& line) {
  if (workspace_) note([&] { workspace_->log(line); });
}

template <class Write>
void Run::note(Write write) {
  try {
    write();
  } catch (const Error& e) {
    fail(e, true);
  }
}

std::string Run::earliest_transaction_time() const {
  std::string earliest;
  std::optional<Instant> earliest_at;
  auto consider = [&](const bulk::Manifest& manifest) {
    auto at = parse_time(manifest.transaction_time);
    if (!at || (earliest_at && *earliest_at <= *at)) return;
    earliest_at = at;
    earliest = manifest.transaction_time;
  };
  for (const JobRecord& job : jobs_) consider(job.manifest);
  for (const bulk::Manifest& manifest : request_.manifests) consider(manifest);
  return earliest;
}

RunResult Run::result() {
  RunResult result{files_, earliest_transaction_time(), elapsed_, receipt(), ""};
  for (const JobRecord& job : jobs_) result.manifest += job.manifest.text + "\n";
  return result;
}

}  // namespace libbcda::runtime
