// Handles one connection from handshake to close: one request and one answer, with the requested faults.
#pragma once
#include "service.hpp"
#include "stream.hpp"

namespace libbcda::sandbox {

asio::awaitable<void> serve(Stream stream, Service& service, bool storage);  // storage: at the second port

}  // namespace libbcda::sandbox
