// Oddities of real servers, on demand: faults that change an answer which is otherwise as it should be.
#pragma once
#include "faults.hpp"
#include "message.hpp"
#include "storage.hpp"

namespace libbcda::sandbox {

// What an oddity depends on.
struct Scene {
  Faults& faults;
  const Request& request;
  Time now;
  const Storage& storage;
  std::string organization;  // of the token
};

void add_oddities(const Scene& scene, Response& response);

// A text for a header, in which "epoch+5", "epoch-ms+5" and "date+5" become a time in 5 seconds.
std::string with_times(const std::string& text, Time now);

}  // namespace libbcda::sandbox
