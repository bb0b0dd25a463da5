#include "runtime/url_renewal.hpp"

#include <boost/asio/this_coro.hpp>

#include "base/error.hpp"
#include "bulk/job.hpp"
#include "runtime/manifest_body.hpp"

namespace libbcda::runtime {
namespace {

// The file with the task's number and identity or, if the page has grown, the only one with that identity. Nothing else
// is taken for it, because names may repeat.
std::optional<http::Url> url_in(const bulk::Manifest& page, const FileTask& task) {
  const std::uint64_t identity = task.manifest->identity(task.number);
  if (page.size() == task.manifest->size())
    return page.identity(task.number) == identity ? std::optional(page.entry(task.number).url) : std::nullopt;
  std::optional<std::size_t> only;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (page.identity(i) != identity) continue;
    if (only) return {};
    only = i;
  }
  return only ? std::optional(page.entry(*only).url) : std::nullopt;
}

}  // namespace

bool UrlRenewal::may_help(const FileTask& task) const {
  const http::Url& url = task.entry.url;
  const bool may_expire = url.without_query() != url.text() || !http::same_origin(url, session_.service().origin);
  return may_expire && !task.status_url.empty();
}

// Marks the caller that asks for a page while the others wait. At its end the others are woken, also after an exception.
struct UrlRenewal::Asking {
  UrlRenewal& renewal;
  const http::Url& url;

  ~Asking() {
    const std::lock_guard lock(renewal.mutex_);
    Page& page = renewal.pages_.at(url.text());
    page.is_asked_for = false;
    for (const auto& waiter : page.waiting) waiter->wake();
    page.waiting.clear();
  }
};

// Null: the caller has to ask, because nobody does.
std::shared_ptr<world::Wakeup> UrlRenewal::join(const http::Url& url, const asio::any_io_executor& executor) {
  auto waiter = std::make_shared<world::Wakeup>(executor);
  const std::lock_guard lock(mutex_);
  Page& page = pages_[url.text()];
  if (!std::exchange(page.is_asked_for, true)) return nullptr;
  page.waiting.push_back(waiter);
  return waiter;
}

Task<std::optional<http::Url>> UrlRenewal::ask(const FileTask& task, const http::Url& refused) {
  const http::Url page = task.manifest->base();
  const auto executor = co_await asio::this_coro::executor;
  // A request that another file shares may fail, so each file has a second chance.
  for (int tries = 0; tries < 2; ++tries) {
    if (auto url = known(task); url && url->text() != refused.text()) co_return url;
    const auto answer = join(page, executor);
    if (!answer) co_return co_await ask_for(page, task);
    co_await answer->wait();
  }
  co_return known(task);
}

Task<std::optional<http::Url>> UrlRenewal::ask_for(const http::Url& url, const FileTask& task) {
  const Asking asking{*this, url};
  const std::shared_ptr<const bulk::Manifest> page = co_await fetch(url);
  if (!page) co_return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    pages_[url.text()].newest = page;
  }
  co_return known(task);
}

std::optional<http::Url> UrlRenewal::known(const FileTask& task) const {
  std::shared_ptr<const bulk::Manifest> page;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pages_.find(task.manifest->base().text());
    if (found != pages_.end()) page = found->second.newest;
  }
  if (!page) return {};
  auto url = url_in(*page, task);
  if (url) url = bulk::on_service_origin(std::move(*url), session_.service().origin);
  return url;
}

// Null if the answer is no manifest: the caller then reports why the file itself was refused.
Task<std::shared_ptr<const bulk::Manifest>> UrlRenewal::fetch(const http::Url& page) {
  try {
    http::Request request = bulk::status_request(page);
    co_await session_.tokens().authorize(request);
    http::Response response = co_await session_.http().open(std::move(request));
    if (response.head().status != 200 && response.head().status != 202) co_return nullptr;
    const ManifestBody body = co_await receive_manifest(session_, workspace_, response, page);
    co_return body.manifest;
  } catch (const Error& e) {
    if (e.status == Status::CANCELED) throw;
    co_return nullptr;
  }
}

}  // namespace libbcda::runtime
