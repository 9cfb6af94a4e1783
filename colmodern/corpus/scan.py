"""Which files stand under these roots, in a stable order, and which are left out and why?

Nothing is opened here except the files of ignore rules, and those whose names promise no format:
their first bytes say whether they are text. What is inside a file is for
:mod:`colmodern.corpus.extraction` to find out.

Links: a link to a folder is not followed, so that no loop can arise. A link to a file below a root
is read as the file it leads to, under its own name, unless that file is in the scan anyway; one to
a file elsewhere only if the options say so, for nobody asked for that file. Roots may be links.
"""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from colmodern.corpus.decoding import NotTextError
from colmodern.corpus.formats import BY_NAME, NEVER_TEXT, FileFormat, format_of
from colmodern.corpus.ignore import IgnoreRules, read_patterns
from colmodern.corpus.options import ScanOptions
from colmodern.corpus.patterns import Patterns, compile_patterns
from colmodern.corpus.proof import first_bytes, promised_by
from colmodern.corpus.sources import Scan, Skipped, SkipReason, Source, printable
from colmodern.errors import InputError

__all__ = ["JOBS_SUFFIX", "is_gone", "named_root", "resolved", "scan"]

logger = logging.getLogger(__name__)

INDEX_SUFFIX = ".colmodern"
JOBS_SUFFIX = ".jobs"
"""Behind the name of an index: what a server keeps beside it to write, documents among it."""
_OF_INDEX = (INDEX_SUFFIX, INDEX_SUFFIX + JOBS_SUFFIX)

# The coarsest time stamps in use are those of FAT, two seconds apart.
SETTLING_NS = 2_000_000_000


def scan(roots: Sequence[Path], options: ScanOptions | None = None) -> Scan:
    """Return the files under these roots that can be read, and what was left out.

    A root may be a folder or a file. A root is taken whatever its name: hidden names, ignore
    files and globs only concern what lies below it.

    Raises:
        InputError: If a root does not exist, cannot be read, is an index, or is neither a folder
            nor a file.
    """
    options = options if options is not None else ScanOptions()
    named = tuple(_checked_root(root) for root in roots)
    sources: list[Source] = []
    skipped: list[Skipped] = []
    for root in named:
        walk = _Walk(root, options, roots=named, now_ns=time.time_ns())
        sources += walk.run()
        skipped += walk.skipped
    sources, duplicates = _without_duplicates(sources)
    return Scan(named, tuple(sources), tuple(skipped + duplicates))


def named_root(root: Path) -> Path:
    """Return a root as an absolute path, by the name that it was given.

    Links in it stay: where one is pointed elsewhere each night, the root is the same, and what
    lies below it has changed.
    """
    return resolved(root) if ".." in root.parts else root.absolute()


def resolved(path: Path) -> Path:
    """Return what a path leads to, without links; one that leads to itself stays as it is."""
    return Path(os.path.realpath(path))


def is_gone(root: Path) -> bool:
    """Say whether there is nothing at a path; of one that cannot be looked at nobody knows."""
    try:
        root.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _checked_root(root: Path) -> Path:
    root = Path(root)
    try:
        mode = root.stat().st_mode
        named = named_root(root)
        if stat.S_ISDIR(mode):
            os.scandir(named).close()
    except FileNotFoundError as error:
        raise InputError(f"There is no file or folder {printable(root)}.") from error
    except OSError as error:
        raise InputError(f"{printable(root)} cannot be read: {_reason(error)}.") from error
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise InputError(
            f"{printable(root)} is neither a folder nor a file. Save what it gives to a file "
            "and index that."
        )
    if stat.S_ISDIR(mode) and resolved(root).name.endswith(_OF_INDEX):
        raise InputError(
            f"{printable(root)} is an index of colmodern. Give the folder of your documents."
        )
    return named


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


