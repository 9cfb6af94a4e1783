"""What may be said about which files become documents, and how rows are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from colmodern.corpus.labels import text_codec
from colmodern.corpus.patterns import compile_patterns
from colmodern.errors import ConfigError
from colmodern.options import Options, option

__all__ = ["ScanOptions"]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions(Options):
    """The options of :func:`~colmodern.corpus.scan` and :func:`~colmodern.corpus.extract`.

    Globs are patterns as in a ``.gitignore``, relative to each root: ``*.md`` matches at any
    depth, ``/drafts/`` only at the top.

    Raises:
        ConfigError: If a value is not allowed; the message names the option.
    """

    WHAT: ClassVar[str] = "option of a scan"

    id_field: str = option("_id", help="Rows: the field of the id.")
    title_field: str = option("title", help="Rows: the field of the title.")
    text_field: str = option("text", help="Rows: the field of the text.")
    delimiter: str = option(
        "", unset="by the header", help="Rows of CSV: what separates the fields, one character."
    )
    include: tuple[str, ...] = option((), help="Only files like this glob.")
    exclude: tuple[str, ...] = option((), help="No files like this glob.")
    hidden: bool = option(False, help="Also files that start with a dot.")
    follow_links: bool = option(False, help="Also links to files outside the folders.")
    ignore_files: bool = option(True, help="Whether .gitignore and .colmodernignore are obeyed.")
    text_suffixes: tuple[str, ...] = option(
        (), flag="--text-suffix", help="Files that end so are plain text, as in .tex."
    )
    generated: bool = option(
        False, help="Also what programs wrote: minified, base64, lock files, dumps."
    )
    encoding: tuple[str, ...] = option(
        (), help="What files are written in, as in '*.txt=cp1250', or cp1250 for all."
    )
    # A file of 64 MiB holds some ten million words: more than any document, less than memory.
    max_file_bytes: int = option(
        64 * MIB, minimum=1, help="The largest file that is read whole, and the largest row."
    )
    # Several times what the largest files of that size need. Files of text, which are read as they
    # are, need no such limits.
    max_file_memory: int = option(
        1024 * MIB, minimum=1, help="The bytes that a parser may take for a file."
    )
    max_file_seconds: float = option(
        300.0, minimum=0.001, maximum=1e9, help="The seconds of computing that it may take."
    )

    def check_together(self) -> None:
        """Refuse globs, suffixes, encodings and fields that mean nothing."""
        for name in ("include", "exclude"):
            _check_patterns(name, getattr(self, name))
        for suffix in self.text_suffixes:
            if not suffix.startswith(".") or len(suffix) < 2:
                raise ConfigError(
                    f"text_suffixes holds {suffix!r}: a suffix starts with a dot, as in '.tex'"
                )
        for rule in self.encoding:
            _check_encoding(rule)
        if len(self.delimiter) > 1 or self.delimiter in {'"', "\r", "\n"}:
            raise ConfigError(
                f"delimiter is {self.delimiter!r}: it must be one character, as in ';'"
            )
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
    if text_codec(label) is None:
        raise ConfigError(
            f"encoding names {label!r}, which is no encoding of text. "
            "Say for example 'cp1250', or '*.txt=iso-8859-2' for some files only."
        )


def _encoding_rule(rule: str) -> tuple[str, str]:
    glob, _, label = rule.rpartition("=")
    return glob or "*", label


def _check_patterns(name: str, patterns: tuple[str, ...]) -> None:
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
