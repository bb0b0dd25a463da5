#include "runtime/url_renewal.hpp"

#include "base/error.hpp"
#include "bulk/job.hpp"
#include "runtime/manifest_body.hpp"

namespace libbcda::runtime {
namespace {

// The file with the task's number and identity. Nothing else is taken for it, because names may repeat.
std::optional<http::Url> url_in(const bulk::Manifest& page, const FileTask& task) {
  if (page.size() != task.manifest->size()) return {};
  if (page.identity(task.number) != task.manifest->identity(task.number)) return {};
  return page.entry(task.number).url;
}

}  // namespace

bool UrlRenewal::may_help(const FileTask& task) const {
  const http::Url& url = task.entry.url;
  const bool may_expire = url.without_query() != url.text() || !http::same_origin(url, session_.service().origin);
  return may_expire && !task.status_url.empty();
}

Task<std::optional<http::Url>> UrlRenewal::ask(const FileTask& task, const http::Url& refused) {
  if (auto url = known(task); url && url->text() != refused.text()) co_return url;
  const http::Url page_url = task.manifest->base();
  const std::shared_ptr<const bulk::Manifest> page = co_await fetch(page_url);
  if (!page) co_return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    pages_[page_url.text()] = page;
  }
  co_return known(task);
}

std::optional<http::Url> UrlRenewal::known(const FileTask& task) const {
  std::shared_ptr<const bulk::Manifest> page;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pages_.find(task.manifest->base().text());
    if (found != pages_.end()) page = found->second;
  }
  if (!page) return {};
  return url_in(*page, task);
}

// Null if the answer is no manifest: the caller then reports why the file itself was refused.
Task<std::shared_ptr<const bulk::Manifest>> UrlRenewal::fetch(const http::Url& page) {
  try {
    http::Request request = bulk::status_request(page);
    co_await session_.tokens().authorize(request);
    http::Response response = co_await session_.http().open(std::move(request));
    if (response.head().status != 200 && response.head().status != 202) co_return nullptr;
    const auto max_bytes = static_cast<std::size_t>(session_.settings().integer("max_manifest_bytes"));
    files::Spool spool;
    const ManifestBody body = co_await receive_manifest(response, page, std::move(spool), max_bytes, world_.workers());
    co_return body.manifest;
  } catch (const Error& e) {
    if (e.status == Status::CANCELED) throw;
    co_return nullptr;
  }
}

}  // namespace libbcda::runtime
