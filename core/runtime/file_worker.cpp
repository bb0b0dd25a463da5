#include "runtime/file_worker.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <bit>
#include <utility>
#include <variant>

#include "base/quote.hpp"
#include "codec/gunzip.hpp"
#include "runtime/file_body.hpp"
#include "runtime/guarded.hpp"
#include "transfer/decrypt_file.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kLargestRefusal = 64 << 10;
constexpr std::int64_t kKeysToTry = 3;

// Large blocks let a single file keep several threads busy, because the threads wait for each other less often. A file has up
// to four blocks in memory, so with more files each one is smaller.
constexpr std::size_t kLargestBlock = 1 << 20, kSmallestBlock = 128 << 10;

std::size_t block_size(std::size_t files) { return std::max(kSmallestBlock, kLargestBlock / std::bit_ceil(files)); }

transfer::DownloadOptions download_options(const Settings& s, const Session& session) {
  return {.retry_delay = s.duration("retry_delay"),
          .retry_max_delay = s.duration("retry_max_delay"),
          .retries = static_cast<int>(s.integer("retries")),
          .renews_on_403 = session.profile().renews_on_403,
          .gzip = session.profile().gzip,
          .ranges = session.profile().ranges,
          .max_retry_after = s.duration("max_retry_after"),
          .downloads_per_file = session.profile().downloads_per_file,
          .allows = [&session](const http::Url& url) { return session.allows(url); },
          .remedy = session.remedy_for_other_origins()};
}

// A refusal may be packed too, because gzip was requested.
void unpack(const http::Response& response, http::Answer& answer) {
  if (!answer.is_gzip()) return;
  answer.body = codec::unpacked_text(answer.body, kLargestRefusal);
  response.clean(answer.body);
}

// `size`: -1 if it is not known.
void check_length(std::int64_t received, std::int64_t size) {
  if (size < 0 || received == size) return;
  const Status status = received < size ? Status::NETWORK : Status::PROTOCOL;  // what is too long cannot be continued
  throw std::move(
      Error(status, "the answers brought " + std::to_string(received) + " bytes of a file of " + std::to_string(size))
          .may_retry());
}

FileResult describe(const FileTask& task) {
  FileResult result;
  result.type = transfer::safe_type(task.entry.type);
  result.url = task.entry.url.text();
  result.path = task.path();
  result.kind = task.entry.kind;
  result.source_id = transfer::source_id(task.entry);
  return result;
}

// Tells when a file begins to wait for the disk, and when that is over.
class AtDisk {
 public:
  explicit AtDisk(const std::function<void(bool)>& tell) : tell_(tell) { tell_(true); }
  ~AtDisk() { tell_(false); }
  AtDisk(const AtDisk&) = delete;

 private:
  const std::function<void(bool)>& tell_;
};

}  // namespace

void KeyTrial::opened() {
  const std::lock_guard lock(mutex_);
  ++opened_;
}

void KeyTrial::refused(std::int64_t files) {
  const std::lock_guard lock(mutex_);
  const std::int64_t enough = files < 0 ? kKeysToTry : std::min(kKeysToTry, files);
  if (opened_ == 0 && ++refused_ >= enough) wrong_ = true;
}

bool KeyTrial::is_wrong() const {
  const std::lock_guard lock(mutex_);
  return wrong_;
}

FileWorker::FileWorker(Session& session, world::World& world, const Settings& settings, const Output& output,
                       Reporter& reporter, const Outcome& outcome, KeyOf key_of, std::function<void()> refused,
                       std::function<void(bool)> waits_for_disk)
    : session_(session),
      world_(world),
      settings_(settings),
      output_(output),
      reporter_(reporter),
      outcome_(outcome),
      key_of_(std::move(key_of)),
      refused_(std::move(refused)),
      waits_for_disk_(std::move(waits_for_disk)),
      options_(download_options(settings, session)),
      required_proof_(transfer::proof_named(settings.text("require_proof"))),
      renewal_(session, output.workspace.get()) {}

