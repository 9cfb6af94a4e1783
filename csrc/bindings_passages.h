// The part of the extension module that chooses passages.
#pragma once

#include <nanobind/nanobind.h>

void bind_passages(nanobind::module_& m);
