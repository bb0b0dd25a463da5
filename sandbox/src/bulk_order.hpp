// The parameters of a kick-off by GET or POST.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dialects.hpp"
#include "today_query.hpp"

namespace libbcda::sandbox::bulk {

struct Order {
  std::vector<std::string> types;
  std::optional<Time> since;
  std::set<std::string> patients;  // {}: all
  bool by_patient = false;         // organizeOutputBy
  bool partial = false;            // allowPartialManifests
  std::string format;              // _outputFormat
};

// Reads the query, or the Parameters resource in the body. Otherwise returns the refusal.
std::optional<Response> read_order(const Request& request, const Dialect& dialect, Time now, Order& order);

}  // namespace libbcda::sandbox::bulk
