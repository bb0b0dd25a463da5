#include "runtime/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

#include "base/json.hpp"
#include "base/nearest.hpp"
#include "bulk/answer.hpp"
#include "runtime/client_log.hpp"
#include "runtime/receipt.hpp"
#include "runtime/run_support.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {

using std::chrono::steady_clock;

namespace {

constexpr std::size_t kLargestMetadata = 8 << 20;
constexpr int kGrowthRounds = 3;  // how often a manifest may grow under our hands

bulk::JobOptions job_options(const Settings& s) {
  return {s.duration("poll_interval"), s.duration("poll_max_interval"), s.duration("job_timeout"),
          s.duration("retry_delay"),   s.duration("retry_max_delay"),   static_cast<int>(s.integer("retries")),
          s.duration("outage_limit")};
}

transfer::DownloadOptions download_options(const Settings& s) {
  return {s.duration("retry_delay"), s.duration("retry_max_delay"), static_cast<int>(s.integer("retries"))};
}

// What the 2019 service exports (BCDA guide, "Resource types").
const std::vector<std::string> kTypes = {"Patient", "Coverage", "ExplanationOfBenefit"};

// Checked before anything is sent: the service would refuse a job that it does not know, but only after the good ones ran.
void check_type(const std::string& type) {
  if (std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end()) return;
  const std::string* near = type == "EOB" ? &kTypes.back() : nearest(type, kTypes);
  throw Error(Status::INVALID_ARGUMENT,
              "the setting types: the service exports no resource type \"" + type + "\"; " +
                  (near ? "did you mean " + *near + "?" : "it exports Patient, Coverage and ExplanationOfBenefit"));
}

std::vector<std::string> read_types(const Settings& settings) {
  std::vector<std::string> types;
  for (const std::string& type : settings.list("types")) {
    check_type(type);
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  }
  if (types.empty()) throw Error(Status::INVALID_ARGUMENT, "the setting types names no resource type");
  return types;
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
      types_(has_jobs() ? read_types(request_.settings) : std::vector<std::string>()),
      parallel_(static_cast<std::size_t>(request_.settings.integer("parallel"))),
      group_(std::make_shared<TaskGroup>(session_->io().get_executor())) {}

void Run::prepare() {
  if (request_.kind == RunKind::metadata) return;
  session_->tokens();  // complains when there are no credentials
  if (request_.kind == RunKind::manifest) return;
  if (!session_->private_key() && !request_.settings.boolean("allow_plaintext"))
    throw Error(Status::PRIVATE_KEY,
                "the setting private_key is missing: the service encrypts every data file; if it sends yours in "
                "plaintext, set allow_plaintext");
  if (request_.kind == RunKind::fetch && !request_.only_file.empty()) {
    bool found = false;
    for (bulk::Manifest& manifest : request_.manifests) {
      std::erase_if(manifest.entries, [&](const bulk::Entry& e) {
        return e.name != request_.only_file && e.url.text() != request_.only_file;
      });
      found = found || !manifest.entries.empty();
    }
    if (!found)
      throw Error(Status::INVALID_ARGUMENT, "the manifest lists no file " + tidy(shown(request_.only_file), 200));
  }
  if (request_.sink) {
    sink_threads_ = std::make_unique<ThreadPool>(parallel_, "bcda-sink",
                                                 [this](const Error& error) { session_->report_fault(error); });
    destination_ = request_.sink;
    return;
  }
  std::string out = request_.settings.text("out");
  workspace_ =
      request_.kind == RunKind::export_
          ? transfer::Workspace::for_export(out, request_.settings.boolean("restart"), durability(request_.settings))
          : transfer::Workspace::for_fetch(out, durability(request_.settings));
  if (request_.kind == RunKind::fetch) know_earlier_files();
  destination_ = workspace_->destination();
}

// What a receipt lists was published here too. Nothing but files of these manifests may be there, unless single files are
// fetched, of whose neighbors nothing is known.
void Run::know_earlier_files() {
  know_receipt(*workspace_);
  if (!request_.only_file.empty()) return;
  std::set<std::string> wanted;
  for (const bulk::Manifest& manifest : request_.manifests)
    for (const bulk::Entry& entry : manifest.entries)
      for (const std::string& name : transfer::local_names(entry))
        wanted.insert(transfer::published_path(name, entry.is_error));
  workspace_->refuse_files_but(wanted);
}

void Run::launch() {
  watch_.emplace(*session_, [this](const Error& error) { fail(error); });
  auto guard = std::make_shared<EndGuard>([this](bool broken) { ended(broken); });
  launched_ = true;  // from here on the guard ends the run, whatever happens
  asio::co_spawn(asio::make_strand(session_->io()), main(std::move(guard)), asio::detached);
}

// The last act of a run. Once the mailbox has the end, this object may be gone: hence the copy of the pointer.
void Run::ended(bool broken) {
  const std::shared_ptr<Mailbox> mailbox = mailbox_;
  std::optional<Error> failure;
  Event last;
  last.kind = EventKind::finished;
  try {
    if (broken) fail(Error(Status::INTERNAL, "the run broke off"));
    std::lock_guard lock(mutex_);
    last.files_done = static_cast<std::int64_t>(files_.size());
    last.files_total = files_total_;
    last.bytes_done = bytes_done_;
    failure = failure_;
    if (failure) {
      last.status = failure->status;
      last.text = failure->message;
    }
  } catch (const std::exception&) {  // called from a destructor: the end has to be told without memory too
    failure.emplace(Status::NO_MEMORY, "");
  }
  mailbox->finish(std::move(last), std::move(failure));
}

Run::~Run() {
  if (!launched_) return;
  cancel();
  mailbox_->set_notify(nullptr);
  mailbox_->wait_finished(Milliseconds(-1));
  group_->wait_empty();  // at once, unless the run broke off
  watch_.reset();        // before what it may call is gone
}

void Run::cancel() { group_->cancel(); }

Task<> Run::main(std::shared_ptr<EndGuard> guard) {
  for (const std::string& text : session_->warnings()) tell(EventKind::warning, "", text);
  co_await guarded(flow(), [this](const Error& e) { fail(e); });
  co_await group_->join();  // whatever happened above: nothing of ours may outlive the run
  finish();
  guard->reached();
}

Task<> Run::flow() {
  asio::steady_timer limit(co_await asio::this_coro::executor);
  if (auto timeout = request_.settings.duration("timeout"); timeout.count() > 0) {
    limit.expires_after(timeout);
    limit.async_wait([group = group_, timed_out = timed_out_](boost::system::error_code ec) {
      if (ec) return;
      *timed_out = true;
      group->cancel();
    });
  }
  if (request_.kind == RunKind::metadata) {
    group_->spawn([this] { return guarded(ask_metadata(), [this](const Error& e) { fail(e); }); });
  } else if (request_.kind == RunKind::fetch) {
    for (const bulk::Manifest& manifest : request_.manifests)
      enqueue(manifest.entries, "", manifest.requires_access_token);
  } else {
    enter("authenticating", 0);
    for (const std::string& type : types_) group_->spawn([this, type] { return drive_job(type); });
  }
  co_await group_->join();
  for (int round = 0; request_.kind == RunKind::export_ && round < kGrowthRounds && !group_->canceled(); ++round) {
    auto before = files_total_;
    group_->spawn([this] { return guarded(confirm_manifests(), [this](const Error& e) { fail(e); }); });
    co_await group_->join();
    if (files_total_ == before || failed()) break;
  }
}

// Asks for no token (BCDA guide, "BCDA Metadata").
Task<> Run::ask_metadata() {
  http::Request request;
  request.url = session_->service();
  request.url.target = "/api/v1/metadata";
  request.headers = {{"Accept", "application/fhir+json"}};
  http::Answer answer = co_await session_->http().send(std::move(request), kLargestMetadata);
  if (answer.status != 200) throw bulk::refusal(answer, "the metadata request", now());
  if (bulk::is_page(answer))
    throw Error(Status::PROTOCOL, "the metadata request was answered with " + bulk::page_text(answer));
  if (auto value = parse_json(answer.body); !value || !value->is_object())
    throw Error(
        Status::PROTOCOL,
        "the metadata is not a JSON object; does the setting url name the service, or something in front of it?");
  metadata_ = std::move(answer.body);
}

void Run::finish() {
  watch_.reset();
  if (group_->canceled() && (!failure_ || failure_->status == Status::CANCELED))
    failure_ = *timed_out_ ? Error(Status::TIMEOUT, "the run was not done within the setting timeout (" +
                                                        format_duration(request_.settings.duration("timeout")) + ")")
                           : Error(Status::CANCELED, "canceled");
  // Every task says how it ended; should one ever not have, that is a failure too.
  bool all_there = files_total_ == static_cast<std::int64_t>(files_.size()) && jobs_.size() == types_.size();
  if (!failure_ && !all_there) failure_ = Error(Status::INTERNAL, "the run ended with files or jobs unaccounted for");
  if (failure_ && failed_at_a_file_ && files_total_ > 1)
    failure_->message = std::to_string(files_failed_) + " of " + std::to_string(files_total_) + " files failed" +
                        not_tried() + "; the first: " + failure_->message;
  elapsed_ = std::chrono::duration_cast<Milliseconds>(steady_clock::now() - begun_);
  std::sort(files_.begin(), files_.end(), [](const FileResult& a, const FileResult& b) { return a.path < b.path; });
  if (!failure_ && workspace_) note([this] { write_receipt(); });
  if (files_total_ > 0) tell_progress();
  enter("finished", 4);
  workspace_.reset();  // lets go of the directory before anybody hears that the run is over
  destination_.reset();
}

// A run that ends early leaves files that nobody asked for.
std::string Run::not_tried() const {
  const std::int64_t left = files_total_ - files_failed_ - static_cast<std::int64_t>(files_.size());
  return left > 0 ? ", and " + std::to_string(left) + " were not tried" : "";
}

// A fetch of single files leaves none: it cannot know when the last of them is there.
void Run::write_receipt() {
  if (!workspace_->syncs_names())
    tell(EventKind::warning, "",
         "the file system of " + workspace_->path() +
             " cannot make names durable: a loss of power may cost the last files; "
             "durability=process accepts that");
  if (request_.kind == RunKind::fetch) {
    if (!request_.only_file.empty()) return;
    // A journal that names more jobs than there are manifests is of an export that this fetch does not complete.
    if (workspace_->jobs_left() > request_.manifests.size()) workspace_->keep_journal();
    return workspace_->complete([this](const std::string& older) { return merge_receipts(older, receipt()); });
  }
  for (const JobRecord& job : jobs_) {
    std::int64_t files = 0, bytes = 0;
    for (const FileResult& file : files_)
      if (file.status_url == job.status_url) ++files, bytes += file.facts.bytes;
    log(client_log::export_complete(shown(job.status_url), files, bytes, elapsed_, now()));
  }
  if (!failure_) workspace_->complete([this](const std::string&) { return receipt(); });
}

bool Run::failed() {
  std::lock_guard lock(mutex_);
  return failure_.has_value();
}

void Run::fail(const Error& error, bool at_a_file) {
  if (stops_everything(error.status)) group_->cancel();
  {
    std::lock_guard lock(mutex_);
    if (!failure_ || failure_->status == Status::CANCELED) {
      failure_ = error;
      failed_at_a_file_ = at_a_file && error.status != Status::CANCELED;
    }
  }
}

Task<> Run::sleep(Milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  boost::system::error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (ec) throw Error(Status::CANCELED, "canceled");
}

std::string Run::earliest_transaction_time() const {
  std::vector<std::string> times;
  for (const JobRecord& job : jobs_) times.push_back(job.manifest.transaction_time);
  for (const bulk::Manifest& manifest : request_.manifests) times.push_back(manifest.transaction_time);
  return earliest_time(times);
}

RunResult Run::result() {
  group_->wait_empty();  // at once, unless the run broke off
  RunResult result{files_, earliest_transaction_time(), elapsed_, receipt(), "", metadata_, types_};
  for (const JobRecord& job : jobs_) result.manifest += job.manifest.text + "\n";
  return result;
}

}  // namespace libbcda::runtime
