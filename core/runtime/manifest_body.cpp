#include "runtime/manifest_body.hpp"

namespace libbcda::runtime {
namespace {

constexpr std::size_t kBlock = 256 << 10;        // what a worker parses at once
constexpr std::size_t kStep = 8 << 20;           // what must arrive within request_timeout
constexpr std::size_t kBeginning = 64 << 10;     // enough to tell a web page
constexpr std::size_t kLargestAnswer = 1 << 20;  // of an answer that is no manifest

// Keeps an error of the manifest itself. A failure of the spool is not one, so it is thrown on.
template <class Parse>
void parse_or_note(ManifestBody& body, Parse parse) {
  try {
    parse();
  } catch (const Error& e) {
    if (e.status != Status::PROTOCOL && e.status != Status::LIMIT) throw;
    body.malformed = e;
  }
}

}  // namespace

Task<ManifestBody> receive_manifest(Session& session, transfer::Workspace* workspace, http::Response& response,
                                    const http::Url& base, std::size_t kept) {
  world::Workers& workers = session.world()->workers();
  const auto max_bytes = static_cast<std::size_t>(session.settings().integer("max_manifest_bytes"));
  ManifestBody body;
  bulk::ManifestReader reader(base, workspace ? workspace->spool() : files::Spool());
  std::string block;
  std::size_t received = 0, next_step = 0;
  bool more = true;
  while (more && !body.malformed) {
    if (received >= next_step) {
      response.limit_time();
      next_step = received + kStep;
    }
    const std::size_t before = block.size();
    more = co_await response.read_text_piece(block);
    received += block.size() - before;
    if (kept + received > max_bytes)
      throw Error(Status::LIMIT, "the manifest is larger than the " + std::to_string(max_bytes) +
                                     " bytes that the setting max_manifest_bytes allows");
    if (body.beginning.size() < kBeginning) body.beginning.append(block, before, kBeginning - body.beginning.size());
    if (more && block.size() < kBlock) continue;
    co_await world::run_on(workers, [&] { parse_or_note(body, [&] { reader.feed(block); }); });
    block.clear();
  }
  if (!body.malformed)
    co_await world::run_on(workers, [&] { parse_or_note(body, [&] { body.manifest = reader.finish(); }); });
  co_return body;
}

Task<> hear(Session& session, transfer::Workspace* workspace, const bulk::Job& job, http::Request request,
            Heard& heard) {
  http::Answer& answer = heard.answer;
  try {
    http::Response response = co_await session.http().open(std::move(request), &heard.reach);
    answer = response.head();
    // The head of an accepted kick-off has all that counts. If its body failed, the job would run on, unknown to the
    // client.
    if (job.phase() == bulk::Job::Phase::to_kick_off && answer.status == 202) co_return;
    if (job.brings_manifest(answer)) {
      heard.body = co_await receive_manifest(session, workspace, response, job.page_url(), job.kept_bytes());
      answer.body = std::move(heard.body.beginning);
    } else {
      response.limit_time();
      co_await response.read_text(answer.body, kLargestAnswer);
    }
  } catch (const Error& e) {
    if (e.status == Status::CANCELED || e.status == Status::FILESYSTEM) throw;
    heard.failure = e;
  }
}

void tell(bulk::Job& job, Heard& heard, Moment now) {
  if (heard.failure) return job.on_failure(*heard.failure, heard.reach, now);
  if (heard.body.malformed) return job.on_bad_manifest(heard.answer, *heard.body.malformed, now);
  if (heard.body.manifest) return job.on_manifest(heard.answer, std::move(heard.body.manifest), now);
  job.on_answer(heard.answer, now);
}

}  // namespace libbcda::runtime
