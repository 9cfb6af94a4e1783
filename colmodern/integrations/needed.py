"""What is said where a framework is missing, or of a version that is not known here?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from colmodern.errors import MissingPackageError


@contextmanager
def needed(package: str, *, module: str, purpose: str) -> Iterator[None]:
    """Import a framework inside it.

    Args:
        package: What pip is to install, with the oldest version that fits.
        module: The name under which the framework is imported.
        purpose: What needs it.

    Raises:
        MissingPackageError: It is not installed, or lacks what is imported of it.
    """
    try:
        yield
    except ImportError as error:
        is_missing = isinstance(error, ModuleNotFoundError) and error.name == module
        found = None if is_missing else str(error)
        raise MissingPackageError(purpose=purpose, package=package, found=found) from error
