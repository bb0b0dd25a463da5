/* The rules for every language: flat.hpp, with all its handles named. The file of a language (java.i, r.i) includes
 * this file. Before that, it defines
 *   %bcda_handle(TYPE)   how the address of a handle is passed,
 *   typemaps             for bcda_flat::Text (UTF-8 bytes), bcda_flat::Bytes and int64_t,
 *   %exception           how bcda::Error and std::exception are reported. */
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
%bcda_handle(bcda_flat::Tables)
%bcda_handle(bcda_flat::SandboxOptions)
%bcda_handle(bcda_flat::Sandbox)

%ignore bcda_flat::Bytes; /* passed as bytes, by the typemaps */
%include "flat.hpp"
