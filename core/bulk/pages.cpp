#include "bulk/pages.hpp"

#include <numeric>
#include <utility>

#include "base/error.hpp"

namespace libbcda::bulk {
namespace {

constexpr std::size_t kMostPages = 10'000;

void check_same_state(const Manifest& first, const Manifest& page) {
  const std::string &time = first.transaction_time, &other = page.transaction_time;
  if (time.empty() || other.empty() || time == other) return;
  throw Error(Status::PROTOCOL, "the pages of the manifest are of different times, " + quote(time) + " and " +
                                    quote(other) + "; files of two states of a job are not mixed");
}

}  // namespace

void Pages::begin(http::Url status_url) {
  url_ = std::move(status_url);
  asked_ = {url_.text()};
  pages_.clear();
  fresh_ = {};
  is_known_ = false;
}

Pages::Next Pages::add(std::shared_ptr<const Manifest> page, bool is_done) {
  if (!pages_.empty()) check_same_state(*pages_.front(), *page);
  if (is_known_) {
    fresh_ = {page, grown_files(*pages_.back(), *page)};
    pages_.back() = page;
  } else {
    fresh_ = {page, std::vector<std::uint32_t>(page->size())};
    std::iota(fresh_.numbers.begin(), fresh_.numbers.end(), 0u);
    pages_.push_back(page);
  }
  is_known_ = true;
  if (!page->next) return is_done ? Next::complete : Next::ask_later;
  go_to(*page->next);
  return Next::ask_now;
}

void Pages::go_to(const http::Url& next) {
  http::Url url = on_service_origin(next, service_);
  if (!http::same_origin(url, service_))
    throw Error(Status::PROTOCOL, "the next page of the manifest is on another origin, " + tidy(url.origin(), 200) +
                                      "; the token is not sent there");
  if (!asked_.insert(url.text()).second)
    throw Error(Status::PROTOCOL, "the pages of the manifest form a loop: a page links to an earlier one");
  if (pages_.size() >= kMostPages)
    throw Error(Status::LIMIT, "the manifest has more than " + std::to_string(kMostPages) + " pages");
  url_ = std::move(url);
  is_known_ = false;
}

std::size_t Pages::kept_bytes() const {
  return std::accumulate(pages_.begin(), pages_.end() - (is_known_ ? 1 : 0), std::size_t{0},
                         [](std::size_t sum, const auto& page) { return sum + page->bytes(); });
}

}  // namespace libbcda::bulk
