// Status codes, versions, strings and errors.
#include <bcda/bcda.h>
#include <openssl/crypto.h>
#include <zlib.h>

#include <boost/version.hpp>
#include <cstdlib>
#include <cstring>

#include "base/bytes.hpp"
#include "base/version.hpp"
#include "handles.hpp"
#ifdef BCDA_TABLES
#include "tables/json_tokens.hpp"
#endif

using libbcda::Status;

// Checks that bcda.h and the table have the same codes.
#define STATUS(name, number, exit_code, meaning) \
  static_assert(BCDA_##name == number && static_cast<int>(Status::name) == BCDA_##name);
#include "base/status.def"
#undef STATUS

#define BCDA_TEXT(x) #x
#define BCDA_VERSION_TEXT(a, b, c) BCDA_TEXT(a) "." BCDA_TEXT(b) "." BCDA_TEXT(c)
static_assert(std::string_view(libbcda::kVersion) ==
              BCDA_VERSION_TEXT(BCDA_VERSION_MAJOR, BCDA_VERSION_MINOR, BCDA_VERSION_PATCH));

namespace {

std::string version_text(int32_t number) {
  return std::to_string(number / 1'000'000) + "." + std::to_string(number / 1'000 % 1'000) + "." +
         std::to_string(number % 1'000);
}

// The part of a version number that must be equal in the program's header and in the library.
constexpr int32_t series(int32_t number) { return number < 1'000'000 ? number / 1'000 : number / 1'000'000 * 1'000; }

}  // namespace

namespace libbcda::capi {

char* give_string(std::string_view text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (!copy) throw std::bad_alloc();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

}  // namespace libbcda::capi

extern "C" {

const char* bcda_status_name(bcda_status status) {
  const auto* info = libbcda::find_status(libbcda::capi::number_of(status));
  return info ? info->name : "UNKNOWN";
}

const char* bcda_status_description(bcda_status status) {
  const auto* info = libbcda::find_status(libbcda::capi::number_of(status));
  return info ? info->meaning : "an unknown status";
}

int32_t bcda_status_exit_code(bcda_status status) {
  const auto* info = libbcda::find_status(libbcda::capi::number_of(status));
  return info ? info->exit_code : 1;
}

int32_t bcda_status_count(void) { return libbcda::status_count(); }

bcda_status bcda_status_at(int32_t index) {
  if (index < 0 || index >= libbcda::status_count()) return BCDA_INTERNAL;
  return static_cast<bcda_status>(libbcda::status_at(index).status);
}

const char* bcda_version(void) { return libbcda::kVersion; }

int32_t bcda_version_number(void) { return BCDA_VERSION_NUMBER; }

bcda_status bcda_version_check(int32_t header, bcda_error** error) {
  return libbcda::capi::guard(error, [&] {
    constexpr int32_t mine = BCDA_VERSION_NUMBER;
    if (header > 0 && header <= mine && series(header) == series(mine)) return;
    throw libbcda::Error(Status::INVALID_ARGUMENT,
                         "this program was compiled for libbcda " + version_text(header) + ", and libbcda " +
                             version_text(mine) + " is loaded, which is not compatible; install the library that " +
                             "the program was compiled for, or compile it again");
  });
}

static std::string simdjson() {
#ifdef BCDA_TABLES
  return ", simdjson " + libbcda::tables::simdjson_version();
#else
  return "";
#endif
}

// zlib-ng has zlib's interface. Where it is inside, its header has its own version.
static std::string zlib() {
#if defined(BCDA_SELF_CONTAINED) && defined(ZLIBNG_VERSION)
  return ", zlib-ng " ZLIBNG_VERSION;
#else
  return std::string(", zlib ") + zlibVersion();
#endif
}

const char* bcda_version_details(void) {
  static const auto* text = [] {  // leaked, because threads may use it until the process ends
    std::string boost = std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000);
    return new std::string(std::string("libbcda ") + libbcda::kVersion + ", Boost " + boost + ", " +
                           OpenSSL_version(OPENSSL_VERSION) + zlib() + simdjson());
  }();
  return text->c_str();
}

int64_t bcda_live_handles(void) { return libbcda::capi::Counted::live(); }

void bcda_string_free(char* text) {
  if (text) libbcda::wipe(text, std::strlen(text));
  std::free(text);
}

bcda_status bcda_error_status(const bcda_error* error) {
  return error ? static_cast<bcda_status>(error->error.status) : BCDA_OK;
}
const char* bcda_error_message(const bcda_error* error) { return error ? error->error.message.c_str() : ""; }
int32_t bcda_error_http_status(const bcda_error* error) { return error ? error->error.http_status : 0; }
const char* bcda_error_outcome(const bcda_error* error) { return error ? error->error.outcome.c_str() : ""; }
const char* bcda_error_file(const bcda_error* error) { return error ? error->error.file.c_str() : ""; }
int32_t bcda_error_retriable(const bcda_error* error) { return error && error->error.retriable; }
int64_t bcda_error_retry_after_ms(const bcda_error* error) {
  return error && error->error.retry_after ? error->error.retry_after->count() : -1;
}
void bcda_error_destroy(bcda_error* error) { delete error; }

}  // extern "C"
