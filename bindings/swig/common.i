/* What every language's module is made from: flat.hpp, with all its handles named. The file of the language (java.i) comes
 * first and defines, before it includes this one,
 *   %bcda_handle(TYPE)   how the address of a handle crosses,
 *   typemaps             of bcda_flat::Text (UTF-8 bytes), bcda_flat::Bytes and int64_t,
 *   %exception           what becomes of bcda::Error and std::exception. */
%{
#include "flat.hpp"
%}

%include <stdint.i>

%bcda_handle(bcda_flat::Config)
%bcda_handle(bcda_flat::Client)
%bcda_handle(bcda_flat::Run)
%bcda_handle(bcda_flat::Event)
%bcda_handle(bcda_flat::Result)
%bcda_handle(bcda_flat::Decryption)
%bcda_handle(bcda_flat::Reader)
%bcda_handle(bcda_flat::SandboxOptions)
%bcda_handle(bcda_flat::Sandbox)

%ignore bcda_flat::Bytes; /* crosses as bytes */
%include "flat.hpp"
