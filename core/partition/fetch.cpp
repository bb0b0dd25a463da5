#include "partition/fetch.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/json.hpp"
#include "partition/hidden_spool.hpp"
#include "transfer/names.hpp"

namespace libbcda::partition {
namespace {

using runtime::Run;
using transfer::Destination;
using transfer::Writer;

// A manifest that lists only this file. A key is named in it, but only the token has it.
std::string manifest_of(const Partition& partition, const File& file) {
  json::object item{{"type", file.type}, {"url", file.url}};
  if (file.records >= 0) item["count"] = file.records;
  if (file.key >= 0) item["encryptedKey"] = "in the partition token";
  json::array extensions;
  if (!file.sha256.empty()) extensions.push_back({{"url", "/checksum"}, {"valueString", "sha256:" + file.sha256}});
  if (file.bytes >= 0) extensions.push_back({{"url", "/file_length"}, {"valueDecimal", file.bytes}});
  if (!extensions.empty()) item["extension"] = std::move(extensions);
  json::object manifest{{"transactionTime", partition.transaction_time},
                        {"request", partition.request},
                        {"requiresAccessToken", partition.requires_access_token},
                        {"output", json::array{std::move(item)}}};
  if (!partition.organized_by.empty()) manifest["outputOrganizedBy"] = partition.organized_by;
  return json::serialize(manifest);
}

Run::Handle start_run(const std::shared_ptr<runtime::Session>& session, const Settings& settings,
                      const Partition& partition, const File& file, std::shared_ptr<Destination> destination) {
  runtime::RunRequest request;
  request.kind = runtime::RunKind::fetch;
  request.settings = settings;
  request.settings.set("parallel", "1");
  request.sink = std::move(destination);
  request.manifests = bulk::parse_manifests(manifest_of(partition, file), session->service().origin);
  std::optional<crypto::FileKey> key;
  if (file.key >= 0) key.emplace(partition.key(file.key));
  request.key_of = [key](const bulk::Entry&) { return key; };
  return Run::start(session, std::move(request));
}

bool is_old(const Partition& partition, Instant now) {
  const auto time = parse_time(partition.transaction_time);
  return time && now - *time > kFilesAreKept;
}

// A file that is gone is gone for every try, so the message begins with what helps. `is_old`: the manifest is so old
// that a 404 means that, too; otherwise something else may be the cause.
Error explained(Error failure, bool is_old) {
  if (is_old && failure.status == Status::REFUSED && failure.http_status == 404) failure.status = Status::JOB_GONE;
  if (failure.status == Status::JOB_GONE) failure.message = "start a new export: " + failure.message;
  return failure;
}

// ---- verify=before --------------------------------------------------------------------------------------------------

// Keeps the file in a spool that is handed over once the file was verified.
class SpoolDestination : public Destination {
 public:
  SpoolDestination(std::string directory, world::Random& random) : directory_(std::move(directory)), random_(random) {}

  std::unique_ptr<Writer> begin(const std::string& name, const std::string&, bulk::FileKind) override {
    return std::make_unique<SpoolWriter>(*this, name, std::make_shared<HiddenSpool>(directory_, random_));
  }
  std::shared_ptr<const HiddenSpool> verified;  // written before the end of the run

 private:
  class SpoolWriter : public Writer {
   public:
    SpoolWriter(SpoolDestination& to, std::string name, std::shared_ptr<HiddenSpool> spool)
        : to_(to), name_(std::move(name)), spool_(std::move(spool)) {}
    void write(ByteView bytes) override { spool_->append(bytes); }
    std::string commit(std::int64_t, const std::string&) override {
      to_.verified = spool_;
      return name_;
    }

   private:
    SpoolDestination& to_;
    std::string name_;
    std::shared_ptr<HiddenSpool> spool_;
  };

  const std::string directory_;
  world::Random& random_;
};

class SpooledFetch : public Fetch {
 public:
  SpooledFetch(const std::shared_ptr<runtime::Session>& session, const Settings& settings, const Partition& partition,
               const File& file)
      : destination_(std::make_shared<SpoolDestination>(settings.text("spool_directory"), session->world()->random())),
        run_(start_run(session, settings, partition, file, destination_)),
        is_old_(is_old(partition, session->world()->clock().now().wall)) {}

  void wait() override {
    run_->mailbox().wait_finished(Milliseconds(-1));
    if (auto failure = run_->mailbox().failure()) throw explained(std::move(*failure), is_old_);
    if (!destination_->verified) throw Error(Status::INTERNAL, "a file was fetched, but not kept");
  }
  ndjson::Reader::Source open() override { return destination_->verified->source(); }
  void cancel() noexcept override { run_->cancel(); }

