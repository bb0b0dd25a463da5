// What functions that open tables share: of finished exports, and of partitions.
#pragma once
#include <bcda/arrow.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "handles.hpp"
#include "partition/files.hpp"
#include "tables/encoded_tables.hpp"
#include "tables/scan.hpp"

namespace libbcda::capi {

// A scan that does not know its files yet.
struct Prepared {
  std::unique_ptr<tables::Scan> scan = {};
  std::vector<std::string> types = {};           // of the files that it needs; {}: any
  std::shared_ptr<partition::Files> files = {};  // of a partition

  // A partition may have threads, which are gone in a forked child, and when the process exits.
  bool may_destroy(const Owner& owner) const { return !files || (owner.is_me() && !files->abandoned()); }
};

// Checks the tables. Throws Error{INVALID_ARGUMENT}.
Prepared prepare_scan(const Settings& settings, const std::vector<std::string>& tables);

void write_stream(Prepared tables, ArrowArrayStream& out);

// The texts of an argument, of which at least one must be given.
std::vector<std::string> texts(const char* const* items, std::int32_t count, const char* name);

inline Settings settings_of(const bcda_config* settings) { return settings ? resolve(*settings) : Settings(); }

}  // namespace libbcda::capi

struct bcda_tables {
  libbcda::capi::Prepared tables;
  std::unique_ptr<libbcda::tables::EncodedTables> encoded = {};
  libbcda::capi::Owner owner = {};
  libbcda::capi::Counted counted = {};
};