Task<FileResult> FileWorker::fetch(FileTask& task, const Load& load) {
  Ready ready;
  co_await world::run_on(world_.workers(), [&] { ready = get_ready(task); });
  if (ready.earlier) co_return std::move(*ready.earlier);
  reporter_.file_requested(task);
  if (ready.no_key) {
    if (ready.no_key->status == Status::DECRYPTION) keys_.refused(load.files);
    throw std::move(*ready.no_key);
  }
  if (ready.key) keys_.opened();
  co_return co_await download(task, ready.key, block_size(load.downloading));
}

// All that waits for the disk or computes before a file is requested: RSA takes some tenths of a millisecond.
FileWorker::Ready FileWorker::get_ready(FileTask& task) {
  task.load();
  task.entry.url = bulk::on_service_origin(task.entry.url, session_.service().origin);
  check_origin(task.entry);
  Ready ready;
  ready.earlier = find_earlier(task);
  if (ready.earlier) return ready;
  try {
    ready.key = key_of_(task.entry);
  } catch (const Error& e) {
    ready.no_key = e;
  }
  return ready;
}

void FileWorker::check_origin(const bulk::Entry& entry) const {
  if (session_.allows(entry.url)) return;
  throw std::move(Error(Status::PROTOCOL, "the file " + entry.shown() + " is on another origin, " +
                                              tidy(entry.url.origin(), 200) + session_.remedy_for_other_origins())
                      .at_file(entry.name));
}

// Whether an earlier file is another one than the manifest describes now, or is proved less well than demanded.
bool FileWorker::contradicts(const bulk::Entry& entry, const transfer::Facts& earlier) const {
  const bool other_digest = !entry.sha256.empty() && entry.sha256 != earlier.sha256;
  const bool other_length = entry.length && *entry.length != earlier.bytes;
  const bool is_weak = entry.kind == bulk::FileKind::data && entry.sha256.empty() && earlier.proof < required_proof_;
  return other_digest || other_length || is_weak;
}

// Looks for a file of that name in OUT. One that an earlier run published is taken, if its content still matches its
// record. Any other file there is an error.
std::optional<FileResult> FileWorker::find_earlier(const FileTask& task) {
  if (!output_.workspace) return std::nullopt;
  const transfer::Workspace& workspace = *output_.workspace;
  const std::string path = task.path();
  const bool is_there = workspace.published().has(path);
  const auto found = workspace.earlier().files.find(path);
  const bool is_known = found != workspace.earlier().files.end() && transfer::is_of(found->second, task.entry) &&
                        !contradicts(task.entry, found->second.facts);
  if (is_known && is_still(found->second, is_there)) {
    if (is_there && task.entry.kind == bulk::FileKind::error)
      output_.issues->add(read_issues(output_.shown_path(path), found->second.facts));
    FileResult result = describe(task);
    result.facts = found->second.facts;
    result.path = output_.shown_path(path);
    result.is_kept = true;
    return result;
  }
  if (!is_there) return std::nullopt;
  if (is_known) throw workspace.published().changed(found->second);
  const std::string full = output_.shown_path(path);
  throw std::move(
      Error(Status::FILESYSTEM, full + " exists already; move it away or choose another directory").at_file(full));
}

// Whether a file that an earlier run published has still its content; one that is not there may stand in tables.
bool FileWorker::is_still(const transfer::FileRecord& record, bool is_there) const {
  if (!is_there) return output_.tables && output_.tables->stand_for(record);
  // Asks the run, because the coroutine's cancellation state belongs to its strand.
  return output_.workspace->published().is_still(record, [this] {
    if (outcome_.stopped()) throw Error(Status::CANCELED, "canceled");
  });
}

