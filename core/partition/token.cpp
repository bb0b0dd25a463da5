#include "partition/token.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "base/json.hpp"
#include "crypto/digest.hpp"
#include "crypto/gcm.hpp"

namespace libbcda::partition {
namespace {

constexpr std::string_view kPrefix = "bcda1.";
constexpr std::size_t kKeyId = 4, kHead = 1 + crypto::kSha256Size;
constexpr std::size_t kLargestToken = 512 << 20;
constexpr std::uint8_t kSealed = 1, kDownloads = 2;  // bits of the kind

Error no_token() {
  return {Status::INVALID_ARGUMENT,
          "this text is no partition token, or its end is missing: a token begins with " + std::string(kPrefix)};
}

Error altered() { return {Status::VERIFICATION, "the partition token was altered or cut; make the partitions again"}; }

Bytes sha256_of(std::initializer_list<ByteView> parts) {
  crypto::Sha256 digest;
  for (const ByteView part : parts) digest.update(part);
  const auto made = digest.finish();
  return {made.begin(), made.end()};
}

// Tells a wrong key from an altered token. It says nothing about the key, which is random.
Bytes key_id(const crypto::FileKey& key) {
  Bytes id = sha256_of({as_bytes("the id of a partition_key"), key.bytes});
  id.resize(kKeyId);
  return id;
}

// ---- Contents -------------------------------------------------------------------------------------------------------

json::object describe(const File& file) {
  json::object made{{"type", file.type}};
  if (!file.url.empty()) made["url"] = file.url;
  if (!file.path.empty()) made["path"] = to_base64url(as_bytes(file.path));  // a path need not be UTF-8
  if (file.bytes >= 0) made["bytes"] = file.bytes;
  if (file.records >= 0) made["records"] = file.records;
  if (!file.sha256.empty()) made["sha256"] = file.sha256;
  if (file.generation) made["generation"] = tables::generation_name(*file.generation);
  if (file.key >= 0) made["key"] = file.key;
  if (!file.lines.empty()) made["lines"] = to_base64url(as_bytes(file.lines));
  return made;
}

json::object describe(const Partition& partition) {
  json::object made{{"number", partition.number}, {"of", partition.of}};
  if (partition.expires) made["expires"] = to_rfc3339(*partition.expires);
  if (partition.downloads()) {
    made["service"] = partition.service;
    made["transactionTime"] = partition.transaction_time;
    made["request"] = partition.request;
    made["requiresAccessToken"] = partition.requires_access_token;
    if (!partition.organized_by.empty()) made["outputOrganizedBy"] = partition.organized_by;
  }
  json::array files;
  for (const File& file : partition.files) files.push_back(describe(file));
  made["files"] = std::move(files);
  return made;
}

std::int64_t number_in(const json::object& object, std::string_view name, std::int64_t otherwise) {
  const json::value* value = object.if_contains(name);
  if (!value) return otherwise;
  if (!value->is_int64() || value->get_int64() < 0) throw altered();
  return value->get_int64();
}

std::string bytes_in(const json::object& object, std::string_view name) {
  if (!object.contains(name)) return "";
  const auto bytes = from_base64url(string_member(object, name));
  if (!bytes || bytes->empty()) throw altered();
  return std::string(as_text(*bytes));
}

std::optional<Instant> time_in(const json::object& object, std::string_view name) {
  if (!object.contains(name)) return std::nullopt;
  const auto time = parse_time(string_member(object, name));
  if (!time) throw altered();
  return time;
}

File read_file(const json::value& value, std::size_t keys) {
  if (!value.is_object()) throw altered();
  const json::object& object = value.get_object();
  File file;
  file.type = string_member(object, "type");
  file.url = string_member(object, "url");
  file.path = bytes_in(object, "path");
  file.bytes = number_in(object, "bytes", -1);
  file.records = number_in(object, "records", -1);
  file.sha256 = string_member(object, "sha256");
  file.generation = tables::find_generation(string_member(object, "generation"));
  file.lines = bytes_in(object, "lines");
  const std::int64_t key = number_in(object, "key", -1);
  if (key < -1 || key >= static_cast<std::int64_t>(keys) || file.url.empty() == file.path.empty()) throw altered();
  file.key = static_cast<int>(key);
  return file;
}

Partition read_contents(std::string_view contents) {
  const std::size_t end = contents.find('\n');
  if (end == contents.npos || (contents.size() - end - 1) % crypto::kFileKeySize != 0) throw altered();
  const auto parsed = parse_json(contents.substr(0, end));
  if (!parsed || !parsed->is_object()) throw altered();
  const json::object& object = parsed->get_object();
  Partition made;
  made.keys.assign(contents.begin() + static_cast<std::ptrdiff_t>(end) + 1, contents.end());
  made.number = static_cast<int>(number_in(object, "number", 0));
  made.of = static_cast<int>(number_in(object, "of", 1));
  made.expires = time_in(object, "expires");
  made.service = string_member(object, "service");
  made.transaction_time = string_member(object, "transactionTime");
  made.request = string_member(object, "request");
  made.organized_by = string_member(object, "outputOrganizedBy");
  const json::value* requires_token = object.if_contains("requiresAccessToken");
  made.requires_access_token = !requires_token || !requires_token->is_bool() || requires_token->get_bool();
  const json::value* files = object.if_contains("files");
  if (!files || !files->is_array()) throw altered();
  for (const json::value& file : files->get_array())
    made.files.push_back(read_file(file, made.keys.size() / crypto::kFileKeySize));
  for (const File& file : made.files)
    if (file.url.empty() == made.downloads()) throw altered();
  return made;
}

SecretBytes contents_of(const Partition& partition) {
  const std::string text = json::serialize(describe(partition)) + "\n";
  SecretBytes contents(text.begin(), text.end());
  contents.insert(contents.end(), partition.keys.begin(), partition.keys.end());
  return contents;
}

ByteView view(const SecretBytes& bytes) { return as_bytes({bytes.data(), bytes.size()}); }

// ---- The text -------------------------------------------------------------------------------------------------------

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// What is authenticated besides the contents.
Bytes context_of(ByteView head) {
  Bytes context;
  context.reserve(kPrefix.size() + head.size());
  append(context, as_bytes(kPrefix));
  append(context, head);
  return context;
}

Bytes bytes_of(std::string_view token) {
  if (!token.starts_with(kPrefix) || token.size() > kLargestToken) throw no_token();
  auto bytes = from_base64url(token.substr(kPrefix.size()));
  if (!bytes || bytes->size() <= kHead) throw no_token();
  return std::move(*bytes);
}

SecretBytes open_contents(ByteView token, const std::optional<crypto::FileKey>& key) {
  const bool is_sealed = token[0] & kSealed;
  if (!is_sealed) {
    if (key)
      throw Error(Status::INVALID_ARGUMENT,
                  "the partition token is not sealed, although the setting partition_key is given; give it where the "
                  "partitions are made, too");
    if (token.size() < kHead + crypto::kSha256Size) throw altered();
    const std::size_t end = token.size() - crypto::kSha256Size;
    const Bytes sum = sha256_of({context_of(token.first(kHead)), token.subspan(kHead, end - kHead)});
    if (!std::equal(sum.begin(), sum.end(), token.begin() + static_cast<std::ptrdiff_t>(end))) throw altered();
    const std::string_view contents = as_text(token.subspan(kHead, end - kHead));
    return {contents.begin(), contents.end()};
  }
  if (!key)
    throw Error(Status::INVALID_ARGUMENT,
                "the setting partition_key is missing: the partition token is sealed, and only the same key opens it");
  if (token.size() < kHead + kKeyId) throw altered();
  const Bytes id = key_id(*key);
  if (!std::equal(id.begin(), id.end(), token.begin() + kHead))
    throw Error(Status::INVALID_ARGUMENT,
                "the setting partition_key is not the key that the partition token was sealed with");
  auto contents = crypto::open_message(*key, context_of(token.first(kHead + kKeyId)), token.subspan(kHead + kKeyId));
  if (!contents) throw altered();
  return std::move(*contents);
}

}  // namespace

int Partition::add_key(const crypto::FileKey& key) {
  keys.insert(keys.end(), key.bytes.begin(), key.bytes.end());
  return static_cast<int>(keys.size() / crypto::kFileKeySize) - 1;
}

crypto::FileKey Partition::key(int which) const {
  crypto::FileKey found;
  const char* const begin = keys.data() + static_cast<std::size_t>(which) * crypto::kFileKeySize;
  std::copy_n(begin, crypto::kFileKeySize, found.bytes.begin());
  return found;
}

std::optional<crypto::FileKey> read_partition_key(const Settings& settings) {
  const Secret text = settings.credential("partition_key");
  if (text.empty()) return std::nullopt;
  auto bytes = from_hex(text.reveal());
  if (!bytes || bytes->size() != crypto::kFileKeySize) {
    std::string_view digits = text.reveal();
    while (digits.ends_with('=')) digits.remove_suffix(1);
    bytes = from_base64url(digits);
  }
  if (!bytes || bytes->size() != crypto::kFileKeySize)
    throw Error(Status::INVALID_ARGUMENT,
                "the setting partition_key must be 32 random bytes in hex (64 digits) or Base64, as `openssl rand -hex "
                "32` makes them");
  crypto::FileKey key;
  std::copy(bytes->begin(), bytes->end(), key.bytes.begin());
  wipe(bytes->data(), bytes->size());
  return key;
}

std::string seal(const Partition& partition, const std::optional<crypto::FileKey>& key, world::Random& random) {
  const auto digest = from_hex(partition.digest);
  const bool is_whole = digest && digest->size() == crypto::kSha256Size;
  if (!is_whole || (!key && !partition.keys.empty())) throw Error(Status::INTERNAL, "a partition cannot be sealed");
  const SecretBytes contents = contents_of(partition);
  Bytes token;
  token.reserve(kHead + contents.size() + 64);
  token.push_back(static_cast<std::uint8_t>((key ? kSealed : 0) | (partition.downloads() ? kDownloads : 0)));
  append(token, *digest);
  if (key) {
    append(token, key_id(*key));
    Bytes nonce(crypto::kNonceSize);
    random.fill(nonce);
    append(token, crypto::seal_message(*key, nonce, context_of(token), view(contents)));
  } else {
    const Bytes sum = sha256_of({context_of(token), view(contents)});
    append(token, view(contents));
    append(token, sum);
  }
  return std::string(kPrefix) + to_base64url(token);
}

Partition unseal(std::string_view token, const std::optional<crypto::FileKey>& key, Instant now) {
  const Bytes bytes = bytes_of(token);
  const SecretBytes contents = open_contents(bytes, key);
  Partition partition = read_contents({contents.data(), contents.size()});
  if (partition.downloads() != static_cast<bool>(bytes[0] & kDownloads)) throw altered();
  partition.digest = to_hex(ByteView(bytes).subspan(1, crypto::kSha256Size));
  if (partition.expires && now >= *partition.expires)
    throw Error(Status::JOB_GONE, "start a new export: the partition token expired at " +
                                      to_rfc3339(*partition.expires) + " (setting partition_lifetime)");
  return partition;
}

bool downloads(std::string_view token) { return bytes_of(token)[0] & kDownloads; }

}  // namespace libbcda::partition
