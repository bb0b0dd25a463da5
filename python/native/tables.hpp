// Tables, and their hand-over by Arrow's PyCapsule interface.
#pragma once
#include <pybind11/pybind11.h>

namespace bcda_python {

void add_tables(pybind11::module_& module);

}  // namespace bcda_python
