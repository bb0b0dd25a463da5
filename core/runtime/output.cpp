#include "runtime/output.hpp"

#include <unordered_set>

#include "crypto/digest.hpp"
#include "runtime/receipt.hpp"
#include "runtime/run.hpp"
#include "runtime/unfinished.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

// Learns from the receipt which files were published here. Other NDJSON files than those of the manifests are refused,
// unless a single file is fetched: then the other files of its manifest may be there too.
void know_earlier_files(transfer::Workspace& workspace, const RunRequest& request) {
  know_receipt(workspace);
  if (!request.only_file.empty()) return;
  std::unordered_set<std::uint64_t> wanted;  // digests of paths
  for (const auto& manifest : request.manifests)
    for (std::size_t i = 0; i < manifest->size(); ++i) {
      const bulk::Entry entry = manifest->entry(i);
      for (const std::string& name : transfer::local_names(entry))
        wanted.insert(crypto::short_digest(transfer::published_path(name, entry.kind)));
    }
  workspace.published().refuse_others(
      [&](const std::string& path) { return wanted.count(crypto::short_digest(path)) > 0; });
}

void check_key(const Session& session, const Settings& settings) {
  if (!session.profile().encrypts || session.private_key() || settings.boolean("allow_plaintext")) return;
  throw Error(Status::PRIVATE_KEY,
              "the setting private_key is missing: the service encrypts every data file; if it sends yours in "
              "plaintext, set allow_plaintext");
}

}  // namespace

Output open_output(Session& session, const RunRequest& request) {
  Output output;
  const bool is_manifest = request.kind == RunKind::manifest;
  if (request.kind != RunKind::export_ && request.kind != RunKind::fetch && !is_manifest) return output;
  const files::Durability how = durability(request.settings);
  const world::Local local = session.world()->local();
  const auto job = [&] {
    return transfer::Workspace::ExportOptions{.intent = intent_of(session, request.settings),
                                              .restart = request.settings.boolean("restart"),
                                              .takes_over = request.settings.boolean("take_over"),
                                              .only_job = is_manifest};
  };
  if (is_manifest) {
    const std::string directory = request.settings.text("job_directory");
    if (!directory.empty()) output.workspace = transfer::Workspace::for_export(directory, job(), how, local);
    return output;
  }
  if (!request.key_of) check_key(session, request.settings);
  if (request.sink) {
    // A sink of the caller may block, so each file has a thread for it.
    output.sink_workers =
        session.world()->make_workers(static_cast<std::size_t>(request.settings.integer("parallel")), "bcda-sink");
    output.destination = collecting(request.sink, output.issues, "");
    return output;
  }
  const std::string out = request.settings.text("out");
  if (request.kind == RunKind::export_) {
    output.workspace = transfer::Workspace::for_export(out, job(), how, local);
  } else {
    output.workspace = transfer::Workspace::for_fetch(out, how, local, request.settings.boolean("take_over"));
    know_earlier_files(*output.workspace, request);
  }
  output.destination = collecting(output.workspace->destination(), output.issues, output.shown_path(""));
  return output;
}

}  // namespace libbcda::runtime
