// The encoder's part of the extension module.
#pragma once

#include <nanobind/nanobind.h>

void bind_encoder(nanobind::module_& m);
