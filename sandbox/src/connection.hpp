// One connection from handshake to goodbye: one request, one answer, with the misbehavior that was asked for.
#pragma once
#include "service.hpp"
#include "stream.hpp"

namespace libbcda::sandbox {

asio::awaitable<void> serve(Stream stream, Service& service);

}  // namespace libbcda::sandbox
