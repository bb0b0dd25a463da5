// Handles one connection from handshake to close: one request and one answer, with the requested faults.
#pragma once
#include <memory>

#include "handler.hpp"
#include "stream.hpp"

namespace libbcda::sandbox {

// storage: at the second port
asio::awaitable<void> serve(std::unique_ptr<Stream> stream, Handler& handler, bool storage);

}  // namespace libbcda::sandbox
