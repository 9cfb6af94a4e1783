"""Is this path ignored? The rules of ``.gitignore`` and ``.colmodernignore``, folder by folder.

Rules hold from the root downwards; rules of a deeper folder win over those above it, and in one
folder ``.colmodernignore`` wins over ``.gitignore``. As in git, what lies in an ignored folder
cannot be taken back. Rules above the root, of ``.git/info/exclude`` and of the user's own git
configuration are not read: what is indexed depends on nothing but the folder itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

__all__ = ["IGNORE_FILES", "IgnoreRules", "compile_patterns", "read_rules"]

IGNORE_FILES = (".gitignore", ".colmodernignore")


def compile_patterns(lines: Iterable[str]) -> tuple[GitIgnoreSpec, list[int]]:
    """Return the rules of these lines and the numbers (from 1) of the lines that are none."""
    good: list[str] = []
    bad: list[int] = []
    for number, line in enumerate(lines, start=1):
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error):
            bad.append(number)
        else:
            good.append(line)
    spec = GitIgnoreSpec.from_lines(good)
    return GitIgnoreSpec([p for p in spec.patterns if p.include is not None]), bad


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one folder: its own and those of the folders above it.

    Attributes:
        layers: Pairs of a folder and its rules, the deepest last. A folder is written as its
            path below the root with a slash at its end; the root itself is ``""``.
    """

    layers: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def with_layer(self, folder: str, spec: GitIgnoreSpec) -> IgnoreRules:
        """Return these rules with those of a deeper folder on top."""
        return IgnoreRules((*self.layers, (folder, spec))) if spec else self

    def ignores(self, path: str) -> bool:
        """Say whether a path below the root is ignored; that of a folder ends in a slash."""
        for folder, spec in reversed(self.layers):
            verdict = spec.check_file(path.removeprefix(folder)).include
            if verdict is not None:
                return verdict
        return False


def read_rules(folder: Path) -> tuple[GitIgnoreSpec, list[str]]:
    """Return the rules written in one folder, and a sentence for each rule that is none.

    Raises:
        OSError: If a file of rules is there but cannot be read.
    """
    lines: list[str] = []
    complaints: list[str] = []
    for name in IGNORE_FILES:
        path = folder / name
        if not path.is_file():
            continue
        own_lines = os.fsdecode(path.read_bytes().removeprefix(b"\xef\xbb\xbf")).splitlines()
        _, bad = compile_patterns(own_lines)
        complaints += [f"{path}, line {n}: {own_lines[n - 1]!r} is no rule" for n in bad]
        lines += own_lines
    return compile_patterns(lines)[0], complaints