@dataclass(slots=True)
class _Walk:
    """One root on its way to a list of sources."""

    root: Path
    options: ScanOptions
    roots: Sequence[Path]
    now_ns: int
    skipped: list[Skipped] = field(default_factory=list)
    include: Patterns = field(init=False)
    exclude: Patterns = field(init=False)

    def __post_init__(self) -> None:
        self.include = compile_patterns(self.options.include)[0]
        self.exclude = compile_patterns(self.options.exclude)[0]

    def run(self) -> Iterator[Source]:
        """Yield the sources of the root in the order of their names."""
        if self.root.is_file():
            source = self._source(self.root, self.root.name)
            if source is not None:
                yield source
            return
        # A stack of our own: folders may be nested deeper than Python likes to recurse.
        stack: list[tuple[str, bool, IgnoreRules]] = [("", True, IgnoreRules())]
        while stack:
            key, is_folder, rules = stack.pop()
            if not is_folder:
                source = self._source(self.root / key, key)
                if source is not None:
                    yield source
                continue
            own_rules = self._rules_in(key, rules)
            if own_rules is None:
                continue
            children = self._children(key, own_rules)
            stack += [(child, is_dir, own_rules) for child, is_dir in reversed(children)]

    def _rules_in(self, folder: str, rules: IgnoreRules) -> IgnoreRules | None:
        """Return the rules that hold in a folder; None if they are there but cannot be read."""
        if not self.options.ignore_files:
            return rules
        try:
            patterns, complaints = read_patterns(self.root / folder)
        except OSError as error:
            # To go on without the rules might index what was to be kept out.
            self._skip(self.root / folder, SkipReason.UNREADABLE, f"ignore rules: {_reason(error)}")
            return None
        for complaint in complaints:
            logger.warning("%s", complaint)
        return rules.with_layer(folder, patterns)

    def _children(self, folder: str, rules: IgnoreRules) -> list[tuple[str, bool]]:
        """Return what is kept of a folder: keys (those of folders end in a slash), sorted."""
        try:
            with os.scandir(self.root / folder) as entries:
                children = sorted((e.name, e.is_dir(follow_symlinks=False)) for e in entries)
        except OSError as error:
            self._skip(self.root / folder, SkipReason.UNREADABLE, _reason(error))
            return []
        kept = []
        for name, is_folder in children:
            key = folder + name + ("/" if is_folder else "")
            reason = self._reason_to_skip(name, key, rules, is_folder=is_folder)
            if reason is None:
                kept.append((key, is_folder))
            else:
                self._skip(self.root / key, reason)
        return kept

    def _reason_to_skip(
        self, name: str, key: str, rules: IgnoreRules, *, is_folder: bool
    ) -> SkipReason | None:
        if is_folder and name.endswith(_OF_INDEX):
            return SkipReason.INDEX
        if name.startswith(".") and not self.options.hidden:
            return SkipReason.HIDDEN
        if rules.ignores(key):
            return SkipReason.IGNORED
        if self.exclude.verdict(key):
            return SkipReason.EXCLUDED
        if not is_folder and self.include and not self.include.match_below(key):
            return SkipReason.EXCLUDED
        return None

    def _source(self, path: Path, key: str) -> Source | None:
        """Return the source of a file, unless its kind, name or size speaks against it."""
        try:
            status = path.stat()
        except OSError as error:
            self._skip(path, SkipReason.UNREADABLE, _reason(error))
            return None
        if self._is_file(path, status):
            return self._source_of_file(path, key, status)
        return None

    def _is_file(self, path: Path, status: os.stat_result) -> bool:
        """Say whether a name leads to a file that may be looked into."""
        if stat.S_ISDIR(status.st_mode):
            self._skip(path, SkipReason.LINKED_FOLDER)
        elif not stat.S_ISREG(status.st_mode):
            self._skip(path, SkipReason.UNSUPPORTED, "neither a file nor a folder")
        elif self._is_outside(path):
            self._skip(path, SkipReason.LINKED_OUTSIDE, "--follow-links takes it")
        elif status.st_size == 0:
            self._skip(path, SkipReason.EMPTY, "no bytes")
        else:
            return True
        return False

    def _source_of_file(self, path: Path, key: str, status: os.stat_result) -> Source | None:
        by_name = format_of(path, self.options.text_suffixes)
        form = by_name if by_name is not None else self._format_by_content(path)
        limit = self.options.max_file_bytes
        if form is None:
            return None
        if status.st_size > limit and not form.is_rows:
            detail = f"{status.st_size:,} bytes; the limit is {limit:,}"
            self._skip(path, SkipReason.TOO_LARGE, detail)
            return None
        return Source(
            path,
            self.root,
            normalize("NFC", printable(key)),
            status.st_size,
            status.st_mtime_ns,
            form,
            is_settled=status.st_mtime_ns < self.now_ns - SETTLING_NS,
            is_proven=by_name is None,
        )

    def _format_by_content(self, path: Path) -> FileFormat | None:
        """Return the format that the first bytes of a file promise, if any does."""
        if path.suffix.lower() in NEVER_TEXT:
            self._skip(path, SkipReason.UNSUPPORTED, f"no extractor for {path.suffix}")
            return None
        try:
            return BY_NAME[promised_by(first_bytes(path))]
        except OSError as error:
            self._skip(path, SkipReason.UNREADABLE, _reason(error))
        except NotTextError as error:
            self._skip(path, SkipReason.BINARY, str(error))
        return None

    def _is_outside(self, path: Path) -> bool:
        """Say whether a file is a link out of all roots, which the options do not follow."""
        if self.options.follow_links or path == self.root or not path.is_symlink():
            return False
        target = resolved(path)
        return not any(target.is_relative_to(resolved(root)) for root in self.roots)

    def _skip(self, path: Path, reason: SkipReason, detail: str = "") -> None:
        self.skipped.append(Skipped(path, reason, detail))


def _without_duplicates(sources: Sequence[Source]) -> tuple[list[Source], list[Skipped]]:
    """Keep each file once: under its own name rather than a link's, else where it came first."""
    roots = {root: resolved(root) for root in {source.root for source in sources}}
    targets = [_target(source, roots[source.root]) for source in sources]
    own_names = {target for target, is_link in targets if not is_link}
    seen: set[Path] = set()
    kept: list[Source] = []
    duplicates: list[Skipped] = []
    for source, (target, is_link) in zip(sources, targets, strict=True):
        if target in seen or (is_link and target in own_names):
            detail = f"the same file as {printable(target)}"
            duplicates.append(Skipped(source.path, SkipReason.DUPLICATE, detail))
        else:
            seen.add(target)
            kept.append(source)
    return kept, duplicates


def _target(source: Source, root: Path) -> tuple[Path, bool]:
    """Return the file that a source is, and whether it is a link to it; ``root`` is resolved."""
    if source.path.is_symlink():
        return resolved(source.path), True
    return root / source.path.relative_to(source.root), False
