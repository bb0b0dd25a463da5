// Partitions of exports: the C interface of core/partition.
#include "partition/cut.hpp"
#include "partition/files.hpp"
#include "tables.hpp"

using libbcda::Error;
using libbcda::Settings;
using libbcda::Status;
using libbcda::capi::guard;
using libbcda::capi::need;
using libbcda::capi::Prepared;
using libbcda::capi::settings_for;
using libbcda::capi::settings_of;
using libbcda::runtime::Session;
namespace partition = libbcda::partition;
namespace world = libbcda::world;

namespace {

void check_sources(const char* manifest, std::int32_t path_count) {
  if ((manifest == nullptr) == (path_count <= 0))
    throw Error(Status::INVALID_ARGUMENT, "give either the argument manifest or the argument paths");
}

Settings given(const bcda_client* client, const bcda_config* settings) {
  if (client) client->owner.check();
  return client ? settings_for(*client, settings, true) : settings_of(settings);
}

std::shared_ptr<partition::Files> open_files(const bcda_client* client, const Settings& settings, const char* token) {
  auto opened =
      partition::unseal(token, partition::read_partition_key(settings), world::system_local().clock.now().wall);
  std::shared_ptr<Session> session = client ? client->session : nullptr;
  if (!session && opened.downloads()) session = std::make_shared<Session>(settings);
  return std::make_shared<partition::Files>(std::move(session), std::move(opened), settings);
}

Prepared open(const bcda_client* client, const bcda_config* config, const char* token,
              const std::vector<std::string>& tables) {
  const Settings settings = given(client, config);
  Prepared made = libbcda::capi::prepare_scan(settings, tables);
  if (token) made.files = open_files(client, settings, token);
  if (token)
    made.scan->read(partition::scan_files(made.files, made.types));
  else
    made.scan->read([] { return std::nullopt; });
  return made;
}

}  // namespace

extern "C" {

bcda_status bcda_partitions(bcda_client* client, const bcda_config* settings, const char* manifest,
                            const char* const* paths, int32_t path_count, int32_t count, char** json,
                            bcda_error** error) {
  return guard(error, [&] {
    need(json, "json");
    check_sources(manifest, path_count);
    if (manifest) need(client, "client");
    if (count < 0) throw Error(Status::INVALID_ARGUMENT, "the argument count is negative");
    const Settings all = given(client, settings);
    const partition::Whole whole = manifest
                                       ? partition::read_manifests(*client->session, all, manifest)
                                       : partition::read_exports(all, libbcda::capi::texts(paths, path_count, "paths"));
    *json = libbcda::capi::give_string(partition::make_tokens(whole, all, count, world::system_local()));
  });
}

bcda_status bcda_partition_open(bcda_client* client, const bcda_config* settings, const char* token,
                                const char* const* tables, int32_t table_count, bcda_tables** opened,
                                bcda_error** error) {
  return guard(error, [&] {
    need(opened, "opened");
    *opened = new bcda_tables{open(client, settings, token, libbcda::capi::texts(tables, table_count, "tables"))};
  });
}

bcda_status bcda_partition_stream(bcda_client* client, const bcda_config* settings, const char* token,
                                  const char* table, struct ArrowArrayStream* stream, bcda_error** error) {
  return guard(error, [&] {
    need(table, "table");
    need(stream, "stream");
    libbcda::capi::write_stream(open(client, settings, token, {table}), *stream);
  });
}

bcda_status bcda_partition_records(bcda_client* client, const bcda_config* settings, const char* token,
                                   bcda_reader** reader, bcda_error** error) {
  return guard(error, [&] {
    need(token, "token");
    need(reader, "reader");
    auto files = open_files(client, given(client, settings), token);
    *reader = new bcda_reader{libbcda::ndjson::Records(partition::record_files(files)),
                              [files] { return files->abandoned(); }, [files] { files->cancel(); }};
  });
}

}  // extern "C"
