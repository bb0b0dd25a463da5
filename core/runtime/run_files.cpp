// A run's files: the queue, the workers, and each file's way from its URL to its final name.
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
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

}  // namespace

// `grown`: the manifest was read before, and what it lists may come under new query strings (pre-signed URLs do).
void Run::enqueue(const bulk::Manifest& manifest, const std::string& export_id, bool grown) {
  if (!manifest.entries.empty()) enter("downloading", 3);
  std::lock_guard lock(mutex_);
  for (const bulk::Entry& entry : manifest.entries) {
    std::string whole = entry.url.text(), plain = "path " + entry.url.without_query();
    if (seen_urls_.count(grown ? plain : whole)) continue;
    seen_urls_.insert(std::move(whole));
    seen_urls_.insert(std::move(plain));
    queue_.push_back({entry, export_id, manifest.requires_access_token});
    ++files_total_;
  }
  for (std::size_t more = std::min(parallel_ - workers_, queue_.size()); more > 0; --more) {
    ++workers_;
    group_->spawn([this] { return work(); });
  }
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
    throw std::move(Error(Status::PROTOCOL, "the file " + task.entry.name + " is on another origin, " +
                                                task.entry.url.origin() +
                                                "; if that is right, list it in the setting allowed_origins")
                        .at_file(task.entry.name));
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

namespace {

// Runs what may block for seconds away from the threads that move data, and waits for it. It is not interrupted: a file that
// is verified is published.
Task<> on(asio::thread_pool& pool, Session& session, std::function<void()> work) {
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
        asio::post(pool, [run, back, done = std::move(handler)]() mutable {
          run();
          asio::post(back, std::move(done));
        });
      },
      asio::use_awaitable);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

// A directory takes bytes at once, a sink when its owner likes.
Task<> Run::at_destination(std::function<void()> work) {
  if (sink_threads_) co_return co_await on(*sink_threads_, *session_, std::move(work));
  work();
}

// One request for one file; false when the answer was not the file.
Task<bool> Run::attempt(const FileTask& task, const std::optional<crypto::FileKey>& key, const std::string& name,
                        transfer::Download& download, http::Request request, FileResult& result) {
  http::Response response = co_await session_->http().open(std::move(request));
  if (!download.on_head(response.head(), now())) co_return false;
  if (!key && !response.delimited())
    throw Error(Status::VERIFICATION, "the file " + task.entry.name +
                                          " came in plaintext and without a length, so it cannot be known to be whole");

  std::unique_ptr<transfer::Writer> writer;
  std::exception_ptr failure;
  try {
    std::string type = transfer::safe_type(task.entry.type);
    co_await at_destination([&] { writer = destination_->begin(name, type, task.entry.is_error); });
    transfer::Decoder decoder(key, *writer);
    co_await receive(response, decoder, result);
    result.type = type;
    result.url = task.entry.url.text();
    result.export_id = task.export_id;
    result.is_error = task.entry.is_error;
    co_await on(sink_threads_ ? *sink_threads_ : session_->disk(), *session_, [&] {
      result.path = writer->commit(result.facts.bytes, result.facts.sha256);
      if (workspace_)
        note([&] { workspace_->file_published(task.entry.url.without_query(), result.path, result.facts); });
    });
  } catch (Error& e) {
    if (e.file.empty() && e.status != Status::NETWORK) e.message = "the file " + task.entry.name + ": " + e.message;
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
  } catch (Error& e) {
    bytes_total_ -= expected;
    bytes_done_ -= received;
    if (e.status == Status::DECRYPTION && decoder.looks_plain())
      e.message =
          "the service sent the file in plaintext although the manifest gives a key for it, so it cannot be verified; "
          "start a new export";
    throw;
  }
}

std::optional<crypto::FileKey> Run::key_for(const bulk::Entry& entry) const {
  if (entry.encrypted_key.empty()) {
    if (!entry.is_error && !request_.settings.boolean("allow_plaintext"))
      throw std::move(
          Error(Status::VERIFICATION, "the manifest gives no key for the file " + entry.name +
                                          ", so it would come in plaintext; set allow_plaintext to accept that")
              .at_file(entry.name));
    return std::nullopt;
  }
  if (!session_->private_key())
    throw std::move(
        Error(Status::PRIVATE_KEY, "the file " + entry.name + " is encrypted, and the setting private_key is missing")
            .at_file(entry.name));
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
    throw std::move(Error(Status::FILESYSTEM, workspace_->path() + "/" + place +
                                                  " exists already; move it away or choose another directory")
                        .at_file(workspace_->path() + "/" + place));
  return name;
}

void Run::published(const FileTask& task, FileResult file) {
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
  fail(error);
  if ((error.status == Status::NETWORK || error.status == Status::TIMEOUT) && service_is_gone()) group_->cancel();
  if (error.status != Status::CANCELLED) {
    log(client_log::download_error(task.export_id, task.entry, error, now()));
    warn(transfer::safe_type(task.entry.type), task.entry.name, error);
    std::lock_guard lock(mutex_);
    ++files_failed_;
  }
}

}  // namespace libbcda::runtime
