// The types behind the opaque handles.
#pragma once
#include <bcda/bcda.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "error.hpp"
#include "ndjson/records.hpp"
#include "runtime/run.hpp"
#include "runtime/session.hpp"
#include "settings/settings.hpp"

struct bcda_config {
  libbcda::Settings settings;
  struct Provider {
    bcda_provider call = nullptr;
    void* user = nullptr;
  };
  std::map<std::string, Provider> providers;  // by the name of the setting
  libbcda::capi::Counted counted = {};
};

namespace libbcda::capi {

// Records the process that created a handle. A forked child has none of its threads and must not wait for them.
class Owner {
 public:
  bool is_me() const noexcept { return ::getpid() == pid_; }
  void check() const {
    if (!is_me())
      throw Error(Status::STATE, "this handle was created before fork(); create a new client in the child process");
  }

 private:
  pid_t pid_ = ::getpid();
};

// Copies a text for the caller, who frees it with bcda_string_free.
char* give_string(std::string_view text);

// The settings of a configuration, including the values of its providers.
Settings resolve(const bcda_config& config);

// The settings of the client, and those of this call before them; see Settings::with.
Settings settings_for(const bcda_client& client, const bcda_config* settings, bool for_reading = false);

bcda_result* make_result(runtime::RunResult result);

}  // namespace libbcda::capi

struct bcda_client {
  std::shared_ptr<libbcda::runtime::Session> session;
  std::string profile;  // as JSON
  libbcda::capi::Owner owner;
  libbcda::capi::Counted counted = {};
};

struct bcda_reader {
  libbcda::ndjson::Records records;
  std::function<bool()> abandoned = {};  // of a partition: whether it must not be destroyed
  std::function<void()> cancel = {};
  libbcda::capi::Owner owner = {};
  libbcda::capi::Counted counted = {};
};
