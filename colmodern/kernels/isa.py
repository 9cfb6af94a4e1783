"""Which implementation of the kernels runs, and why."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from colmodern.errors import ConfigError, KernelUnavailableError

if TYPE_CHECKING:
    from types import ModuleType

REFERENCE = "reference"
NATIVE_ISAS = ("scalar", "avx2", "avxvnni", "avx512vnni", "neon", "amx")
"""In rising order of preference; an instruction set's place is its number in the extension."""

_forced: ContextVar[str | None] = ContextVar("forced_isa", default=None)


def active_isa() -> str:
    """Return the instruction set that kernels called now would run on.

    ``COLMODERN_ISA`` chooses one (``scalar``, ``avx2``, ``avxvnni``, ``avx512vnni``, ``amx``,
    ``neon``, or ``reference`` for NumPy); without it, or with ``auto``, the best that this machine
    has.

    Raises:
        ConfigError: ``COLMODERN_ISA`` is not a name known here.
        KernelUnavailableError: The extension is not built, or the machine lacks what was asked for.
    """
    return _resolve(_forced.get() or requested_isa())


def available_isas() -> tuple[str, ...]:
    """Return every implementation that can run here, ``reference`` first and the best one last."""
    try:
        return (REFERENCE, *_supported())
    except KernelUnavailableError:
        return (REFERENCE,)


@contextmanager
def use_isa(name: str) -> Iterator[None]:
    """Run the kernels called in this context on one instruction set, whatever the environment says.

    Raises:
        ConfigError: The name is not known.
        KernelUnavailableError: The implementation cannot run here.
    """
    _resolve(name)
    token = _forced.set(name)
    try:
        yield
    finally:
        _forced.reset(token)


def requested_isa() -> str:
    """Return what ``COLMODERN_ISA`` asks for, ``auto`` if it is not set."""
    return os.environ.get("COLMODERN_ISA") or "auto"


@cache
def native() -> ModuleType:
    """Return the compiled extension.

    Raises:
        KernelUnavailableError: It is not there.
    """
    try:
        return importlib.import_module("colmodern.kernels._native")
    except ImportError as error:
        raise KernelUnavailableError(
            f"The compiled kernels cannot be loaded ({error}). {_remedy()}, or set "
            "COLMODERN_ISA=reference to run the slow NumPy ones."
        ) from error


def _remedy() -> str:
    sources = Path(__file__).parents[2]
    if (sources / "csrc").is_dir():
        return (
            f"Python found colmodern in its sources, {sources}, which hold none: run it from "
            "another folder, or install it there with `pip install -e .`"
        )
    return "Install colmodern from a wheel or with `pip install .`, which compiles them"


@cache
def _supported() -> tuple[str, ...]:
    names: list[str] = native().supported_isas()
    return tuple(names)


@cache
def _resolve(name: str) -> str:
    if name == REFERENCE:
        return REFERENCE
    if name == "auto":
        return _supported()[-1]
    if name not in NATIVE_ISAS:
        allowed = ", ".join(("auto", REFERENCE, *NATIVE_ISAS))
        raise ConfigError(
            f"COLMODERN_ISA is {name!r}, expected one of {allowed}.",
            code="option_not_allowed",
            option="COLMODERN_ISA",
            value=name,
        )
    if name not in _supported():
        raise KernelUnavailableError(
            f"COLMODERN_ISA is {name!r}, which this machine or build lacks. It has "
            f"{', '.join(_supported())}; unset COLMODERN_ISA to use the best of them.",
            option="COLMODERN_ISA",
            value=name,
        )
    return name
