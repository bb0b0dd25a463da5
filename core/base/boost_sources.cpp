// Compiles Boost.Asio and Boost.Beast once, so that the other files compile faster.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
