// Files at another origin: URLs with a signature that expires, as those of S3.
#pragma once
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "message.hpp"

namespace libbcda::sandbox {

class Storage {
 public:
  explicit Storage(Bytes secret) : secret_(std::move(secret)) {}

  void set_origin(const std::string& origin) { origin_ = origin; }  // before the first request
  const std::string& origin() const { return origin_; }

  // The signed URL for a file, given by its path at the service. `organization` owns it.
  std::string sign(const std::string& path, const std::string& organization, Time expires) const;

  // Signs the URLs of all files in a manifest. A text that is no manifest stays as it is.
  void sign_manifest(Response& response, const std::string& organization, Time expires) const;

  // Refuses a request at this origin that is not signed, is late, or has an Authorization header as well. Otherwise
  // sets the organization.
  std::optional<Response> refuse(const Request& request, Time now, std::string& organization) const;

 private:
  std::string signature(const std::string& path, const std::string& organization, const std::string& expires) const;

  Bytes secret_;
  std::string origin_;
};

}  // namespace libbcda::sandbox
