#include "runtime/output.hpp"

#include <algorithm>
#include <set>

#include "base/quote.hpp"
#include "runtime/receipt.hpp"
#include "runtime/reporter.hpp"
#include "runtime/run.hpp"
#include "transfer/names.hpp"

namespace libbcda::runtime {
namespace {

// Leaves in the request's manifests only the file that is asked for.
void select_file(RunRequest& request) {
  bool found = false;
  for (bulk::Manifest& manifest : request.manifests) {
    std::erase_if(manifest.entries, [&](const bulk::Entry& e) {
      return e.name != request.only_file && e.url.text() != request.only_file;
    });
    found = found || !manifest.entries.empty();
  }
  if (!found)
    throw Error(Status::INVALID_ARGUMENT, "the manifest lists no file " + tidy(shown(request.only_file), 200));
}

// What a receipt lists was published here too. Nothing but files of these manifests may be there, unless single files are
// fetched, of whose neighbors nothing is known.
void know_earlier_files(transfer::Workspace& workspace, const RunRequest& request) {
  know_receipt(workspace);
  if (!request.only_file.empty()) return;
  std::set<std::string> wanted;
  for (const bulk::Manifest& manifest : request.manifests)
    for (const bulk::Entry& entry : manifest.entries)
      for (const std::string& name : transfer::local_names(entry))
        wanted.insert(transfer::published_path(name, entry.is_error));
  workspace.published().refuse_others(wanted);
}

void check_key(const Session& session, const Settings& settings) {
  if (session.private_key() || settings.boolean("allow_plaintext")) return;
  throw Error(Status::PRIVATE_KEY,
              "the setting private_key is missing: the service encrypts every data file; if it sends yours in "
              "plaintext, set allow_plaintext");
}

}  // namespace

Output open_output(Session& session, RunRequest& request) {
  Output output;
  if (request.kind == RunKind::metadata || request.kind == RunKind::manifest) return output;
  check_key(session, request.settings);
  if (!request.only_file.empty()) select_file(request);
  if (request.sink) {
    // A caller's sink may take its time, so each file has a thread for it.
    output.sink_workers =
        session.world()->make_workers(static_cast<std::size_t>(request.settings.integer("parallel")), "bcda-sink");
    output.destination = request.sink;
    return output;
  }
  const std::string out = request.settings.text("out");
  const files::Durability how = durability(request.settings);
  const world::Local local = session.world()->local();
  if (request.kind == RunKind::export_) {
    output.workspace = transfer::Workspace::for_export(out, request.settings.boolean("restart"), how, local);
  } else {
    output.workspace = transfer::Workspace::for_fetch(out, how, local);
    know_earlier_files(*output.workspace, request);
  }
  output.destination = output.workspace->destination();
  return output;
}

}  // namespace libbcda::runtime
