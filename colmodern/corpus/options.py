"""What may be said about which files become documents, and how rows are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from colmodern.corpus.patterns import compile_patterns
from colmodern.errors import ConfigError

__all__ = ["ScanOptions"]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """The options of :func:`~colmodern.corpus.scan` and :func:`~colmodern.corpus.extract`.

    Globs are patterns as in a ``.gitignore``, relative to each root: ``*.md`` matches at any
    depth, ``/drafts/`` only at the top.

    Attributes:
        include: If any are given, only files that match one of them are taken.
        exclude: Files and folders that are left out.
        hidden: Whether names that start with a dot are taken.
        follow_links: Whether a link to a file outside the roots is read as that file.
        ignore_files: Whether ``.gitignore`` and ``.colmodernignore`` are obeyed.
        max_file_bytes: The largest file that is read whole, and the largest row of a row file.
            Row files themselves may have any size, since they are streamed.
        max_file_memory: The bytes that reading a file (a row of a row file) may take, where a
            parser reads it. Files of text, which are read as they are, need no such limit.
        max_file_seconds: The seconds of computing that it may take.
        text_suffixes: Further suffixes to be read as plain text, such as ``".tex"``.
        encoding: What files are written in, as ``"*.txt=cp1250"``, or ``"cp1250"`` for every one
            without a byte order mark; the last that matches a file decides.
        id_field: The field of a row that names its document.
        title_field: The field of a row that holds its title.
        text_field: The field of a row that holds its text.

    Raises:
        ConfigError: If a value is not allowed; the message names the option.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    follow_links: bool = False
    ignore_files: bool = True
    # A file of 64 MiB holds some ten million words: more than any document, less than memory.
    max_file_bytes: int = 64 * MIB
    # Several times what the largest files of that size need.
    max_file_memory: int = 1024 * MIB
    max_file_seconds: float = 300.0
    text_suffixes: tuple[str, ...] = ()
    encoding: tuple[str, ...] = ()
    id_field: str = "_id"
    title_field: str = "title"
    text_field: str = "text"

    def __post_init__(self) -> None:
        """Check every option."""
        for name in ("include", "exclude"):
            _check_patterns(name, getattr(self, name))
        _check_is_tuple("text_suffixes", self.text_suffixes)
        for suffix in self.text_suffixes:
            if not suffix.startswith(".") or len(suffix) < 2:
                raise ConfigError(
                    f"text_suffixes holds {suffix!r}: a suffix starts with a dot, as in '.tex'"
                )
        if self.max_file_bytes < 1:
            raise ConfigError(
                f"max_file_bytes is {self.max_file_bytes!r}: it must be a number of bytes above 0"
            )
        if self.max_file_memory < 1 or not 0 < self.max_file_seconds < 1e9:
            raise ConfigError("max_file_memory and max_file_seconds must be numbers above 0")
        _check_is_tuple("encoding", self.encoding)
        for rule in self.encoding:
            _check_encoding(rule)
        _check_fields(id=self.id_field, title=self.title_field, text=self.text_field)

    def encoding_of(self, key: str) -> str | None:
        """Return the encoding that a file is said to have, by its path below its root."""
        for rule in reversed(self.encoding):
            glob, label = _encoding_rule(rule)
            if compile_patterns([glob])[0].match_below(key):
                return label
        return None


def _check_encoding(rule: str) -> None:
    glob, label = _encoding_rule(rule)
    _check_patterns("encoding", (glob,))
    try:
        b"".decode(label)
    except (LookupError, ValueError):
        raise ConfigError(
            f"encoding names {label!r}, which is no encoding. "
            "Say for example 'cp1250', or '*.txt=iso-8859-2' for some files only."
        ) from None


def _encoding_rule(rule: str) -> tuple[str, str]:
    glob, _, label = rule.rpartition("=")
    return glob or "*", label


def _check_is_tuple(name: str, values: Sequence[str]) -> None:
    # A single text is a sequence of texts too: one for each letter.
    if isinstance(values, str):
        raise ConfigError(f"{name} is {values!r}: it must be a tuple, as in ({values!r},)")


def _check_patterns(name: str, patterns: Sequence[str]) -> None:
    _check_is_tuple(name, patterns)
    for pattern in patterns:
        compiled, wrong = compile_patterns([pattern])
        if wrong or not compiled:
            raise ConfigError(
                f"{name} holds {pattern!r}, which is no pattern. "
                "Patterns are written as in a .gitignore, for example '*.md' or 'drafts/'."
            )


def _check_fields(**fields: str) -> None:
    for kind, field in fields.items():
        if not field:
            raise ConfigError(f"{kind}_field is empty: it must be the name of a field")
    if len(set(fields.values())) < len(fields):
        raise ConfigError(
            "id_field, title_field and text_field must be three different fields, not "
            + ", ".join(repr(field) for field in fields.values())
        )