Task<FileResult> FileWorker::download(const FileTask& task, const std::optional<crypto::FileKey>& key,
                                      std::size_t block_size) {
  FileBody body(output_.write_workers(world_), world_.workers(), reporter_, block_size);
  FileResult result = describe(task);
  std::optional<Error> failure;  // a handler cannot co_await, and the writer is destroyed on a worker
  co_await guarded(download(task, key, body, result), [&](const Error& e) { failure = e; });
  co_await asio::this_coro::throw_if_cancelled(false);
  // Without what stays here, a later run would begin the file anew. Bytes that are not good were dropped already.
  if (failure && failure->status != Status::JOB_GONE) co_await guarded(body.leave(), [](const Error&) {});
  co_await body.drop();
  co_await asio::this_coro::throw_if_cancelled(true);
  if (failure) throw std::move(*failure);
  co_return result;
}

Task<> FileWorker::download(const FileTask& task, const std::optional<crypto::FileKey>& key, FileBody& body,
                            FileResult& result) {
  transfer::DownloadOptions options = options_;
  options.renews_url = renewal_.may_help(task);
  if (output_.workspace) options.earlier_downloads = output_.workspace->earlier_downloads(task.entry.url);
  transfer::Download download(task.entry, std::move(options), [this] { return world_.random().uniform(); });
  co_await go_on(task, key, download, body);
  http::Request last;
  for (;;) {
    if (download.wants_new_url()) co_await renew_url(task, download);
    http::Step step = download.next();
    if (auto* pause = std::get_if<http::Wait>(&step)) {
      if (pause->retry) reporter_.retry(*pause, result.type, task.entry.name);
      if (pause->http_status == 429) refused_();
      co_await world_.clock().sleep(pause->duration);
      continue;
    }
    http::Send send = std::get<http::Send>(std::move(step));
    std::optional<Error> failure;  // a handler cannot co_await
    try {
      if (send.renew_token) session_.tokens().reject(last);
      const bool has_token = task.use_token && session_.tokens().is_for(send.request.url);
      if (has_token) co_await session_.tokens().authorize(send.request);
      last = send.request;
      download.on_sent(has_token);
      if (co_await attempt(task, key, download, std::move(send.request), body, result)) co_return;
    } catch (const Error& e) {
      if (e.status == Status::CANCELED) throw;
      failure = e;
    }
    if (failure) download.on_failure(*failure, world_.clock().now(), body.received());
    if (!download.continues()) co_await body.drop();
  }
}

// Looks for a new URL of a file whose URL was refused.
Task<> FileWorker::renew_url(const FileTask& task, transfer::Download& download) {
  const http::Url refused = download.entry().url;
  std::optional<http::Url> url = co_await renewal_.ask(task, refused);
  if (url && !session_.allows(*url)) url.reset();
  download.on_new_url(url, world_.clock().now());
}

// Sends one request for one file. Returns false if the answer was not the file.
Task<bool> FileWorker::attempt(const FileTask& task, const std::optional<crypto::FileKey>& key,
                               transfer::Download& download, http::Request request, FileBody& body,
                               FileResult& result) {
  using Body = transfer::Download::Body;
  http::Response response = co_await session_.http().open(std::move(request));
  const Body what = co_await accept(response, download);
  if (what == Body::none) co_return false;
  if (options_.downloads_per_file > 0 && what != Body::over) co_await note_download(task.entry);
  try {
    if (what == Body::whole) co_await begin(task, key, response, download, body);
    if (what != Body::over) co_await body.receive(response);
    check_length(body.received(), download.size());
    // The first bytes may have shown another coding. A Content-Range has said how long the file is.
    const bool is_delimited = response.delimited() || download.size() >= 0 || what == Body::over;
    const FileBody::Check check = [&](const transfer::Facts& facts, const transfer::Decoder& decoder) {
      result.facts = facts;
      check_proof(task.entry, facts.proof, is_delimited);
      check_content(task, decoder, facts);
    };
    const FileBody::Commit publish = [&](transfer::Writer& writer) {
      // A publication that has begun is not interrupted. One that waits for its thread has not.
      if (outcome_.stopped()) throw Error(Status::CANCELED, "canceled");
      result.path = output_.shown_path(commit(task, writer, result.facts));
      result.stamp = writer.stamp();
    };
    co_await finish(body, check, publish);
  } catch (Error& e) {
    if (!response.delimited() && e.status == Status::DECRYPTION)
      e.may_retry();  // because a body that was cut looks like one with a wrong tag
    const bool is_named = !e.file.empty() || e.message.find(task.entry.shown()) != std::string::npos;
    if (!is_named && e.status != Status::NETWORK) e.message = "the file " + task.entry.shown() + ": " + e.message;
    throw;
  }
  co_return true;
}

