// The table of settings and configurations.
#include "handles.hpp"
#include "profiles/profile.hpp"

using libbcda::Setting;
using libbcda::capi::guard;
using libbcda::capi::need;

namespace {

const Setting* row(const bcda_setting* setting) { return reinterpret_cast<const Setting*>(setting); }
const bcda_setting* handle(const Setting* setting) { return reinterpret_cast<const bcda_setting*>(setting); }

constexpr int32_t kLargestProvided = 64 << 10;

}  // namespace

namespace libbcda::capi {
namespace {

template <class Provider>
void ask(const Provider& provider, const std::string& name, Settings& settings) {
  struct Wiped : std::vector<char> {
    using vector::vector;
    ~Wiped() { wipe(data(), size()); }
  } buffer(kLargestProvided);
  int32_t size = provider.call(provider.user, buffer.data(), kLargestProvided);
  if (size < 0 || size > kLargestProvided)
    throw Error(Status::INVALID_ARGUMENT,
                "the provider of the setting " + name + " failed or returned more than 64 KiB");
  settings.set(name, {buffer.data(), static_cast<std::size_t>(size)});
}

// The current value of one setting. Calls only the provider of that setting.
std::string value_of(const bcda_config& config, const std::string& name) {
  const auto found = config.providers.find(name);
  if (found == config.providers.end()) return config.settings.shown(name);
  Settings provided;
  ask(found->second, name, provided);
  return provided.shown(name);
}

}  // namespace

Settings resolve(const bcda_config& config) {
  Settings settings = config.settings;
  for (const auto& [name, provider] : config.providers) ask(provider, name, settings);
  return settings;
}

}  // namespace libbcda::capi

extern "C" {

int32_t bcda_setting_count(void) { return static_cast<int32_t>(libbcda::settings_table().size()); }

const bcda_setting* bcda_setting_at(int32_t index) {
  if (index < 0 || index >= bcda_setting_count()) return nullptr;
  return handle(&libbcda::settings_table()[static_cast<std::size_t>(index)]);
}

const bcda_setting* bcda_setting_find(const char* name) { return name ? handle(libbcda::find_setting(name)) : nullptr; }

const char* bcda_setting_name(const bcda_setting* setting) { return setting ? row(setting)->name : ""; }
bcda_setting_type bcda_setting_get_type(const bcda_setting* setting) {
  return setting ? static_cast<bcda_setting_type>(row(setting)->type) : BCDA_TYPE_STRING;
}
const char* bcda_setting_type_name(const bcda_setting* setting) {
  return setting ? libbcda::setting_type_name(row(setting)->type) : "";
}
const char* bcda_setting_default(const bcda_setting* setting) { return setting ? row(setting)->default_value : ""; }
const char* bcda_setting_choices(const bcda_setting* setting) { return setting ? row(setting)->choices : ""; }
const char* bcda_setting_env(const bcda_setting* setting) { return setting ? row(setting)->env.c_str() : ""; }
const char* bcda_setting_help(const bcda_setting* setting) { return setting ? row(setting)->help : ""; }
bcda_setting_scope bcda_setting_get_scope(const bcda_setting* setting) {
  return setting ? static_cast<bcda_setting_scope>(row(setting)->scope) : BCDA_SCOPE_CLIENT;
}
int32_t bcda_setting_secret(const bcda_setting* setting) { return setting && row(setting)->secret; }
int32_t bcda_setting_of_request(const bcda_setting* setting) { return setting && row(setting)->of_request; }
int32_t bcda_setting_for_opening(const bcda_setting* setting) { return setting && row(setting)->for_opening; }

const char* bcda_profiles(void) {
  static const auto* text = [] {  // leaked, because threads may read it at exit
    boost::json::array rows;
    for (const libbcda::Profile& row : libbcda::profiles()) rows.push_back(libbcda::to_json(row));
    return new std::string(boost::json::serialize(rows));
  }();
  return text->c_str();
}

bcda_status bcda_config_create(bcda_config** config, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    *config = new bcda_config;
  });
}

void bcda_config_destroy(bcda_config* config) { delete config; }

bcda_status bcda_config_set(bcda_config* config, const char* name, const char* value, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    need(name, "name");
    value ? config->settings.set(name, value) : config->settings.unset(name);
    config->providers.erase(name);
    if (value && *value) config->providers.erase(std::string(libbcda::alternative_of(name)));
  });
}

bcda_status bcda_config_add(bcda_config* config, const char* name, const char* item, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    need(name, "name");
    need(item, "item");
    config->settings.add(name, item);
    config->providers.erase(name);
  });
}

bcda_status bcda_config_get(const bcda_config* config, const char* name, char** value, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    need(name, "name");
    need(value, "value");
    const Setting* setting = libbcda::find_setting(name);
    bool set = config->settings.has(name) || config->providers.count(name);  // throws for an unknown name
    *value =
        libbcda::capi::give_string(setting->secret ? (set ? "(set)" : "") : libbcda::capi::value_of(*config, name));
  });
}

bcda_status bcda_config_load_env(bcda_config* config, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    config->settings.load_environment();
  });
}

bcda_status bcda_config_load_file(bcda_config* config, const char* path, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    need(path, "path");
    config->settings.load_json_file(path);
  });
}

bcda_status bcda_config_load_json(bcda_config* config, const char* text, bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    need(text, "text");
    config->settings.load_json(text);
  });
}

bcda_status bcda_config_set_provider(bcda_config* config, const char* name, bcda_provider provider, void* user,
                                     bcda_error** error) {
  return guard(error, [&] {
    need(config, "config");
    need(name, "name");
    provider ? config->settings.reserve(name) : config->settings.unset(name);  // both throw for an unknown name
    config->providers.erase(name);
    if (!provider) return;
    config->providers.erase(std::string(libbcda::alternative_of(name)));
    config->providers[name] = {provider, user};
  });
}

}  // extern "C"
