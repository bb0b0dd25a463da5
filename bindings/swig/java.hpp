// JNI helpers for java.i. They run on the thread that made the call, because no thread of the library ever enters the
// JVM.
#pragma once
#include <jni.h>

#include <bcda/bcda.hpp>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

#include "wipe.hpp"

namespace bcda_java {

inline void throw_new(JNIEnv* env, const char* name, const char* message) {
  const jclass type = env->FindClass(name);
  if (type) env->ThrowNew(type, message);
}

// Returns false, with a pending IllegalStateException, if the handle is closed.
inline bool is_open(JNIEnv* env, jlong handle) {
  if (handle) return true;
  throw_new(env, "java/lang/IllegalStateException", "it is closed");
  return false;
}

// A string argument of a call. It is wiped, because it may be a secret.
struct Argument {
  Argument() = default;
  ~Argument() { bcda_flat::wipe(text); }
  Argument(const Argument&) = delete;
  Argument& operator=(const Argument&) = delete;

  std::string text;
};

// Returns false, with a pending exception, if the array is null or memory is missing.
inline bool read(JNIEnv* env, jbyteArray from, std::string& to) {
  if (!from) {
    throw_new(env, "java/lang/NullPointerException", "a text is null");
    return false;
  }
  try {
    to.resize(static_cast<std::size_t>(env->GetArrayLength(from)));
  } catch (const std::exception&) {
    throw_new(env, "java/lang/OutOfMemoryError", "libbcda");
    return false;
  }
  env->GetByteArrayRegion(from, 0, static_cast<jsize>(to.size()), reinterpret_cast<jbyte*>(to.data()));
  return true;
}

// Returns null, with a pending exception, if an exception is already pending or memory is missing.
inline jbyteArray bytes(JNIEnv* env, const char* data, std::size_t size) {
  if (env->ExceptionCheck()) return nullptr;
  if (size > static_cast<std::size_t>(std::numeric_limits<jsize>::max())) {
    throw_new(env, "java/lang/OutOfMemoryError", "a text is too long for an array");
    return nullptr;
  }
  const jbyteArray made = env->NewByteArray(static_cast<jsize>(size));
  if (made) env->SetByteArrayRegion(made, 0, static_cast<jsize>(size), reinterpret_cast<const jbyte*>(data));
  return made;
}

inline jbyteArray bytes(JNIEnv* env, const std::string& text) { return bytes(env, text.data(), text.size()); }

// Throws the BcdaException of a status, which Java code creates. If that fails, the exception of the failure stays
// pending.
inline void throw_failure(JNIEnv* env, bcda::Status status, const std::string& message, int http_status = 0,
                          const std::string& outcome = {}, const std::string& file = {}, bool retriable = false,
                          bcda::Milliseconds retry_after = bcda::Milliseconds(-1)) {
  const jclass type = env->FindClass("io/github/libbcda/BcdaException");
  if (!type) return;
  const jmethodID make = env->GetStaticMethodID(type, "make", "(I[BI[B[BZJ)Lio/github/libbcda/BcdaException;");
  if (!make) return;
  const jbyteArray texts[] = {bytes(env, message), bytes(env, outcome), bytes(env, file)};
  if (env->ExceptionCheck()) return;
  const jobject made = env->CallStaticObjectMethod(
      type, make, static_cast<jint>(status), texts[0], static_cast<jint>(http_status), texts[1], texts[2],
      static_cast<jboolean>(retriable), static_cast<jlong>(retry_after.count()));
  if (!env->ExceptionCheck()) env->Throw(static_cast<jthrowable>(made));
}

inline void throw_caught(JNIEnv* env) {
  try {
    throw;
  } catch (const bcda::Error& error) {
    throw_failure(env, error.status(), error.what(), error.http_status(), error.outcome(), error.file(),
                  error.retriable(), error.retry_after());
  } catch (const std::bad_alloc&) {
    throw_new(env, "java/lang/OutOfMemoryError", "libbcda");
  } catch (const std::out_of_range& error) {
    throw_new(env, "java/lang/IndexOutOfBoundsException", error.what());
  } catch (const std::invalid_argument& error) {  // a string that contains a NUL
    throw_failure(env, BCDA_INVALID_ARGUMENT, error.what());
  } catch (const std::exception& error) {
    throw_failure(env, BCDA_INTERNAL, error.what());
  } catch (...) {
    throw_failure(env, BCDA_INTERNAL, "something was thrown that is no exception");
  }
}

// Must be called in a catch block.
inline void throw_current(JNIEnv* env) noexcept {
  try {
    throw_caught(env);
  } catch (...) {  // no memory for the message
    throw_new(env, "java/lang/OutOfMemoryError", "libbcda");
  }
}

}  // namespace bcda_java
