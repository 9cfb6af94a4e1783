"""``python -m fuzz.one TARGET [CORPUS] [OPTIONS OF LIBFUZZER]``: fuzz one target until it ends."""

from __future__ import annotations

import logging
import sys

import atheris

with atheris.instrument_imports(include=["colmodern"]):
    from fuzz.targets import TARGETS


def main() -> None:
    """Hand the target to libFuzzer."""
    logging.disable()
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
