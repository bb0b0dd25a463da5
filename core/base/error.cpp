#include "base/error.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <iterator>
#include <new>

#include "base/remedies.hpp"

namespace libbcda {
namespace {
constexpr StatusInfo kTable[] = {
#define STATUS(name, number, exit_code, meaning) {Status::name, #name, meaning, exit_code},
#include "base/status.def"
#undef STATUS
};
}  // namespace

Error current_error() {
  try {
    throw;
  } catch (const Error& e) {
    return e;
  } catch (const std::bad_alloc&) {
    return {Status::NO_MEMORY, "out of memory"};
  } catch (const boost::system::system_error& e) {
    const bool is_files = e.code() == boost::system::errc::too_many_files_open ||
                          e.code() == boost::system::errc::too_many_files_open_in_system;
    return {Status::INTERNAL, std::string(e.what()) + (is_files ? std::string("; ") + kMoreFiles : "")};
  } catch (const std::exception& e) {
    return {Status::INTERNAL, e.what()};
  } catch (...) {
    return {Status::INTERNAL, "an unknown exception"};
  }
}

int status_count() noexcept { return static_cast<int>(std::size(kTable)); }

const StatusInfo& status_at(int index) noexcept { return kTable[index]; }

const StatusInfo* find_status(std::int32_t number) noexcept {
  for (const StatusInfo& info : kTable)
    if (static_cast<std::int32_t>(info.status) == number) return &info;
  return nullptr;
}

}  // namespace libbcda