 private:
  std::shared_ptr<SpoolDestination> destination_;
  Run::Handle run_;
  const bool is_old_;
};

// ---- verify=stream --------------------------------------------------------------------------------------------------

// Passes bytes from the run to the reader, and holds back the run when the reader is slow.
class Pipe {
 public:
  void begin() {
    const std::lock_guard lock(mutex_);
    if (!has_given_) return;
    began_again_ = true;
    throw Error(Status::SINK, "the file began again");
  }
  void write(ByteView bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return left() < kMost || is_abandoned_; });
    if (is_abandoned_) throw Error(Status::CANCELED, "canceled");
    if (left() == 0 || taken_ >= kMost)  // not at each call, because that moves what is left
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(std::exchange(taken_, 0)));
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    has_given_ = has_given_ || !bytes.empty();
    changed_.notify_all();
  }
  void commit() {
    const std::lock_guard lock(mutex_);
    is_verified_ = true;
    changed_.notify_all();
  }
  void abandon() {
    const std::lock_guard lock(mutex_);
    is_abandoned_ = true;
    changed_.notify_all();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  // Returns 0 at the end of the run, and at that of the bytes.
  std::size_t read(MutableBytes room, const runtime::Mailbox& mailbox) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return left() > 0 || is_verified_ || mailbox.finished(); });
    const std::size_t size = std::min(room.size(), left());
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(taken_), size, room.begin());
    taken_ += size;
    changed_.notify_all();
    return size;
  }
  bool is_verified() const {
    const std::lock_guard lock(mutex_);
    return is_verified_;
  }
  bool began_again() const {
    const std::lock_guard lock(mutex_);
    return began_again_;
  }

 private:
  static constexpr std::size_t kMost = 4 << 20;

  std::size_t left() const { return bytes_.size() - taken_; }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Bytes bytes_;
  std::size_t taken_ = 0;
  bool has_given_ = false, is_verified_ = false, is_abandoned_ = false, began_again_ = false;
};

class PipeDestination : public Destination {
 public:
  explicit PipeDestination(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  std::unique_ptr<Writer> begin(const std::string& name, const std::string&, bulk::FileKind) override {
    pipe_->begin();
    return std::make_unique<PipeWriter>(*pipe_, name);
  }

 private:
  class PipeWriter : public Writer {
   public:
    PipeWriter(Pipe& pipe, std::string name) : pipe_(pipe), name_(std::move(name)) {}
    void write(ByteView bytes) override { pipe_.write(bytes); }
    std::string commit(std::int64_t, const std::string&) override {
      pipe_.commit();
      return name_;
    }

   private:
    Pipe& pipe_;
    std::string name_;
  };

  std::shared_ptr<Pipe> pipe_;
};

class StreamedFetch : public Fetch {
 public:
  StreamedFetch(const std::shared_ptr<runtime::Session>& session, const Settings& settings, const Partition& partition,
                const File& file)
      : name_(name_of(file)),
        pipe_(std::make_shared<Pipe>()),
        run_(start_run(session, settings, partition, file, std::make_shared<PipeDestination>(pipe_))),
        is_old_(is_old(partition, session->world()->clock().now().wall)) {
    run_->mailbox().set_notify([pipe = pipe_] { pipe->wake(); });
  }
  ~StreamedFetch() override {
    pipe_->abandon();
    run_->mailbox().set_notify(nullptr);
  }

  void wait() override {}
  ndjson::Reader::Source open() override {
    return [this](MutableBytes room) {
      const std::size_t size = pipe_->read(room, run_->mailbox());
      if (size == 0) check_end();
      return size;
    };
  }
  void cancel() noexcept override { run_->cancel(); }

 private:
  void check_end() const {
    if (pipe_->is_verified()) return;
    run_->mailbox().wait_finished(Milliseconds(-1));
    Error failure = run_->mailbox().failure().value_or(Error(Status::INTERNAL, "a file was fetched, but not verified"));
    if (pipe_->began_again()) {
      failure = Error(Status::NETWORK, "the download of the file " + name_ + " broke, and had to begin again");
      failure.may_retry();
    }
    failure = explained(std::move(failure), is_old_);
    failure.message +=
        "; its rows so far were given out unverified (verify=stream): discard them, and read the partition again";
    throw failure;
  }

  const std::string name_;
  std::shared_ptr<Pipe> pipe_;
  Run::Handle run_;
  const bool is_old_;
};

}  // namespace

std::string name_of(const File& file) {
  const http::Url url = http::parse_url(file.url, "the URL of a file in the partition token");
  return transfer::local_name(file.type, url.name(), file.url);
}

std::unique_ptr<Fetch> start_fetch(std::shared_ptr<runtime::Session> session, const Settings& settings,
                                   const Partition& partition, const File& file) {
  if (settings.text("verify") == "stream") return std::make_unique<StreamedFetch>(session, settings, partition, file);
  return std::make_unique<SpooledFetch>(session, settings, partition, file);
}

}  // namespace libbcda::partition
