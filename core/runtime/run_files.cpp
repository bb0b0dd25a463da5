// A run's files: the queue, the workers, and each file's way from its URL to its final name.
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "runtime/client_log.hpp"
#include "runtime/run.hpp"
#include "runtime/run_support.hpp"
#include "transfer/decrypt_file.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kReadBuffer = 128 << 10;
constexpr std::int64_t kYieldEvery = 4 << 20;
constexpr std::size_t kLargestRefusal = 64 << 10;
constexpr std::int64_t kKeysToTry = 3;

// Runs what may block for seconds on `pool`, away from the threads that move data, and waits for it. It is not interrupted,
// because a file that is verified is published. The failure goes through an exception_ptr, because Asio's handlers take no
// exceptions.
Task<> on(ThreadPool& pool, Session& session, std::function<void()> work) {
  std::exception_ptr failure;
  auto run = [&work, &session, &failure] {
    try {
      Session::Visit visit(session);
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&pool, run](auto handler) {
        auto back = asio::get_associated_executor(handler);
        asio::post(pool.executor(), [run, back, done = std::move(handler)]() mutable {
          run();
          asio::post(back, std::move(done));
        });
      },
      asio::use_awaitable);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

void Run::enqueue(const std::vector<bulk::Entry>& entries, const std::string& status_url, bool use_token) {
  if (!entries.empty()) enter("downloading", 3);
  std::lock_guard lock(mutex_);
  for (const bulk::Entry& entry : entries) {
    if (!seen_urls_.insert(entry.url.text()).second) continue;
    queue_.push_back({entry, unique_name(entry), status_url, use_token});
    ++files_total_;
  }
  for (std::size_t more = std::min(parallel_ - workers_, queue_.size()); more > 0; --more) {
    ++workers_;
    group_->spawn([this] { return work(); });
  }
}

// A local name that no other file of this run has. Call it with the lock held.
std::string Run::unique_name(const bulk::Entry& entry) {
  const auto [name, other] = transfer::local_names(entry);
  if (paths_.insert(transfer::published_path(name, entry.is_error)).second) return name;
  paths_.insert(transfer::published_path(other, entry.is_error));
  return other;
}

// Takes files off the queue until it is empty.
Task<> Run::work() {
  for (;;) {
    FileTask task;
    {
      std::lock_guard lock(mutex_);
      if (queue_.empty() || group_->canceled()) {
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
    throw std::move(Error(Status::PROTOCOL, "the file " + task.entry.shown() + " is on another origin, " +
                                                tidy(task.entry.url.origin(), 200) +
                                                "; if that is right, list it in the setting allowed_origins")
                        .at_file(task.entry.name));
  FileResult there;
  if (co_await is_there(task, there)) co_return published(task, std::move(there));
  log(client_log::download_request(shown(task.status_url), task.entry, now()));
  published(task, co_await download(task));
}

// A file of that name in OUT. A fetch takes one that an earlier run published there, once it has read that it still is
// that file. Any other is in the way.
Task<bool> Run::is_there(const FileTask& task, FileResult& result) {
  const std::string path = task.path();
  if (!workspace_ || !workspace_->has(path)) co_return false;
  const auto found = workspace_->earlier().find(path);
  if (request_.kind == RunKind::fetch && found != workspace_->earlier().end()) {
    const transfer::FileRecord& record = found->second;
    if (transfer::is_of(record, task.entry) && co_await digest_at(path, record.facts.bytes) == record.facts.sha256) {
      result = {transfer::safe_type(task.entry.type),
                task.entry.url.text(),
                path,
                task.status_url,
                record.facts,
                task.entry.is_error,
                record.key_id};
      co_return true;
    }
  }
  const std::string full = workspace_->path() + "/" + path;
  throw std::move(
      Error(Status::FILESYSTEM, full + " exists already; move it away or choose another directory").at_file(full));
}

// The SHA-256 of a file in OUT, or "" when it does not have `bytes` bytes. Read away from the I/O threads, in pieces, so
// that a cancel is heard in between.
Task<std::string> Run::digest_at(const std::string& path, std::int64_t bytes) {
  std::optional<InputFile> file;
  crypto::Sha256 digest;
  Bytes buffer(kReadBuffer);
  bool more = true;
  co_await on(session_->disk(), *session_, [&] { file = workspace_->open(path); });
  if (!file || file->size() != bytes) co_return "";
  while (more) {
    if (group_->canceled()) throw Error(Status::CANCELED, "canceled");
    co_await on(session_->disk(), *session_, [&] {
      for (std::int64_t taken = 0; more && taken < kYieldEvery; taken += static_cast<std::int64_t>(buffer.size())) {
        const std::size_t n = file->read(buffer);
        digest.update({buffer.data(), n});
        more = n > 0;
      }
    });
  }
  co_return to_hex(digest.finish());
}

Task<FileResult> Run::download(const FileTask& task) {
  std::optional<crypto::FileKey> key = key_for(task.entry);
  transfer::Download download(task.entry, download_options_, random_jitter);
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
      if (co_await attempt(task, key, download, std::move(send.request), result)) co_return result;
    } catch (const Error& e) {
      if (e.status == Status::CANCELED) throw;
      failure = e;
    }
    if (failure) download.on_failure(*failure);
  }
}

// Directory writes run here, on the I/O thread. A caller's sink may block, so it runs on the sink threads.
Task<> Run::at_destination(std::function<void()> work) {
  if (sink_threads_) co_return co_await on(*sink_threads_, *session_, std::move(work));
  work();
}

// One request for one file; false when the answer was not the file.
Task<bool> Run::attempt(const FileTask& task, const std::optional<crypto::FileKey>& key, transfer::Download& download,
                        http::Request request, FileResult& result) {
  http::Response response = co_await session_->http().open(std::move(request));
  if (!co_await accept(response, download)) co_return false;
  if (!key && !response.delimited())
    throw Error(Status::VERIFICATION, "the file " + task.entry.shown() +
                                          " came in plaintext and without a length, so it cannot be known to be whole");

  std::unique_ptr<transfer::Writer> writer;
  std::exception_ptr failure;  // a handler cannot wait, and the writer must be destroyed elsewhere
  try {
    std::string type = transfer::safe_type(task.entry.type);
    co_await at_destination([&] { writer = destination_->begin(task.name, type, task.entry.is_error); });
    transfer::Decoder decoder(key, *writer, response.content_length() >= 0);
    co_await receive(response, decoder, result);
    result.type = type;
    result.url = task.entry.url.text();
    result.status_url = task.status_url;
    result.is_error = task.entry.is_error;
    result.key_id = transfer::key_id(task.entry.encrypted_key);
    co_await on(sink_threads_ ? *sink_threads_ : session_->disk(), *session_,
                [&] { result.path = commit(task, *writer, result.facts); });
  } catch (Error& e) {
    if (e.file.empty() && e.status != Status::NETWORK) e.message = "the file " + task.entry.shown() + ": " + e.message;
    failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await at_destination([&] { writer.reset(); });
    co_await asio::this_coro::throw_if_cancelled(true);
    std::rethrow_exception(failure);
  }
  co_return true;
}

// Whether the answer is the file. One that is not is read a little way, because it may say why.
Task<bool> Run::accept(http::Response& response, transfer::Download& download) {
  http::Answer answer = response.head();
  if (answer.status != 200) {
    try {
      co_await response.read_text(answer.body, kLargestRefusal);
    } catch (const Error& e) {
      if (e.status == Status::CANCELED) throw;
      // The status is the answer. What explains it was cut, and what came of it has to do.
    }
  }
  co_return download.on_head(answer, now());
}

// The file is whole and verified: its record goes into the journal, then the file gets its name.
std::string Run::commit(const FileTask& task, transfer::Writer& writer, const transfer::Facts& facts) {
  if (workspace_)
    workspace_->file_coming({task.path(), task.entry.url.without_query(), transfer::safe_type(task.entry.type),
                             transfer::key_id(task.entry.encrypted_key), facts});
  return writer.commit(facts.bytes, facts.sha256);
}

// The body, to its end.
Task<> Run::receive(http::Response& response, transfer::Decoder& decoder, FileResult& result) {
  std::int64_t expected = std::max<std::int64_t>(0, response.content_length()), received = 0, yielded = 0;
  bytes_total_ += expected;
  try {
    Bytes buffer(kReadBuffer);
    while (std::size_t n = co_await response.read_some(buffer)) {
      co_await at_destination([&] { decoder.feed({buffer.data(), n}); });
      received += static_cast<std::int64_t>(n);
      progressed(static_cast<std::int64_t>(n));
      // While the network is always ahead nothing above waits, and only a wait lets a cancellation or another file in.
      if (received - yielded >= kYieldEvery) {
        yielded = received;
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      }
    }
    co_await at_destination([&] { result.facts = decoder.finish(); });
  } catch (const Error&) {
    bytes_total_ -= expected;
    bytes_done_ -= received;
    throw;
  }
}

std::optional<crypto::FileKey> Run::key_for(const bulk::Entry& entry) {
  try {
    auto key = transfer::key_of(entry, session_->private_key(), request_.settings.boolean("allow_plaintext"));
    std::lock_guard lock(mutex_);
    if (key) ++keys_opened_;
    return key;
  } catch (const Error& e) {
    if (e.status == Status::DECRYPTION) key_failed();
    throw;
  }
}

// When the private key opens none of the first files it is not the registered one: nothing else will go well, and the other
// jobs need not be waited for. A single file may have a bad key, so a few must agree, or all that there are.
void Run::key_failed() {
  std::lock_guard lock(mutex_);
  const std::int64_t enough = jobs_.size() == types_.size() ? std::min(kKeysToTry, files_total_) : kKeysToTry;
  if (keys_opened_ == 0 && ++keys_refused_ >= enough) wrong_key_ = true;
}

void Run::published(const FileTask& task, FileResult file) {
  log(client_log::download_complete(shown(task.status_url), task.entry, file.facts, now()));
  Event event;
  event.kind = EventKind::file;
  event.type = file.type;
  event.bytes_done = file.facts.bytes;
  if (workspace_) file.path = workspace_->path() + "/" + file.path;
  event.file = file.path;
  {
    std::lock_guard lock(mutex_);
    files_.push_back(std::move(file));
    unreachable_ = 0;
  }
  mailbox_->push(std::move(event));
  tell_progress();
}

// Each file has its own tries; when file after file uses them up, thousands more would not fare better.
bool Run::service_is_gone() {
  std::lock_guard lock(mutex_);
  return ++unreachable_ > 2 * parallel_;
}

void Run::file_failed(const FileTask& task, const Error& error) {
  if (error.status == Status::CANCELED) return fail(error);
  bool single = false;
  {
    std::lock_guard lock(mutex_);
    ++files_failed_;
    single = files_total_ == 1;
  }
  fail(error, true);
  log(client_log::download_error(shown(task.status_url), task.entry, error, now()));
  if (!single) warn(transfer::safe_type(task.entry.type), task.entry.name, error);  // a single one is the run's own
  const bool unreachable = error.status == Status::NETWORK || error.status == Status::TIMEOUT;
  if (wrong_key_ || (unreachable && service_is_gone())) group_->cancel();
}

}  // namespace libbcda::runtime
