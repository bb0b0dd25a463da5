// A sink whose files are Python objects.
#pragma once
#include <pybind11/pybind11.h>

#include <bcda/bcda.hpp>
#include <memory>

namespace bcda_python {

// `begin(name, type)` gives an object with write(bytes), commit(size, sha256) and abort(), for each file; None: no sink.
std::shared_ptr<bcda::Sink> make_sink(const pybind11::object& begin);

}  // namespace bcda_python
