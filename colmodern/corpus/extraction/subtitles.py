"""Subtitles (SubRip, WebVTT): what is said, a cue a line, and when."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from colmodern.corpus.extraction.parsed import Parsed
from colmodern.corpus.extraction.spelled import spelled
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.sources import Source
from colmodern.types import MetadataValue

__all__ = ["parse_subtitles"]

_TIME = r"(?:(?P<{0}h>\d{{1,3}}):)?(?P<{0}m>\d{{1,2}}):(?P<{0}s>\d{{1,2}})(?:[.,]\d{{1,9}})?"
_TIMING = re.compile(
    r"[ \t]*" + _TIME.format("a") + r"[ \t]{0,9}-->[ \t]{0,9}" + _TIME.format("b") + r"(?![\d:])"
)
_TAG = re.compile(r"<(?:v(?:\.[^<> \t]*)?[ \t](?P<voice>[^<>]*)|/?[a-zA-Z0-9.:][^<>]*)>")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")
# After so many seconds without a word something else begins.
_PAUSE = 5


class _Cue(NamedTuple):
    start: int
    end: int
    lines: list[str]


def parse_subtitles(data: bytes, source: Source, options: ScanOptions) -> Parsed:
    """Return what subtitles say, a cue a line, a blank line after a pause of five seconds.

    The metadata have ``time_starts``: pairs of an offset and the second at which it is shown. A
    file without times is returned as it is.
    """
    text, notes = spelled(data, source, options)
    cues = list(_cues(text))
    if not cues:
        return Parsed(text, notes=notes)
    parts: list[str] = []
    starts: list[tuple[int, int]] = []
    length, before = 0, _Cue(0, 0, [])
    for cue in cues:
        # Captions that roll show a line again, until it is out of sight.
        lines = [line for line in cue.lines if line not in before.lines[-2:]]
        shown = _shown(lines)
        if shown:
            mark = "" if not parts else "\n\n" if cue.start - before.end >= _PAUSE else "\n"
            starts.append((length + len(mark), cue.start))
            parts.append(mark + shown)
            length += len(mark) + len(shown)
        before = cue
    times = json.dumps(starts, separators=(",", ":"))
    metadata: dict[str, MetadataValue] = {"time_starts": times}
    return Parsed("".join(parts), "", metadata, notes)


def _cues(text: str) -> Iterator[_Cue]:
    """Yield the cues of a file; what stands before the first, and comments, are none."""
    cue: _Cue | None = None
    for raw in text.split("\n"):
        line = raw.strip()
        if match := _TIMING.match(line):
            if cue is not None:
                yield _without_number(cue)
            cue = _Cue(_seconds(match, "a"), _seconds(match, "b"), [])
        elif not line and cue is not None:
            yield cue
            cue = None
        elif line and cue is not None:
            cue.lines.append(_words(line))
    if cue is not None:
        yield cue


def _without_number(cue: _Cue) -> _Cue:
    """Return a cue without the number of the next one, where no blank line stands between."""
    is_number = len(cue.lines) > 1 and cue.lines[-1].isdecimal()
    return cue._replace(lines=cue.lines[:-1]) if is_number else cue


def _seconds(match: re.Match[str], which: str) -> int:
    hours, minutes, seconds = (int(match[f"{which}{unit}"] or 0) for unit in "hms")
    return 3600 * hours + 60 * minutes + seconds


def _words(line: str) -> str:
    """Return a line without marks of its look; who speaks stands before it."""
    bare = _OVERRIDE.sub("", line)
    bare = _TAG.sub(lambda match: f"{match['voice']}: " if match["voice"] else "", bare)
    return " ".join(unescape(bare).split())


def _shown(lines: list[str]) -> str:
    """Join the lines of a cue; those of two people, each after a dash, stay lines."""
    is_dialogue = sum(line.startswith(("-", "\u2013", "\u2014")) for line in lines) > 1
    return ("\n" if is_dialogue else " ").join(filter(None, lines))
