// Listens on loopback and carries requests to a Service and answers back. Own threads.
#pragma once
#include <memory>
#include <string>

#include "certificates.hpp"
#include "service.hpp"

namespace libbcda::sandbox {

class Server {
 public:
  // `certificates` nullptr: plain http. `port` 0: any. `service` outlives the server. Throws Error{NETWORK}.
  Server(Service& service, const Certificates* certificates, int port);
  ~Server();
  void stop();  // ends every connection, stalled ones too
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libbcda::sandbox
