#include "crypto/jwk.hpp"

#include <boost/json/memory_resource.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/stream_parser.hpp>

#include <algorithm>
#include <vector>

#include "base/json.hpp"
#include "base/quote.hpp"
#include "crypto/jwk_numbers.hpp"

namespace libbcda::crypto {
namespace {

constexpr std::size_t kLargestJwk = 64 << 10;
constexpr std::size_t kLongestRegistered = 20;  // bytes of a value of kty, alg and use (RFC 7518, section 7)
constexpr std::size_t kFirstBlock = 32 << 10;   // the parsed text of most keys fits into one block

// Gives Boost.JSON memory that is wiped.
class SecretResource final : public json::memory_resource {
  void* do_allocate(std::size_t size, std::size_t) override { return allocate_secret(size); }
  void do_deallocate(void* memory, std::size_t size, std::size_t) override { free_secret(memory, size); }
  bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

json::value parse(std::string_view text, const json::storage_ptr& memory, const KeyPlace& place) {
  json::stream_parser parser(memory, json_options());
  parser.reset(memory);
  boost::system::error_code ec;
  const std::size_t used = parser.write_some(text.data(), text.size(), ec);
  if (!ec && !parser.done()) parser.finish(ec);
  if (ec) throw place.error("it " + explain_json_error(ec, used, text.size()));
  if (!is_blank_json(text.substr(used))) throw place.error("there is text after the JSON of the key");
  return parser.release();
}

bool is_private(const json::value& key) { return key.is_object() && key.get_object().contains("d"); }

// A registered name is short. A longer text may be a number of the key in the wrong place.
std::string shown(const std::string& name) { return name.size() <= kLongestRegistered ? quote(name) : "a long text"; }

// Why SMART Backend Services cannot sign with this key, according to `alg`. "" if it can.
std::string wrong_algorithm(const json::object& jwk) {
  const std::string kind = string_member(jwk, "kty"), given = string_member(jwk, "alg");
  const std::string algorithm = kind == "RSA" ? "RS384" : "ES384";
  if (given.empty() || given == algorithm) return "";
  return "its alg is " + shown(given) + ", but a key of kind " + kind + " signs with " + algorithm +
         "; register it with that alg and change alg here too, or give another key";
}

// Why this key is not for signatures, according to `use` and `key_ops`. "" if it is.
std::string wrong_use(const json::object& jwk) {
  const std::string use = string_member(jwk, "use");
  if (!use.empty() && use != "sig") return "its use is " + shown(use) + "; give a key for signatures (use \"sig\")";
  const json::value* list = jwk.if_contains("key_ops");
  const json::array* operations = list ? list->if_array() : nullptr;
  if (!operations) return "";
  const bool may_sign = std::any_of(operations->begin(), operations->end(), [](const json::value& one) {
    return one.is_string() && one.get_string() == "sign";
  });
  return may_sign ? "" : "its key_ops do not have \"sign\"; give a key for signatures";
}

// Why this key cannot be used. "" if it can, as far as one can see without its numbers.
std::string why_unusable(const json::object& jwk) {
  const std::string kind = string_member(jwk, "kty");
  if (kind.empty()) return "this JSON is not a JWK, because it has no kty (\"RSA\" or \"EC\")";
  if (kind != "RSA" && kind != "EC")
    return "this is a key of kind " + shown(kind) + "; give an RSA key (RS384) or an EC key on P-384 (ES384)";
  if (!jwk.contains("d")) return "this is a public key; give the private key of the pair registered with the service";
  if (const json::value* kid = jwk.if_contains("kid"); kid && !kid->is_string()) return "its kid is not a string";
  const std::string algorithm = wrong_algorithm(jwk);
  return algorithm.empty() ? wrong_use(jwk) : algorithm;
}

Jwk read_one(const json::value& value, const KeyPlace& place) {
  const json::object* jwk = value.if_object();
  if (!jwk) throw place.error("this JSON is not a JWK, because it is not an object");
  if (const std::string why = why_unusable(*jwk); !why.empty()) throw place.error(why);
  return {string_member(*jwk, "kty") == "RSA" ? rsa_from_jwk(*jwk, place) : ec_from_jwk(*jwk, place),
          string_member(*jwk, "kid")};
}

// The keys of a set for which `test` holds.
template <class Test>
std::vector<const json::value*> keys_with(const json::array& keys, Test test) {
  std::vector<const json::value*> found;
  for (const json::value& key : keys)
    if (test(key)) found.push_back(&key);
  return found;
}

// The key of a JWK Set that signs. Without such a key it returns one whose own error says why, if there is one.
const json::value& choose(const json::array& keys, std::string_view wanted_id, const KeyPlace& place) {
  const auto usable =
      keys_with(keys, [](const json::value& key) { return key.is_object() && why_unusable(key.get_object()).empty(); });
  if (usable.size() == 1) return *usable.front();
  std::vector<const json::value*> wanted;
  for (const json::value* key : usable)
    if (!wanted_id.empty() && string_member(key->get_object(), "kid") == wanted_id) wanted.push_back(key);
  if (wanted.size() == 1) return *wanted.front();
  if (usable.size() > 1) {
    std::string names;
    for (const json::value* key : usable)
      names += (names.empty() ? "" : ", ") + quote(string_member(key->get_object(), "kid"));
    throw place.error("this JWK Set has " + std::to_string(usable.size()) + " keys that can sign (kid " +
                      tidy(names, 4 * kLongestName) +
                      "); choose one with the setting key_id, or give a file with one of them");
  }
  const auto secret = keys_with(keys, is_private);
  if (!secret.empty()) return *secret.front();
  if (keys.empty()) throw place.error("this JWK Set has no keys");
  return keys[0];
}

}  // namespace

Jwk read_private_jwk(std::string_view text, const KeyPlace& place, std::string_view wanted_id) {
  if (text.size() > kLargestJwk) throw place.error("the JSON is too large to be a key");
  SecretResource secrets;
  json::monotonic_resource blocks(kFirstBlock, &secrets);
  const json::value value = parse(text, &blocks, place);
  const json::object* object = value.if_object();
  const json::value* keys = object ? object->if_contains("keys") : nullptr;
  return read_one(keys && keys->is_array() ? choose(keys->get_array(), wanted_id, place) : value, place);
}

}  // namespace libbcda::crypto
