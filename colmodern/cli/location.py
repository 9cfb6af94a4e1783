"""Where is the index? Beside what it indexes; found again from below, or as the last one used."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import overload

from colmodern.cli.printing.terminal import note
from colmodern.errors import ConfigError, IndexCorruptError, IndexNotFoundError
from colmodern.home import own_folder
from colmodern.storage import exists
from colmodern.storage.directory.urls import url_of

logger = logging.getLogger(__name__)

INSIDE = ".colmodern"
BESIDE = ".colmodern"


def default_location(roots: Sequence[Path]) -> Path:
    """Return where the index of some roots goes if the user does not say.

    A folder's index is the folder ``.colmodern`` inside it; a file's is ``NAME.colmodern`` beside
    it; that of several roots belongs to the first.
    """
    first = roots[0].absolute()
    if first.is_dir():
        return first / INSIDE
    return first.with_name(first.name + BESIDE)


def find_index(start: Path) -> Path:
    """Return the nearest index: in ``start`` or a folder above it, else the last one used.

    The last one used is said on standard error. What has lost its manifest is an index still: it is
    told as damaged, and another does not take its place.

    Raises:
        IndexNotFoundError: There is none.
    """
    start = start.absolute()
    return find_nearest(start) or _last_used(start)


def locate(index: Path | None) -> Path:
    """Return the index to work on: the one that is named, which is remembered, or the nearest.

    A URL is returned as it is, and not remembered; what changes an index refuses it.

    Raises:
        IndexNotFoundError: None is named, and there is none.
    """
    if index is None:
        return find_index(Path.cwd())
    index = named(index)
    if url_of(index) is None and exists(index):
        remember(index)
    return index


@overload
def named(index: Path) -> Path: ...
@overload
def named(index: None) -> None: ...
def named(index: Path | None) -> Path | None:
    """Return the index that is meant by a folder: itself, or the one inside it; a URL is itself."""
    if index is None or url_of(index) is not None or exists(index):
        return index
    inside = index / INSIDE
    return inside if _is_or_was(inside) else index


def named_indexes(
    paths: Sequence[Path], names: Sequence[str], *, find: Callable[[Path], Path] = named
) -> dict[str, Path]:
    """Return the indexes that are asked for, by name; the nearest one where none is.

    Args:
        paths: Indexes, or folders; each has the name of its folder.
        names: ``NAME=PATH``.
        find: Returns the index that is meant by a folder.

    Raises:
        ConfigError: Two have the same name, or a name has no path.
    """
    asked = [(_name_of(path), path) for path in paths]
    for one in names:
        name, is_given, folder = one.partition("=")
        if not (name and is_given and folder):
            message = f"--name must be NAME=PATH, not {one!r}."
            raise ConfigError(message, code="option_invalid", option="--name", value=one)
        asked.append((name, Path(folder)))
    if not asked:
        nearest = locate(None)
        return {_name_of(nearest): nearest}
    found: dict[str, Path] = {}
    for name, path in asked:
        if name in found:
            raise ConfigError(
                f"Two indexes have the name {name!r}; give one another: --name NAME=PATH.",
                code="option_conflict",
                option="--name",
                value=name,
            )
        found[name] = find(path)
    return found


def _name_of(path: Path) -> str:
    """Return what an index is called: as its folder of documents, without a suffix of ours."""
    whole = path.absolute()
    name = whole.parent.name if whole.name == ".colmodern" else whole.name
    return name.removesuffix(".colmodern") or "index"


def remember(index: Path) -> None:
    """Keep ``index`` as the last one used."""
    file = _state_file()
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"index": str(index.absolute())}), encoding="utf-8")
    except OSError as err:
        logger.info("could not remember the last index in %s: %s", file, err)


def find_nearest(start: Path) -> Path | None:
    """Return the index in an absolute folder or in the nearest one above it, or None."""
    for folder in (start, *start.parents):
        found = _index_in(folder)
        if found is not None:
            return found
    return None


def _index_in(folder: Path) -> Path | None:
    inside = folder / INSIDE
    if _is_or_was(inside):
        return inside
    beside = [path for path in sorted(folder.glob("*" + BESIDE)) if _is_or_was(path)]
    return beside[0] if len(beside) == 1 else None


def _is_or_was(path: Path) -> bool:
    """Return whether an index lies at a path, or what is left of one that lost its manifest."""
    if exists(path):
        return True
    if not path.is_dir():
        return False
    from colmodern.storage.directory import as_directory
    from colmodern.storage.snapshot.files import check_not_lost

    try:
        check_not_lost(as_directory(path))
    except IndexCorruptError:
        return True
    return False


def _last_used(here: Path) -> Path:
    """Return the last index used, and say that it is that.

    Raises:
        IndexNotFoundError: None was, or it is gone.
    """
    file = _state_file()
    last: Path | None = None
    if file is not None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            last = Path(json.loads(file.read_text(encoding="utf-8"))["index"])
    if last is None or not _is_or_was(last):
        raise IndexNotFoundError(
            f"No index was found in {here} or above it. Make one with: colmodern index FOLDER, or "
            "name one with --index.",
            path=here,
        )
    note(f"index: {last}, the one used last")
    return last


def _state_file() -> Path | None:
    """Return where the last index is kept; None if there is no home to keep it in."""
    folder = own_folder("state")
    return None if folder is None else folder / "last-index.json"
