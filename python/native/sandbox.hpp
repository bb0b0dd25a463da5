// The sandbox.
#pragma once
#include <pybind11/pybind11.h>

namespace bcda_python {

void add_sandbox(pybind11::module_& module);

}  // namespace bcda_python
