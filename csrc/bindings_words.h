// The part of the extension module that scores documents by words.
#pragma once

#include <nanobind/nanobind.h>

void bind_words(nanobind::module_& m);
