"""Every exception colmodern raises on purpose.

ColModernError
├── ConfigError             a bad or unknown option: names the field, the value and what is allowed
├── InputError              text, vectors or a file given by the user that cannot be used
├── EncoderError            a model that cannot be found, read or run
├── EncoderMismatchError    an index made with another encoder
├── IndexStoreError         all that concerns the files of an index; has ``.path``
│   ├── IndexNotFoundError
│   ├── IndexExistsError
│   ├── IndexFormatError    not an index, or of a version this program does not read
│   ├── IndexCorruptError   a file that is missing, cut short or changed
│   ├── IndexWriteError     the disk is full, or the folder cannot be written
│   └── IndexLockedError    another process is writing
├── MissingExtraError       an optional dependency is not installed
└── KernelUnavailableError  an instruction set was asked for that this machine or build lacks

A message says what was wrong, where, and what to do. Wrong arguments of a call in a program stay
``ValueError`` or ``TypeError``.
"""

from __future__ import annotations

from pathlib import Path

__all__ = [
    "ColModernError",
    "ConfigError",
    "EncoderError",
    "EncoderMismatchError",
    "IndexCorruptError",
    "IndexExistsError",
    "IndexFormatError",
    "IndexLockedError",
    "IndexNotFoundError",
    "IndexStoreError",
    "IndexWriteError",
    "InputError",
    "KernelUnavailableError",
    "MissingExtraError",
]


class ColModernError(Exception):
    """The base of every error that colmodern raises on purpose."""


class ConfigError(ColModernError, ValueError):
    """An option has a value that is not allowed, or a name that does not exist."""


class InputError(ColModernError, ValueError):
    """Something given by the user (a file, a row, a vector) cannot be used."""


class EncoderError(ColModernError):
    """A model cannot be found, read or run."""


class EncoderMismatchError(ColModernError):
    """The index was made with another encoder than the one in hand."""

    def __init__(self, *, index_encoder: str, given_encoder: str) -> None:
        """Name both encoders, each as ``name (fingerprint)``."""
        self.index_encoder = index_encoder
        self.given_encoder = given_encoder
        super().__init__(
            f"This index was made with encoder {index_encoder}, not with {given_encoder}. "
            "Search it with the encoder it was made with, or index the documents again."
        )


class IndexStoreError(ColModernError):
    """Something about the files of an index; ``path`` says which."""

    def __init__(self, message: str, *, path: Path) -> None:
        """Keep the path beside the message."""
        self.path = path
        super().__init__(message)


class IndexNotFoundError(IndexStoreError, FileNotFoundError):
    """There is no index where one was expected."""


class IndexExistsError(IndexStoreError, FileExistsError):
    """There is an index already where a new one was to be made."""


class IndexFormatError(IndexStoreError):
    """The folder is no index, or its format version is not one this program reads."""


class IndexCorruptError(IndexStoreError):
    """A file of the index is missing, cut short or changed."""


class IndexWriteError(IndexStoreError, OSError):
    """The index could not be written: a full disk, a read-only folder."""


class IndexLockedError(IndexStoreError):
    """Another process is writing to this index."""


class MissingExtraError(ColModernError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, *, purpose: str, extra: str) -> None:
        """Say what needs the extra, and how to install it."""
        self.extra = extra
        super().__init__(f'{purpose} needs an extra: pip install "colmodern[{extra}]"')


class KernelUnavailableError(ColModernError, RuntimeError):
    """An instruction set was asked for that this machine or this build lacks."""
