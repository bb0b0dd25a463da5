// A sink whose files are Python objects.
#pragma once
#include <pybind11/pybind11.h>

#include <bcda/bcda.hpp>
#include <memory>

namespace bcda_python {

// `begin(name, type)` returns an object with write(bytes), commit(size, sha256) and abort() for each file. None: no
// sink.
std::shared_ptr<bcda::Sink> make_sink(const pybind11::object& begin);

// The exception with which Python code failed a file of the sink, or None.
pybind11::object raised_in(const bcda::Sink& sink);

// Whether this thread is running Python code of a sink.
bool in_sink();

}  // namespace bcda_python