// Decodes the last bytes, verifies the file and publishes it. If the disk may take its time for that, another file may be
// downloaded meanwhile.
Task<> FileWorker::finish(FileBody& body, const FileBody::Check& check, const FileBody::Commit& publish) {
  world::Workers& workers = output_.commit_workers(world_, body.received());
  if (&workers == &output_.write_workers(world_)) co_return co_await body.finish(check, publish);
  co_await body.verify(check);
  const AtDisk at_disk(waits_for_disk_);
  co_await body.publish(workers, publish);
}

// Begins the file that an answer brings from its first byte on.
Task<> FileWorker::begin(const FileTask& task, const std::optional<crypto::FileKey>& key,
                         const http::Response& response, const transfer::Download& download, FileBody& body) {
  transfer::Coding coding{key, download.is_gzip(), response.content_length() >= 0, task.entry.sha256,
                          task.entry.length};
  // Gzip that is not declared shows only in the first bytes, so it may still prove the file.
  const bool may_be_gzip = !key && coding.proof() < transfer::Proof::gzip;
  check_proof(task.entry, may_be_gzip ? transfer::Proof::gzip : coding.proof(), response.delimited());
  transfer::Download::Held held;  // what a later run would go on from
  if (download.may_continue()) held = {0, download.size(), download.validator(), download.is_gzip()};
  const FileBody::Start start = start_of(task, std::move(coding), response.content_length(), held);
  co_await body.begin(start);
}

// `held`: without a validator no later run can go on with the file.
FileBody::Start FileWorker::start_of(const FileTask& task, transfer::Coding coding, std::int64_t expected,
                                     const transfer::Download::Held& held) const {
  coding.limits.ratio = settings_.integer("max_gzip_ratio");
  transfer::Workspace* workspace = held.validator.empty() ? nullptr : output_.workspace.get();
  transfer::PartRecord about;
  static_cast<transfer::FileIdentity&>(about) = transfer::identity_of(task.entry, task.path(), task.status_url);
  about.form = coding.key  ? transfer::PartForm::gcm
               : held.gzip ? transfer::PartForm::packed
                           : transfer::PartForm::plain;
  about.validator = held.validator;
  about.size = held.size;
  return {.make_writer =
              [&destination = *output_.destination, &task] {
                return destination.begin(task.name, transfer::safe_type(task.entry.type), task.entry.kind);
              },
          .make_keeper =
              [workspace, about] {
                return workspace ? std::make_unique<transfer::PartKeeper>(*workspace, about) : nullptr;
              },
          .coding = std::move(coding),
          .expected = expected};
}

// Takes up what an earlier run received of the file. What cannot be used is dropped, and the file begins anew.
Task<> FileWorker::go_on(const FileTask& task, const std::optional<crypto::FileKey>& key, transfer::Download& download,
                         FileBody& body) {
  if (!output_.workspace) co_return;
  const transfer::Workspace& workspace = *output_.workspace;
  const auto found = workspace.earlier().parts.find(task.path());
  if (found == workspace.earlier().parts.end() || !transfer::is_of(found->second, task.entry)) co_return;
  const transfer::PartRecord& part = found->second;
  transfer::Download::Held held{0, part.size, part.validator, part.form == transfer::PartForm::packed};
  if (!download.can_go_on_from(held)) co_return;
  const transfer::Coding coding{key, held.gzip, part.size >= 0, task.entry.sha256, task.entry.length};
  const FileBody::Start start = start_of(task, coding, part.size, held);
  const FileBody::Replay replay = [&](const std::function<void(ByteView)>& take) {
    transfer::replay(workspace, part, key, [&](ByteView bytes) {
      if (outcome_.stopped()) throw Error(Status::CANCELED, "canceled");
      take(bytes);
    });
  };
  bool failed = false;  // a handler cannot co_await
  try {
    co_await body.go_on(start, replay);
  } catch (const Error& e) {
    if (e.status == Status::CANCELED || e.status == Status::FILESYSTEM) throw;  // what was kept is still good
    failed = true;
  }
  held.bytes = body.received();
  if (failed || held.bytes == 0) {
    co_await body.drop();
  } else {
    download.go_on_from(held);
  }
  co_await world::run_on(world_.workers(), [&] { workspace.work().remove(part.bytes_file); });
}

