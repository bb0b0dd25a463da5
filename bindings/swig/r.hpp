// Helpers for r.i on R's C interface. They run on R's own thread, because no thread of the library ever calls R.
//
// R reports every failure, even of an allocation, with a longjmp that skips destructors. So no object that owns memory
// may be in a stack frame during a call to R. For that reason strings are kept in static variables, and a handle has an
// owner before R sees it.
#pragma once
#include <langinfo.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bcda/bcda.hpp>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "flat.hpp"
#include "wipe.hpp"

#define R_NO_REMAP
#define STRICT_R_HEADERS
#include <R_ext/Utils.h>
#include <Rinternals.h>

namespace bcda_r {

// ---- Failures -------------------------------------------------------------------------------------------------------

struct Failure {
  bool happened = false;
  bcda::Status status = BCDA_INTERNAL;
  std::string message, outcome, file;
  int http_status = 0;
  bool retriable = false;
  double retry_after = -1;  // seconds
};
inline Failure kept;

inline bool failed() { return kept.happened; }

inline void keep(bcda::Status status, std::initializer_list<std::string_view> words) noexcept {
  kept = {};
  kept.happened = true;
  kept.status = status;
  try {
    for (const std::string_view word : words) kept.message += word;
  } catch (...) {
    kept.status = BCDA_NO_MEMORY;
  }
}

// Must be called in a catch block.
inline void keep_current() noexcept {
  try {
    try {
      throw;
    } catch (const bcda::Error& error) {
      keep(error.status(), {error.what()});
      kept.outcome = error.outcome(), kept.file = error.file();
      kept.http_status = error.http_status(), kept.retriable = error.retriable();
      kept.retry_after = static_cast<double>(error.retry_after().count()) / 1000;
    } catch (const std::bad_alloc&) {
      keep(BCDA_NO_MEMORY, {"out of memory"});
    } catch (const std::logic_error& error) {  // an index out of range
      keep(BCDA_INVALID_ARGUMENT, {error.what()});
    } catch (const std::exception& error) {
      keep(BCDA_INTERNAL, {error.what()});
    }
  } catch (...) {
    keep(BCDA_INTERNAL, {"an error that could not be told"});
  }
}

// ---- Strings --------------------------------------------------------------------------------------------------------

// Whether the bytes are valid UTF-8. Names from a file system may have any bytes, and R's functions fail on a string
// that is marked as UTF-8 but is not.
inline bool is_utf8(const char* data, std::size_t size) {
  const auto* at = reinterpret_cast<const unsigned char*>(data);
  const auto* const end = at + size;
  while (at < end) {
    const unsigned char lead = *at++;
    if (lead < 0x80) continue;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || end - at < more) return false;
    // The second byte reveals overlong forms, surrogates and code points beyond U+10FFFF.
    const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (*at < low || *at > high) return false;
    for (int i = 1; i < more; ++i) {
      if ((at[i] & 0xC0) != 0x80) return false;
    }
    at += more;
  }
  return true;
}

inline SEXP characters(const char* data, std::size_t size) {
  return Rf_mkCharLenCE(data, static_cast<int>(size), is_utf8(data, size) ? CE_UTF8 : CE_NATIVE);
}

inline SEXP text(std::string& from) {
  static std::string leaving;
  leaving = std::move(from);
  from = {};
  if (leaving.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    Rf_error("bcda: a text is too long for R");
  }
  const SEXP made = PROTECT(characters(leaving.data(), leaving.size()));
  const SEXP result = Rf_ScalarString(made);
  UNPROTECT(1);
  return result;
}

inline std::array<std::string, 8> arguments;  // by argument number

inline void forget(std::size_t number) {
  std::string& text = arguments.at(number);
  bcda_flat::wipe(text);  // it may be a secret
  text.clear();
}

