#include <bcda/bcda_sandbox.h>
#include <unistd.h>

#include "error.hpp"
#include "sandbox.hpp"

using namespace libbcda;
namespace sbx = libbcda::sandbox;

struct bcda_sandbox_options {
  sbx::Options options;
};

struct bcda_sandbox {
  sbx::Sandbox sandbox;
  pid_t owner;  // after fork(), the threads belong to the parent
};

namespace {

const sbx::OptionRow* row_at(int32_t index) {
  auto rows = sbx::option_rows();
  return index >= 0 && static_cast<std::size_t>(index) < rows.size() ? &rows[static_cast<std::size_t>(index)] : nullptr;
}

void refuse_in_child(const bcda_sandbox* sandbox) {
  if (sandbox->owner != ::getpid()) throw Error(Status::STATE, "this sandbox belongs to the parent process");
}

}  // namespace

extern "C" {

bcda_status bcda_sandbox_options_create(bcda_sandbox_options** options, bcda_error** error) {
  return capi::guard(error, [&] {
    capi::need(options, "options");
    *options = new bcda_sandbox_options;
  });
}

bcda_status bcda_sandbox_options_set(bcda_sandbox_options* options, const char* name, const char* value,
                                     bcda_error** error) {
  return capi::guard(error, [&] {
    capi::need(options, "options");
    capi::need(name, "name");
    options->options.set(name, value ? value : sbx::option_named(name).fallback);
  });
}

void bcda_sandbox_options_destroy(bcda_sandbox_options* options) { delete options; }

int32_t bcda_sandbox_option_count(void) { return static_cast<int32_t>(sbx::option_rows().size()); }

const char* bcda_sandbox_option_name(int32_t index) {
  const sbx::OptionRow* row = row_at(index);
  return row ? row->name : "";
}

const char* bcda_sandbox_option_default(int32_t index) {
  const sbx::OptionRow* row = row_at(index);
  return row ? row->fallback : "";
}

const char* bcda_sandbox_option_help(int32_t index) {
  const sbx::OptionRow* row = row_at(index);
  if (!row) return "";
  try {
    static const auto* texts = [] {
      auto* made = new std::vector<std::string>;
      for (const sbx::OptionRow& each : sbx::option_rows()) made->push_back(sbx::option_help(each));
      return made;
    }();
    return (*texts)[static_cast<std::size_t>(index)].c_str();
  } catch (...) {
    return row->help;
  }
}

bcda_status bcda_sandbox_start(const bcda_sandbox_options* options, bcda_sandbox** sandbox, bcda_error** error) {
  return capi::guard(error, [&] {
    capi::need(sandbox, "sandbox");
    *sandbox = new bcda_sandbox{sbx::Sandbox(options ? options->options : sbx::Options()), ::getpid()};
  });
}

void bcda_sandbox_destroy(bcda_sandbox* sandbox) {
  if (!sandbox || sandbox->owner != ::getpid()) return;  // the objects belong to the parent process
  delete sandbox;
}

const char* bcda_sandbox_url(const bcda_sandbox* sandbox) { return sandbox ? sandbox->sandbox.url.c_str() : ""; }
const char* bcda_sandbox_client_id(const bcda_sandbox* sandbox) {
  return sandbox ? sandbox->sandbox.client_id.c_str() : "";
}
const char* bcda_sandbox_client_secret(const bcda_sandbox* sandbox) {
  return sandbox ? sandbox->sandbox.client_secret.c_str() : "";
}
const char* bcda_sandbox_private_key(const bcda_sandbox* sandbox) {
  return sandbox ? sandbox->sandbox.private_key.c_str() : "";
}
const char* bcda_sandbox_ca_file(const bcda_sandbox* sandbox) {
  return sandbox ? sandbox->sandbox.ca_file.c_str() : "";
}
const char* bcda_sandbox_json(const bcda_sandbox* sandbox) { return sandbox ? sandbox->sandbox.json.c_str() : ""; }

int32_t bcda_sandbox_setting_count(const bcda_sandbox* sandbox) {
  return sandbox ? static_cast<int32_t>(sandbox->sandbox.settings.size()) : 0;
}

const char* bcda_sandbox_setting_name(const bcda_sandbox* sandbox, int32_t index) {
  const bool exists = index >= 0 && index < bcda_sandbox_setting_count(sandbox);
  return exists ? sandbox->sandbox.settings[static_cast<std::size_t>(index)].first.c_str() : "";
}

const char* bcda_sandbox_setting_value(const bcda_sandbox* sandbox, int32_t index) {
  const bool exists = index >= 0 && index < bcda_sandbox_setting_count(sandbox);
  return exists ? sandbox->sandbox.settings[static_cast<std::size_t>(index)].second.c_str() : "";
}

bcda_status bcda_sandbox_control(bcda_sandbox* sandbox, const char* name, const char* value, bcda_error** error) {
  return capi::guard(error, [&] {
    capi::need(sandbox, "sandbox");
    capi::need(name, "name");
    refuse_in_child(sandbox);
    sandbox->sandbox.service().control(name, value ? value : sbx::option_named(name).fallback);
  });
}

int64_t bcda_sandbox_request_count(const bcda_sandbox* sandbox, const char* prefix) {
  if (!sandbox) return 0;
  try {
    return sandbox->sandbox.service().request_count(prefix ? prefix : "");
  } catch (...) {
    return 0;
  }
}

}  // extern "C"
