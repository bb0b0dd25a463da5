// Compiles Boost.Asio and Boost.Beast once, so that no other file has to.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
