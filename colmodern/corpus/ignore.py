"""Is this path ignored? The rules of ``.gitignore`` and ``.colmodernignore``, folder by folder.

Rules hold from the root downwards; rules of a deeper folder win over those above it, and in one
folder ``.colmodernignore`` wins over ``.gitignore``. As in git, what lies in an ignored folder
cannot be taken back. Rules above the root, of ``.git/info/exclude`` and of the user's own git
configuration are not read: what is indexed depends on nothing but the folder itself.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from colmodern.corpus.patterns import Patterns, compile_patterns

__all__ = ["IGNORE_FILES", "IgnoreRules", "read_patterns"]

IGNORE_FILES = (".gitignore", ".colmodernignore")


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one folder: its own and those of the folders above it.

    Attributes:
        layers: Pairs of a folder and its patterns, the deepest last. A folder is written as its
            path below the root with a slash at its end; the root itself is ``""``.
    """

    layers: tuple[tuple[str, Patterns], ...] = ()

    def with_layer(self, folder: str, patterns: Patterns) -> IgnoreRules:
        """Return these rules with those of a deeper folder on top."""
        return IgnoreRules((*self.layers, (folder, patterns))) if patterns else self

    def ignores(self, path: str) -> bool:
        """Say whether a path below the root is ignored; that of a folder ends in a slash."""
        for folder, patterns in reversed(self.layers):
            verdict = patterns.verdict(path.removeprefix(folder))
            if verdict is not None:
                return verdict
        return False


def read_patterns(folder: Path) -> tuple[Patterns, list[str]]:
    """Return the patterns written in one folder, and a clause for all that is passed over.

    Raises:
        OSError: If a file of patterns is there but cannot be read.
    """
    lines: list[str] = []
    complaints: list[str] = []
    for name in IGNORE_FILES:
        path = folder / name
        if not os.path.lexists(path):
            continue
        if not stat.S_ISREG(path.stat().st_mode):
            complaints.append(f"{path} is no file; its rules are passed over")
            continue
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
        if b"\0" in data:
            raise OSError(errno.EINVAL, f"{name} is no text in UTF-8")
        own_lines = os.fsdecode(data).split("\n")
        _, wrong = compile_patterns(own_lines)
        complaints += [
            f"{path}, line {n}: {own_lines[n - 1]!r} is no pattern; the line is passed over"
            for n in wrong
        ]
        lines += own_lines
    return compile_patterns(lines)[0], complaints
