// Listens on loopback with its own threads. Passes requests to a Service and sends the answers.
#pragma once
#include <memory>
#include <string>

#include "certificates.hpp"
#include "service.hpp"

namespace libbcda::sandbox {

class Server {
 public:
  // `certificates` nullptr: plain http. `port` 0: any free port. `service` must outlive the server. Throws
  // Error{NETWORK}. It listens at once, and answers after start().
  Server(Service& service, const Certificates* certificates, int port);
  ~Server();
  void start();
  void stop();  // ends every connection, including stalled ones
  int port() const;
  int storage_port() const;  // a second port, for signed URLs

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace libbcda::sandbox
