"""What can go wrong on purpose, and how is it told apart?

ColModernError
├── ConfigError             an option or a filter that cannot be used
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
├── MissingPackageError     another project's package is not installed, or of another version
├── RequestRefusedError     a server does not do what a request asks for
├── RemoteError             an object store that cannot be reached, refuses, or was published to
└── KernelUnavailableError  an instruction set was asked for that this machine or build lacks

A message says what was wrong, where, and what to do. A program reads ``code``, which stays the
same from version to version, and the fields; ``CODES`` has every code. Wrong arguments of a call
in a program stay ``ValueError`` or ``TypeError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = [
    "CODES",
    "Code",
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
    "MissingPackageError",
    "RemoteError",
    "RequestRefusedError",
]


class ColModernError(Exception):
    """The base of every error that colmodern raises on purpose.

    Attributes:
        code: What went wrong, in a word of ``CODES``.
        option: The option that is at fault, if one is.
        value: What was given for it, or what cannot be used.
        document: The id of the document that is meant, if one is.
        path: The file or folder that is meant, if one is.
    """

    code: str
    path: Path | None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        option: str | None = None,
        value: object = None,
        document: str | None = None,
        path: Path | None = None,
    ) -> None:
        """Keep the fields beside the message; without a code it is that of the class."""
        super().__init__(message)
        if code is not None:
            self.code = code
        self.option = option
        self.value = value
        self.document = document
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what another process needs to make the same error."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(
    kind: type[ColModernError], args: tuple[Any, ...], fields: Mapping[str, Any]
) -> ColModernError:
    error = kind.__new__(kind, *args)
    error.args = args
    for name, value in fields.items():
        setattr(error, name, value)
    return error


class ConfigError(ColModernError, ValueError):
    """An option has a value that is not allowed, or a name that does not exist."""

    code = "option_invalid"


class InputError(ColModernError, ValueError):
    """Something given by the user (a file, a row, a vector) cannot be used."""

    code = "input_invalid"


class EncoderError(ColModernError):
    """A model cannot be found, read or run."""

    code = "encoder_invalid"


class EncoderMismatchError(ColModernError):
    """The index was made with another encoder than the one in hand."""

    code = "encoder_mismatch"

    def __init__(self, *, index_encoder: str, given_encoder: str) -> None:
        """Name both encoders, each as ``name (fingerprint)``."""
        super().__init__(
            f"This index was made with encoder {index_encoder}, not with {given_encoder}. "
            "Search it with the encoder it was made with, or index the documents again.",
            value=given_encoder,
        )
        self.index_encoder = index_encoder
        self.given_encoder = given_encoder


class IndexStoreError(ColModernError):
    """Something about the files of an index; ``path`` says which."""

    code = "index_unreadable"
    path: Path

    def __init__(self, message: str, *, path: Path, code: str | None = None) -> None:
        """Keep the path beside the message; without a code it is that of the class."""
        super().__init__(message, path=path, code=code)


class IndexNotFoundError(IndexStoreError, FileNotFoundError):
    """There is no index where one was expected."""

    code = "index_not_found"


class IndexExistsError(IndexStoreError, FileExistsError):
    """There is an index already where a new one was to be made."""

    code = "index_exists"


class IndexFormatError(IndexStoreError):
    """The folder is no index, or its format version is not one this program reads."""

    code = "index_format"


class IndexCorruptError(IndexStoreError):
    """A file of the index is missing, cut short or changed."""

    code = "index_corrupt"


class IndexWriteError(IndexStoreError, OSError):
    """The index could not be written: a full disk, a read-only folder."""

    code = "index_not_written"


class IndexLockedError(IndexStoreError):
    """Another process is writing to this index."""

    code = "index_locked"


class MissingExtraError(ColModernError, ImportError):  # type: ignore[misc]  # both have a path
    """An optional dependency is not installed."""

    code = "missing_extra"

    def __init__(self, *, purpose: str, extra: str) -> None:
        """Say what needs the extra, and how to install it."""
        super().__init__(f'{purpose} needs an extra: pip install "colmodern[{extra}]"', value=extra)
        self.extra = extra


class MissingPackageError(ColModernError, ImportError):  # type: ignore[misc]  # both have a path
    """A package of another project, which no extra brings, is missing or of another version."""

    code = "missing_package"

    def __init__(self, *, purpose: str, package: str, found: str | None = None) -> None:
        """Say what needs the package, and how to install it.

        Args:
            purpose: What needs it.
            package: What pip is to install.
            found: What is wrong with the one that is installed; None: there is none.
        """
        why = "" if found is None else f" The one that is installed does not fit: {found}."
        super().__init__(f'{purpose} needs a package: pip install "{package}".{why}', value=package)
        self.package = package


class RequestRefusedError(ColModernError):
    """A server does not do what a request asks for: who asks, how much, how, or when."""

    code = "request_invalid"


class RemoteError(ColModernError):
    """An object store cannot be reached or refuses, or others have published there."""

    code = "remote_unavailable"


class KernelUnavailableError(ColModernError, RuntimeError):
    """An instruction set was asked for that this machine or this build lacks."""

    code = "kernel_unavailable"


class Code(NamedTuple):
    """What a code means, and what each door makes of it.

    Attributes:
        error: The class that carries it.
        exit_status: How the command line ends.
        http_status: How a server answers.
        meaning: In a line.
    """

    error: type[ColModernError]
    exit_status: int
    http_status: int
    meaning: str


CODES: Mapping[str, Code] = {
    "option_unknown": Code(ConfigError, 2, 400, "There is no option of this name."),
    "option_wrong_kind": Code(ConfigError, 2, 400, "The value is of another kind."),
    "option_out_of_range": Code(ConfigError, 2, 400, "The number is too small or too large."),
    "option_not_allowed": Code(ConfigError, 2, 400, "The value is none of those there are."),
    "option_conflict": Code(ConfigError, 2, 400, "Two options do not go together."),
    "option_invalid": Code(ConfigError, 2, 400, "The value cannot be used otherwise."),
    "option_missing": Code(ConfigError, 2, 400, "Something that has to be said is not."),
    "recipe_unreadable": Code(ConfigError, 2, 400, "A recipe is missing, or is no TOML."),
    "stage_not_done": Code(ConfigError, 2, 409, "A stage that this one needs is not done."),
    "folder_in_use": Code(ConfigError, 2, 423, "Another process is at work in the folder."),
    "device_unavailable": Code(ConfigError, 2, 501, "The machine or torch lacks the device."),
    "cluster_unavailable": Code(ConfigError, 2, 502, "There is no cluster that can be used."),
    "checkpoint_not_found": Code(
        ConfigError, 2, 404, "There is no checkpoint of this name to train."
    ),
    "checkpoint_mismatch": Code(
        ConfigError, 2, 409, "A checkpoint does not fit the recipe or another one."
    ),
    "filter_syntax": Code(ConfigError, 2, 400, "The filter cannot be read."),
    "filter_unknown_field": Code(ConfigError, 2, 400, "No document has a field of this name."),
    "filter_wrong_kind": Code(ConfigError, 2, 400, "The field's values are of another kind."),
    "query_empty": Code(InputError, 2, 400, "The query holds nothing to search for."),
    "query_not_text": Code(InputError, 2, 400, "The query cannot be written as UTF-8."),
    "document_not_found": Code(InputError, 2, 404, "The index has no document of this id."),
    "file_not_found": Code(InputError, 2, 404, "There is no such file."),
    "file_unreadable": Code(InputError, 2, 400, "A file cannot be read, or is damaged."),
    "file_not_written": Code(InputError, 2, 507, "A file cannot be written."),
    "folder_not_empty": Code(InputError, 2, 409, "Something else is in the folder."),
    "row_invalid": Code(InputError, 2, 400, "A row or a line of a file lacks what is needed."),
    "id_duplicate": Code(InputError, 2, 400, "An id or a name comes twice."),
    "data_empty": Code(InputError, 2, 400, "Nothing is left to work with."),
    "vectors_invalid": Code(
        InputError, 2, 400, "Token vectors have a wrong shape, or are not finite."
    ),
    "scores_invalid": Code(InputError, 2, 400, "A score is no finite number."),
    "collection_not_found": Code(InputError, 2, 404, "There is no judged collection of this name."),
    "layout_unknown": Code(InputError, 2, 400, "The folder has no layout of a judged collection."),
    "split_unknown": Code(InputError, 2, 404, "The collection has no such split."),
    "judgments_invalid": Code(
        InputError, 2, 400, "Judgments do not fit the collection or each other."
    ),
    "measure_unknown": Code(
        InputError, 2, 400, "There is no such measure, or it was not computed."
    ),
    "collection_mismatch": Code(InputError, 2, 409, "Two things are not of the same collection."),
    "record_not_found": Code(InputError, 2, 404, "There is no record in the folder."),
    "record_damaged": Code(InputError, 2, 400, "A record is not complete, or was changed."),
    "record_not_repeatable": Code(InputError, 2, 400, "What was measured was made in memory only."),
    "input_invalid": Code(InputError, 2, 400, "A file, a row or a vector cannot be used."),
    "many_deletions": Code(
        InputError, 2, 409, "More of an index would be deleted than goes without saying."
    ),
    "encoder_not_found": Code(EncoderError, 2, 500, "There is no model of this name here."),
    "encoder_not_fetched": Code(EncoderError, 2, 502, "The model cannot be downloaded."),
    "encoder_unreadable": Code(EncoderError, 2, 500, "A file of the model is missing or damaged."),
    "encoder_unsupported": Code(
        EncoderError, 2, 501, "The model is of a kind that is not run here."
    ),
    "encoder_result_invalid": Code(
        EncoderError, 2, 500, "The encoder gave something else than was asked for."
    ),
    "encoder_invalid": Code(EncoderError, 2, 500, "The model cannot be read or run."),
    "worker_lost": Code(
        EncoderError, 2, 500, "Workers ended while they encoded a part of a shard set."
    ),
    "encoder_mismatch": Code(
        EncoderMismatchError, 2, 409, "The index was made with another encoder."
    ),
    "index_not_found": Code(IndexNotFoundError, 2, 404, "There is no index here."),
    "index_exists": Code(IndexExistsError, 2, 409, "Something else is where it was to be made."),
    "index_format": Code(IndexFormatError, 2, 500, "It is no index, or of another version."),
    "index_corrupt": Code(IndexCorruptError, 2, 500, "A file is missing, cut short or changed."),
    "shard_missing": Code(IndexCorruptError, 2, 500, "A shard of a set is not there."),
    "shard_mismatch": Code(
        IndexCorruptError, 2, 500, "A shard is in another state than its set says."
    ),
    "plan_not_found": Code(IndexNotFoundError, 2, 404, "There is no plan of parts here."),
    "plan_outdated": Code(
        IndexWriteError, 2, 409, "The shard set was changed since the plan was made."
    ),
    "parts_missing": Code(IndexWriteError, 2, 409, "Parts of a plan are not encoded yet."),
    "part_not_found": Code(InputError, 2, 404, "A plan has no part of this number."),
    "index_unreadable": Code(IndexStoreError, 2, 500, "The system does not let it be read."),
    "index_not_written": Code(IndexWriteError, 2, 507, "The disk is full, or cannot be written."),
    "index_locked": Code(IndexLockedError, 2, 423, "Another process is writing to the index."),
    "index_is_remote": Code(
        ConfigError, 2, 400, "A URL is given where an index on this machine is needed."
    ),
    "remote_unavailable": Code(RemoteError, 2, 502, "An object store cannot be reached, or fails."),
    "remote_refused": Code(RemoteError, 2, 502, "An object store refuses these credentials."),
    "remote_not_found": Code(RemoteError, 2, 404, "There is no such bucket or container."),
    "remote_conflict": Code(
        RemoteError, 2, 409, "What is published does not come from what is here, or the reverse."
    ),
    "cache_full": Code(IndexWriteError, 2, 507, "The cache of published indexes has no room."),
    "request_invalid": Code(RequestRefusedError, 2, 400, "The request cannot be read."),
    "token_missing": Code(RequestRefusedError, 2, 401, "No token was given that is known."),
    "token_not_enough": Code(RequestRefusedError, 2, 403, "The token does not allow this."),
    "host_refused": Code(RequestRefusedError, 2, 421, "The server does not answer to this host."),
    "origin_refused": Code(RequestRefusedError, 2, 403, "A page of another origin asks."),
    "route_not_found": Code(RequestRefusedError, 2, 404, "There is no such address."),
    "method_not_allowed": Code(RequestRefusedError, 2, 405, "The address takes other methods."),
    "index_not_served": Code(RequestRefusedError, 2, 404, "No index of this name is served."),
    "job_not_found": Code(RequestRefusedError, 2, 404, "No job of this name was accepted."),
    "not_writable": Code(RequestRefusedError, 2, 403, "The server does not write."),
    "too_slow": Code(RequestRefusedError, 2, 408, "The request did not arrive in time."),
    "too_large": Code(RequestRefusedError, 2, 413, "The request, or its answer, is too large."),
    "too_many_requests": Code(RequestRefusedError, 2, 429, "The token asks too often."),
    "generation_changed": Code(
        RequestRefusedError, 2, 409, "The index is in another state than was asked for."
    ),
    "shards_differ": Code(
        RequestRefusedError,
        2,
        409,
        "Shards have different codecs, encoders or words, or the same documents.",
    ),
    "shard_unavailable": Code(
        RequestRefusedError, 2, 503, "A shard does not answer, and the answer needs it."
    ),
    "coordinator_unsupported": Code(
        RequestRefusedError, 2, 501, "Searching several shards as one, this is not done."
    ),
    "cancelled": Code(RequestRefusedError, 2, 499, "Nobody waits for the answer any more."),
    "overloaded": Code(RequestRefusedError, 2, 503, "Too many requests wait already."),
    "deadline_passed": Code(RequestRefusedError, 2, 504, "The answer was not ready in time."),
    "internal": Code(RequestRefusedError, 2, 500, "The server failed; its log says how."),
    "missing_extra": Code(MissingExtraError, 2, 501, "An optional dependency is not installed."),
    "missing_package": Code(
        MissingPackageError, 2, 501, "A package that no extra brings is missing, or does not fit."
    ),
    "kernel_unavailable": Code(
        KernelUnavailableError, 2, 501, "The machine or the build lacks an instruction set."
    ),
}
"""Every code, in the order in which a request meets them."""
