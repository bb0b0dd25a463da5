// The manifest of a job in pages (Bulk Data IG 3.0, "Partial Manifests"). A page lists some of the files and links to
// the next page. While the job runs, the last page may still get its link, so it is asked for again.
//
//   asking --page with a link--> asking (the next page)
//     |  ^ 202, no link: the same page again
//     |  +---+
//     +--200, no link--> complete
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "bulk/manifest.hpp"

namespace libbcda::bulk {

class Pages {
 public:
  enum class Next { ask_later, ask_now, complete };
  // Some files of a page, by their numbers in it.
  struct Fresh {
    std::shared_ptr<const Manifest> page;
    std::vector<std::uint32_t> numbers;
  };

  explicit Pages(http::Url service) : service_(std::move(service)) {}

  void begin(http::Url status_url);              // also for another job; the pages of the first are forgotten
  const http::Url& url() const { return url_; }  // of the page to ask for
  // Takes the page that came from url(). `is_done`: the job is. Throws Error{PROTOCOL} if the page lacks a file that it
  // had before, has another transactionTime than the first one, or links to another origin or to an earlier page, and
  // Error{LIMIT} for too many pages.
  Next add(std::shared_ptr<const Manifest> page, bool is_done);
  // The files of the last page that were not there before.
  Fresh take_fresh() { return std::exchange(fresh_, Fresh{}); }

  const Manifests& all() const { return pages_; }
  std::size_t kept_bytes() const;  // of the pages that the next answer does not replace

 private:
  void go_to(const http::Url& next);

  http::Url service_, url_;
  Manifests pages_;
  bool is_known_ = false;        // the page at url_ is the last one of pages_
  std::set<std::string> asked_;  // URLs
  Fresh fresh_;
};

}  // namespace libbcda::bulk
