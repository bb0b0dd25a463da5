// The records of a verified file.
#pragma once
#include <pybind11/pybind11.h>

namespace bcda_python {

void add_reader(pybind11::module_& module);

}  // namespace bcda_python