// A file that could be cut short unnoticed is refused, and a data file whose proof is weaker than the caller demands.
void FileWorker::check_proof(const bulk::Entry& entry, transfer::Proof proof, bool delimited) const {
  const std::string what = "the file " + entry.shown();
  if (proof < transfer::Proof::sha256 && !delimited)
    throw Error(Status::VERIFICATION,
                what + " came in plaintext and without a length, so it cannot be known to be whole");
  if (entry.kind == bulk::FileKind::data && proof < required_proof_)
    throw Error(Status::VERIFICATION, what + " is proved by " + std::string(transfer::proof_name(proof)) +
                                          ", but the setting require_proof demands " +
                                          transfer::proof_name(required_proof_));
}

// For later runs, because the service gives out a file only some times.
Task<> FileWorker::note_download(const bulk::Entry& entry) {
  if (!output_.workspace) co_return;
  co_await world::run_on(world_.disk_workers(), [&] { output_.workspace->journal().download_begun(entry.url); });
}

// Whether the answer is the file. The beginning of any other answer is read, because it may have the reason.
Task<transfer::Download::Body> FileWorker::accept(http::Response& response, transfer::Download& download) {
  http::Answer answer = response.head();
  const bool may_be_file = answer.status == 200 || (answer.status == 206 && download.continues());
  if (!may_be_file) {
    try {
      response.limit_time();
      co_await response.read_text(answer.body, kLargestRefusal);
    } catch (const Error& e) {
      if (e.status == Status::CANCELED) throw;
      // The status decides. The explanation is incomplete, so the part that came is used.
    }
    unpack(response, answer);
  }
  co_return download.on_head(answer, world_.clock().now(), response.content_length());
}

// Compares the content of a verified file with what the manifest says about it.
void FileWorker::check_content(const FileTask& task, const transfer::Decoder& decoder, const transfer::Facts& facts) {
  const bulk::Entry& entry = task.entry;
  const std::string type = decoder.first_type(), what = "the file " + entry.shown();
  const bool is_mixed = !task.manifest->organized_by.empty();
  if (entry.kind != bulk::FileKind::data || is_mixed) return;
  for (const char* other : {"OperationOutcome", "Binary"})
    if (type == other && entry.type != other && !facts.decrypted())
      throw std::move(
          Error(Status::VERIFICATION, "the server sent a resource " + type + " instead of " + tidy(entry.type, 64))
              .may_retry());
  if (!type.empty() && type != entry.type)
    reporter_.warn(what + " begins with a resource " + quote(type) + ", but the manifest says " + quote(entry.type),
                   transfer::safe_type(entry.type));
  if (entry.count && *entry.count != facts.records)
    reporter_.warn(what + " has " + std::to_string(facts.records) + " records, but the manifest says " +
                       std::to_string(*entry.count),
                   transfer::safe_type(entry.type));
}

// Publishes a file that is whole and verified. Its record goes into the journal first.
std::string FileWorker::commit(const FileTask& task, transfer::Writer& writer, const transfer::Facts& facts) {
  if (output_.workspace)
    output_.workspace->journal().file_coming(transfer::record_of(task.entry, task.path(), facts, task.status_url));
  return writer.commit(facts.bytes, facts.sha256);
}

}  // namespace libbcda::runtime