// In the C locale, which cron uses, R would translate non-ASCII characters to text such as "<c3><a4>", and files would
// go to a directory of that name. So in this locale the bytes are used unchanged.
inline const char* utf8_of(SEXP text) {
  const bool unmarked = Rf_getCharCE(text) == CE_NATIVE;
  const bool c_locale = ::strcmp(::nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0;
  return unmarked && c_locale ? CHAR(text) : Rf_translateCharUTF8(text);
}

// Returns null, with a failure kept, if the value is not one string.
inline std::string* text(SEXP from, const char* name, std::size_t number) {
  if (TYPEOF(from) != STRSXP || XLENGTH(from) != 1 || STRING_ELT(from, 0) == NA_STRING ||
      Rf_getCharCE(STRING_ELT(from, 0)) == CE_BYTES) {
    keep(BCDA_INVALID_ARGUMENT, {name, " takes one text"});
    return nullptr;
  }
  const char* const utf8 = utf8_of(STRING_ELT(from, 0));
  try {
    std::string& slot = arguments.at(number);
    slot = utf8;
    return &slot;
  } catch (...) {
    keep_current();
    return nullptr;
  }
}

// The value that a wrapper returns for the kept failure: a list of class "bcda_failure".
inline SEXP failure() {
  for (std::size_t i = 0; i < arguments.size(); ++i) forget(i);
  kept.happened = false;
  const char* const names[] = {"status", "message", "http_status", "outcome", "file", "retriable", "retry_after", ""};
  const SEXP made = PROTECT(Rf_mkNamed(VECSXP, const_cast<const char**>(names)));
  SET_VECTOR_ELT(made, 0, Rf_mkString(bcda_status_name(kept.status)));
  SET_VECTOR_ELT(made, 1, text(kept.message));
  SET_VECTOR_ELT(made, 2, Rf_ScalarInteger(kept.http_status ? kept.http_status : NA_INTEGER));
  SET_VECTOR_ELT(made, 3, text(kept.outcome));
  SET_VECTOR_ELT(made, 4, kept.file.empty() ? Rf_ScalarString(NA_STRING) : text(kept.file));
  SET_VECTOR_ELT(made, 5, Rf_ScalarLogical(kept.retriable));
  SET_VECTOR_ELT(made, 6, Rf_ScalarReal(kept.retry_after < 0 ? NA_REAL : kept.retry_after));
  Rf_setAttrib(made, R_ClassSymbol, PROTECT(Rf_mkString("bcda_failure")));
  UNPROTECT(2);
  return made;
}

// ---- Numbers and bytes ----------------------------------------------------------------------------------------------

constexpr double exact = 9007199254740992.0;  // 2^53; a double represents every integer only up to this limit

// Keeps a failure if R cannot hold the number exactly.
inline double as_double(std::int64_t from) {
  const auto value = static_cast<double>(from);
  if (std::fabs(value) > exact) keep(BCDA_LIMIT, {"a number is beyond 2^53, which R cannot hold exactly"});
  return value;
}

inline SEXP number(std::int64_t from) {
  const double value = as_double(from);
  return failed() ? failure() : Rf_ScalarReal(value);
}

// Returns false, with a failure kept, if the value is not one integer that fits.
template <class Integer>
bool number(SEXP from, const char* name, Integer& to) {
  const bool one = (TYPEOF(from) == REALSXP || TYPEOF(from) == INTSXP) && XLENGTH(from) == 1;
  const double value = one ? Rf_asReal(from) : NA_REAL;
  const double limit = std::min(exact, static_cast<double>(std::numeric_limits<Integer>::max()));
  if (std::isfinite(value) && value == std::floor(value) && std::fabs(value) <= limit) {
    to = static_cast<Integer>(value);
    return true;
  }
  keep(BCDA_INVALID_ARGUMENT, {name, " takes one whole number"});
  return false;
}

inline SEXP bytes(const bcda_flat::Bytes& from) {
  if (!from.data) return R_NilValue;
  const SEXP made = Rf_allocVector(RAWSXP, static_cast<R_xlen_t>(from.size));
  if (from.size > 0) ::memcpy(RAW(made), from.data, static_cast<std::size_t>(from.size));
  return made;
}

// ---- Handles --------------------------------------------------------------------------------------------------------

template <class T, void (*Destroy)(T*)>
struct OneKind {
  struct Deleter {
    void operator()(T* handle) const { Destroy(handle); }
  };
};
template <class T>
struct Kind;
#define BCDA_R_KIND(TYPE, NAME, DESTROY)                                        \
  template <>                                                                   \
  struct Kind<bcda_flat::TYPE> : OneKind<bcda_flat::TYPE, bcda_flat::DESTROY> { \
    static constexpr const char* name = NAME;                                   \
    static SEXP tag() { return Rf_install("bcda_" #TYPE); }                     \
  };
BCDA_R_KIND(Config, "configuration", config_destroy)
BCDA_R_KIND(Client, "client", client_destroy)
BCDA_R_KIND(Run, "run", run_destroy)
BCDA_R_KIND(Event, "event", event_destroy)
BCDA_R_KIND(Result, "result", result_destroy)
BCDA_R_KIND(Decryption, "decryption", decryption_destroy)
BCDA_R_KIND(Reader, "reader", reader_destroy)
BCDA_R_KIND(Tables, "table", tables_destroy)
BCDA_R_KIND(SandboxOptions, "set of sandbox options", sandbox_options_destroy)
BCDA_R_KIND(Sandbox, "sandbox", sandbox_destroy)
#undef BCDA_R_KIND

// Whether this process created the handle. A handle that fork() copied is not used, because its threads do not exist in
// the child.
inline bool is_ours(SEXP handle) {
  return Rf_asInteger(R_ExternalPtrProtected(handle)) == static_cast<int>(::getpid());
}

template <class T>
void finalize(SEXP handle) {
  T* const address = static_cast<T*>(R_ExternalPtrAddr(handle));
  R_ClearExternalPtr(handle);
  if (address && is_ours(handle)) typename Kind<T>::Deleter()(address);
}

template <class T>
SEXP give(T* made) {
  static std::unique_ptr<T, typename Kind<T>::Deleter> held;  // after an R error, the next call destroys it
  held.reset(made);
  const SEXP process = PROTECT(Rf_ScalarInteger(static_cast<int>(::getpid())));
  const SEXP handle = PROTECT(R_MakeExternalPtr(nullptr, Kind<T>::tag(), process));
  R_RegisterCFinalizerEx(handle, finalize<T>, TRUE);
  R_SetExternalPtrAddr(handle, held.release());
  UNPROTECT(2);
  return handle;
}

template <class T>
bool is_kind(SEXP from, const char* name) {
  if (TYPEOF(from) == EXTPTRSXP && R_ExternalPtrTag(from) == Kind<T>::tag()) return true;
  keep(BCDA_INVALID_ARGUMENT, {name, " takes a ", Kind<T>::name});
  return false;
}

// For a call that destroys the handle. A closed handle is null, which these calls accept.
template <class T>
bool take(SEXP from, const char* name, T*& to) {
  if (!is_kind<T>(from, name)) return false;
  to = is_ours(from) ? static_cast<T*>(R_ExternalPtrAddr(from)) : nullptr;
  R_ClearExternalPtr(from);
  return true;
}

template <class T>
bool borrow(SEXP from, const char* name, T*& to) {
  if (!is_kind<T>(from, name)) return false;
  to = static_cast<T*>(R_ExternalPtrAddr(from));
  const char* const why = !to              ? " is closed, or came from another session of R: create a new one"
                          : !is_ours(from) ? " was made before this process was forked: create a new one here"
                                           : nullptr;
  if (why) keep(BCDA_STATE, {"the ", Kind<T>::name, why});
  return !why;
}

// ---- Additional functions for R -------------------------------------------------------------------------------------

// The next records: at most `records`, and not much more than 32 MiB. NULL at the end.
inline SEXP reader_chunk(bcda_flat::Reader& reader, std::int32_t records) {
  constexpr std::int64_t enough = std::int64_t{32} << 20;
  PROTECT_INDEX index;
  SEXP made = Rf_allocVector(STRSXP, std::clamp(records, 0, 1024));
  PROTECT_WITH_INDEX(made, &index);
  R_xlen_t count = 0;
  std::int64_t size = 0;
  try {
    for (; count < records && size < enough; ++count) {
      const bcda_flat::Bytes record = reader_next(reader);
      if (!record.data) break;
      const auto length = static_cast<std::size_t>(record.size);
      if (::memchr(record.data, 0, length) || !is_utf8(record.data, length)) {
        keep(BCDA_PROTOCOL, {"not UTF-8, or with a NUL, which no JSON text is"});
        break;
      }
      if (count == XLENGTH(made)) REPROTECT(made = Rf_xlengthgets(made, 2 * count), index);
      SET_STRING_ELT(made, count, Rf_mkCharLenCE(record.data, static_cast<int>(length), CE_UTF8));
      size += record.size;
    }
  } catch (...) {
    UNPROTECT(1);
    throw;
  }
  made = count == 0 ? R_NilValue : Rf_xlengthgets(made, count);
  UNPROTECT(1);
  return made;
}

// Checks for Esc and Ctrl-C. After an interrupt it jumps to R's handler and does not return.
inline void check_interrupt() { R_CheckUserInterrupt(); }

// Seconds of the steady clock. R's own proc.time() depends on the wall clock.
inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace bcda_r
