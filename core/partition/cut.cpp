#include "partition/cut.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "crypto/digest.hpp"
#include "partition/lines.hpp"
#include "runtime/file_queue.hpp"
#include "runtime/receipt.hpp"
#include "runtime/table_source.hpp"
#include "tables/scan.hpp"
#include "transfer/names.hpp"

namespace libbcda::partition {
namespace {

constexpr std::int64_t kMostPartitions = 1'000'000;

std::string digest_of(const bulk::Manifests& manifests) {
  crypto::Sha256 digest;
  for (const auto& manifest : manifests)
    manifest->each_piece([&](std::string_view piece) { digest.update(as_bytes(piece)); });
  return to_hex(digest.finish());
}

std::string digest_of(const std::vector<File>& files) {
  crypto::Sha256 digest;
  for (const File& file : files)
    digest.update(
        as_bytes(file.path + '\0' + std::to_string(file.bytes) + '\0' + file.sha256 + '\0' + file.lines + '\0'));
  return to_hex(digest.finish());
}

// What the service or the manifest says about the generation of its claims.
std::optional<tables::Generation> generation_of(const runtime::Session& session, const bulk::Manifest& manifest,
                                                const Settings& settings) {
  if (const auto chosen = tables::find_generation(settings.text("generation"))) return chosen;
  const std::string& profile = session.profile().name;
  const auto of_request = runtime::generation_of_request({{"base", manifest.request}, {"profile", profile}});
  if (of_request) return of_request;
  return runtime::generation_of_request({{"base", session.service().at("").text()}, {"profile", profile}});
}

File describe(const bulk::Entry& entry) {
  File file;
  file.type = transfer::safe_type(entry.type);
  file.url = entry.url.text();
  file.bytes = entry.length.value_or(-1);
  file.records = entry.count.value_or(-1);
  file.sha256 = entry.sha256;
  return file;
}

// -1: it cannot be read, which is an error when its turn comes.
std::int64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? -1 : static_cast<std::int64_t>(size);
}

// What may differ between the manifests of one token: only files and their number.
void adopt(Partition& all, const bulk::Manifest& manifest, bool is_first) {
  all.transaction_time = runtime::earliest_time({all.transaction_time, manifest.transaction_time});
  if (is_first) {
    all.request = manifest.request;
    all.organized_by = manifest.organized_by;
    all.requires_access_token = manifest.requires_access_token;
  } else if (manifest.requires_access_token != all.requires_access_token || manifest.organized_by != all.organized_by) {
    throw Error(Status::INVALID_ARGUMENT,
                "the manifests differ in requiresAccessToken or outputOrganizedBy; make the partitions of each alone");
  }
}

std::optional<Instant> expiry(const Settings& settings, bool downloads, Instant now) {
  if (!settings.has("partition_lifetime")) return downloads ? std::optional(now + kFilesAreKept) : std::nullopt;
  const Milliseconds lifetime = settings.duration("partition_lifetime");
  return lifetime.count() > 0 ? std::optional(now + lifetime) : std::nullopt;
}

void check_seal(const Whole& whole, bool has_key) {
  if (has_key || !(whole.is_signed || whole.has_keys)) return;
  throw Error(
      Status::INVALID_ARGUMENT,
      "the setting partition_key is missing: it seals the keys and the signed URLs of the files in the "
      "partitions; make one with `openssl rand -hex 32`, and give it to this process and to those that open the "
      "partitions, by partition_key_file or by the environment (BCDA_PARTITION_KEY)");
}

// Sizes are what a manifest says, so their sum may be too large.
std::int64_t add(std::int64_t sum, std::int64_t bytes) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return bytes > kMost - sum ? kMost : sum + bytes;
}

std::int64_t sum_of_bytes(const std::vector<File>& files) {
  std::int64_t sum = 0;
  for (const File& file : files) {
    if (file.bytes < 0) return -1;
    sum = add(sum, file.bytes);
  }
  return sum;
}

json::value or_null(std::int64_t number) { return number < 0 ? json::value() : json::value(number); }

json::value or_null(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

}  // namespace

Whole read_manifests(const runtime::Session& session, const Settings& settings, std::string_view text) {
  const bulk::Manifests manifests = bulk::parse_manifests(text, session.service().origin);
  const std::vector<std::string> types = settings.list("types");
  const runtime::KeyOf key_of = runtime::key_source(session, settings);
  Whole whole;
  Partition& all = whole.all;
  all.service = session.service().origin.origin();
  all.digest = digest_of(manifests);
  runtime::FileQueue queue;  // drops what is listed twice
  for (const auto& manifest : manifests) {
    adopt(all, *manifest, manifest == manifests.front());
    whole.is_signed = whole.is_signed || manifest->has_signed_urls;
    whole.error_files += manifest->count(bulk::FileKind::error);
    whole.deleted_files += manifest->count(bulk::FileKind::deleted);
    queue.add(runtime::all_files(manifest), "");
    while (auto task = queue.take()) {
      task->load();
      task->entry.url = bulk::on_service_origin(task->entry.url, session.service().origin);
      if (task->entry.kind != bulk::FileKind::data || !runtime::may_have(types, task->entry.type)) continue;
      File file = describe(task->entry);
      file.generation = generation_of(session, *manifest, settings);
      if (const auto key = key_of(task->entry)) file.key = all.add_key(*key);
      all.files.push_back(std::move(file));
    }
  }
  whole.has_keys = !all.keys.empty() || (session.profile().encrypts && session.private_key());
  return whole;
}

