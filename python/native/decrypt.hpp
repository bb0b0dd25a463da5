// Decryption of a file or directory on disk.
#pragma once
#include <pybind11/pybind11.h>

namespace bcda_python {

void add_decrypt(pybind11::module_& module);

}  // namespace bcda_python
