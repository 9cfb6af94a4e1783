"""Did a program write this text for another program?

Minified scripts and styles, lock files, source maps, base64, hex dumps and dumps of data cost much
and answer nothing. The doubt is the file's: what has sentences, letters beyond ASCII, or the form
of a table or a log is kept, and so is whatever is small.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["why_generated"]

KIB = 1024

# Small files cost little, and a few lines can be anything; a name says more than a line.
SMALLEST_NAMED, SMALLEST, SMALLEST_PROSE = 4 * KIB, 16 * KIB, 64 * KIB

# Of a large file only its two ends are looked at.
LARGEST_LOOK = 1024 * KIB

# A line is a machine's if it is this long and has next to no blanks, or longer still.
DENSE_LINE, LONG_LINE = 500, 5_000
DENSE_BLANKS = 0.08

# What a person may have put beside what a machine wrote: a licence, the names of some fields.
MOST_BESIDE, MOST_BESIDE_SHARE = 4 * KIB, 0.01

MOST_PROSE_SHARE = 0.10
MOST_PROSE_IN_PROSE = 1 * KIB
MOST_FOREIGN_SHARE = 0.15

DUMP_BYTES = 256 * KIB
DUMP_DIGITS = 0.4
DRAWING_DIGITS = 0.35
MOST_LABELS = 4

_LOCK_FILES = frozenset({
    "bun.lock", "cargo.lock", "composer.lock", "conda-lock.yml", "deno.lock", "flake.lock",
    "gemfile.lock", "go.sum", "go.work.sum", "gradle.lockfile", "mix.lock", "npm-shrinkwrap.json",
    "package-lock.json", "package.resolved", "packages.lock.json", "pdm.lock", "pipfile.lock",
    "pixi.lock", "pnpm-lock.yaml", "podfile.lock", "poetry.lock", "pubspec.lock", "uv.lock",
    "yarn.lock",
})  # fmt: skip

# Four words in a row, as sentences have and code has not; possessive, so that it is linear.
_PROSE = re.compile(rb"(?:[A-Za-z'\x80-\xff]{1,24}+[,.;:!?)]?+[ \n]){4,}+")
_CODED = re.compile(rb"[A-Za-z0-9+/=_\-]{48,}+\r?")
_HEX = re.compile(
    rb"[ \t]*+(?:(?:0x)?[0-9A-Fa-f]{4,16}+[:|]?+[ \t]++(?:[0-9A-Fa-f]{2,8}[ \t\-|]++){4,}+"
    rb"|[:S][0-9A-F]{10,}+\r?$"
    rb"|(?:0[xX][0-9A-Fa-f]{1,16}+[ \t]*+,?+[ \t\r]*+){4,}+)"
)
_SOURCE_MAP = re.compile(rb'"mappings"\s*+:\s*+"')
_MINIFIED_NAME = re.compile(r"[.\-_]min\.[a-z]{2,4}$")
_INSERT = re.compile(rb"(?:INSERT INTO|insert into|REPLACE INTO) ")
_TIME = re.compile(rb"[\[<(]?[0-9]{2,4}[\-/:.]")


def why_generated(data: bytes, name: str, *, is_prose: bool) -> str | None:
    """Return what kind of generated file this is; None if a person may have written it.

    Args:
        data: All bytes of the file, in UTF-8 or another encoding that holds ASCII.
        name: Its name, without folders.
        is_prose: Whether its kind is one of texts rather than of code: any sentences keep it.
    """
    if len(data) < (SMALLEST_PROSE if is_prose else SMALLEST_NAMED) or b"\0" in data[:KIB]:
        return None
    look = data if len(data) <= LARGEST_LOOK else _both_ends(data)
    # A statement of SQL begins with words, and is no sentence.
    n_prose = sum(len(match[0]) for match in _PROSE.finditer(look.replace(b"INSERT INTO ", b"")))
    n_foreign = len(look) - len(look.translate(None, bytes(range(128, 256))))
    if n_prose > MOST_PROSE_SHARE * len(look) or n_foreign > MOST_FOREIGN_SHARE * len(look):
        return None
    if is_prose and n_prose > MOST_PROSE_IN_PROSE:
        return None
    by_name = _by_name(look, name.lower())
    if by_name is not None or len(data) < SMALLEST:
        return by_name
    return _by_lines(look) or _by_kind(look, len(data))


def _both_ends(data: bytes) -> bytes:
    half = LARGEST_LOOK // 2
    return data[:half] + b"\n" + data[-half:]


def _by_name(look: bytes, name: str) -> str | None:
    if name in _LOCK_FILES:
        return "a lock file"
    if name.endswith(".map") and _SOURCE_MAP.search(look):
        return "a source map"
    if _MINIFIED_NAME.search(name) and len(look) > 200 * (look.count(b"\n") + 1):
        return "minified"
    return None


def _by_lines(look: bytes) -> str | None:
    lines = look.split(b"\n")
    long = [line for line in lines if _is_dense(line)]
    if long and not _is_table(long) and not _is_log(long):
        n_beside = len(look) - sum(map(len, long)) - len(long)
        if n_beside <= max(MOST_BESIDE, MOST_BESIDE_SHARE * len(look)):
            return "lines of thousands of characters"
    filled = [line for line in lines if line.strip()]
    most = 0.9 * sum(map(len, filled))
    if sum(len(line) for line in filled if _is_base64(line)) > most:
        return "base64"
    if sum(len(line) for line in filled if _HEX.match(line)) > most:
        return "a hex dump"
    return None


def _is_base64(line: bytes) -> bool:
    """Say whether a line is long, without blanks, and has digits and letters of both cases."""
    letters = line.translate(None, b"0123456789")
    is_mixed = len(letters) < len(line) and letters not in (letters.lower(), letters.upper())
    n_marks = sum(line.count(mark) for mark in (b"/", b"-", b"_"))  # paths and slugs have many
    return (
        _CODED.fullmatch(line) is not None
        and n_marks < 0.08 * len(line)
        and (is_mixed or _is_hex(line))
    )


def _is_hex(line: bytes) -> bool:
    return not line.strip().translate(None, b"0123456789abcdefABCDEF")


def _is_dense(line: bytes) -> bool:
    """Say whether a person reads no line like this."""
    if len(line) < DENSE_LINE:
        return False
    n_blanks = line.count(b" ") + line.count(b"\t")
    if n_blanks > 0.25 * len(line):
        return False
    return len(line) >= LONG_LINE or n_blanks < DENSE_BLANKS * len(line)


def _is_table(lines: Sequence[bytes]) -> bool:
    """Say whether lines have the same number of cells, and are no code."""
    n_code = sum(len(line) - len(line.translate(None, b"{}()")) for line in lines)
    if n_code > 0.02 * sum(map(len, lines)):
        return False
    for mark in (b"\t", b"|", b";", b","):
        (n_marks, n_lines), *_ = Counter(line.count(mark) for line in lines).most_common(1)
        if n_marks >= 4 and n_lines >= 3 and n_lines >= 0.8 * len(lines):
            return True
    return False


def _is_log(lines: Sequence[bytes]) -> bool:
    """Say whether lines are records: each begins with a time, or is an object of JSON."""
    n_times = sum(_TIME.match(line) is not None for line in lines)
    n_objects = sum(line.startswith(b"{") and line.rstrip().endswith(b"}") for line in lines)
    return len(lines) >= 3 and max(n_times, n_objects) >= 0.8 * len(lines)


def _by_kind(look: bytes, n_bytes: int) -> str | None:
    start = look[: 2 * KIB].lstrip()
    n_filled = max(1, len(look) - sum(look.count(blank) for blank in (b" ", b"\t", b"\n", b"\r")))
    n_digits = n_filled - len(look.translate(None, b"0123456789.-+eE \t\r\n"))
    if b"<svg" in start and look.count(b"<text") <= MOST_LABELS:
        return "a drawing" if n_digits > DRAWING_DIGITS * n_filled else None
    if n_bytes < DUMP_BYTES:
        return None
    if start[:1] in (b"{", b"[", b"<") and n_digits > DUMP_DIGITS * n_filled:
        return "a dump of data"
    lines = look.split(b"\n")
    n_inserted = sum(len(line) for line in lines if _INSERT.match(line))
    return "a dump of data" if n_inserted > 0.9 * len(look) else None