Whole read_exports(const Settings& settings, const std::vector<std::string>& paths) {
  const runtime::TableSource source(paths);
  const bool current = settings.has("current") ? settings.boolean("current") : source.is_series();
  const auto next = source.files(settings.list("types"), tables::find_generation(settings.text("generation")), current);
  Whole whole;
  for (const auto& run : source.runs())
    for (std::size_t i = 0; run.result.files && i < run.result.files->size(); ++i) {
      whole.error_files += (*run.result.files)[i].kind() == bulk::FileKind::error;
      whole.deleted_files += (*run.result.files)[i].kind() == bulk::FileKind::deleted;
    }
  while (const auto found = next()) {
    if (found->wants && found->last_line == 0) continue;  // no record of it counts
    File file;
    file.type = found->type;
    file.path = std::filesystem::absolute(found->path).lexically_normal().string();
    file.bytes = found->bytes;
    file.sha256 = found->sha256;
    file.generation = found->generation;
    if (found->wants) file.lines = encode_lines(found->last_line, found->wants);
    if (file.bytes < 0) file.bytes = size_of(file.path);
    whole.all.files.push_back(std::move(file));
  }
  whole.all.digest = digest_of(whole.all.files);
  return whole;
}

std::vector<Partition> cut(const Partition& all, std::size_t most) {
  const std::vector<File>& files = all.files;
  const std::size_t count = std::min(most, files.size());
  std::int64_t known = 0, sum = 0;
  for (const File& file : files)
    if (file.bytes >= 0) ++known, sum = add(sum, file.bytes);
  const std::int64_t mean = known > 0 ? sum / known : 1;
  const auto weight = [&](std::size_t i) {
    return std::max<std::int64_t>(files[i].bytes < 0 ? mean : files[i].bytes, 1);
  };
  std::vector<std::size_t> order(files.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return weight(a) > weight(b); });
  std::vector<std::vector<std::size_t>> dealt(count);
  std::set<std::pair<std::int64_t, std::size_t>> lightest;  // how much each partition has
  for (std::size_t part = 0; part < count; ++part) lightest.emplace(0, part);
  for (const std::size_t i : order) {
    auto taken = lightest.extract(lightest.begin());
    dealt[taken.value().second].push_back(i);
    taken.value().first = add(taken.value().first, weight(i));
    lightest.insert(std::move(taken));
  }
  std::vector<Partition> parts;
  for (std::vector<std::size_t>& own : dealt) {
    std::sort(own.begin(), own.end());
    Partition part;
    part.digest = all.digest;
    part.number = static_cast<int>(parts.size());
    part.of = static_cast<int>(count);
    part.expires = all.expires;
    part.service = all.service;
    part.transaction_time = all.transaction_time;
    part.request = all.request;
    part.organized_by = all.organized_by;
    part.requires_access_token = all.requires_access_token;
    for (const std::size_t i : own) {
      part.files.push_back(files[i]);
      if (files[i].key >= 0) part.files.back().key = part.add_key(all.key(files[i].key));
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

std::string make_tokens(const Whole& whole, const Settings& settings, std::int64_t count, world::Local world) {
  const auto key = read_partition_key(settings);
  check_seal(whole, key.has_value());
  const std::int64_t most = count > 0 ? std::min(count, kMostPartitions) : settings.integer("max_partitions");
  if (most < 1 || most > kMostPartitions)
    throw Error(Status::INVALID_ARGUMENT, "the setting max_partitions must be 1 to 1000000");
  Partition all = whole.all;
  all.expires = expiry(settings, all.downloads(), world.clock.now().wall);
  json::array parts;
  for (const Partition& part : cut(all, static_cast<std::size_t>(most)))
    parts.push_back({{"token", seal(part, key, world.random)},
                     {"files", part.files.size()},
                     {"bytes", or_null(sum_of_bytes(part.files))}});
  return json::serialize(json::object{{"digest", all.digest},
                                      {"signed", whole.is_signed},
                                      {"transactionTime", or_null(all.transaction_time)},
                                      {"expires", or_null(all.expires ? to_rfc3339(*all.expires) : "")},
                                      {"files", all.files.size()},
                                      {"bytes", or_null(sum_of_bytes(all.files))},
                                      {"errorFiles", whole.error_files},
                                      {"deletedFiles", whole.deleted_files},
                                      {"partitions", std::move(parts)}});
}

}  // namespace libbcda::partition
