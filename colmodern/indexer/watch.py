"""How does an index follow its files while they change? Watch, wait for quiet, bring up to date.

Each update is one commit, as any other: searches that run meanwhile keep their snapshot, and an
interrupt leaves the index as the commit before left it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from colmodern.corpus import ScanOptions, resolved
from colmodern.errors import IndexLockedError, InputError, MissingExtraError
from colmodern.indexer.report import IndexReport
from colmodern.indexer.status import status
from colmodern.types import Progress

if TYPE_CHECKING:
    from watchfiles.main import FileChange

    from colmodern.indexer.indexer import Indexer

# Files are read once nothing has moved for so long, or so long after the first change.
QUIET_MS = 300
LONGEST_WAIT_MS = 3000
TICK_MS = 1000


def watch(
    indexer: Indexer,
    roots: Sequence[str | Path],
    options: ScanOptions | None = None,
    *,
    prune: bool = False,
    report: Callable[[IndexReport], None],
    problem: Callable[[str], None],
    stop: Event | None = None,
    progress: Progress | None = None,
) -> None:
    """Bring the index of an indexer up to date whenever files under ``roots`` change.

    Returns when ``stop`` is set; Ctrl-C raises KeyboardInterrupt. Changes that came since the last
    update are found first. While another process writes to the index, updates wait for it.

    Args:
        indexer: Its index exists.
        roots: Folders and files.
        options: How to read, as in ``Indexer.sync``.
        prune: As in ``Indexer.sync``; without it, an update that would delete much waits.
        report: Called after each update.
        problem: Called once with a sentence when another process holds the index, when files that
            are in the index cannot be read, and when an update would delete much.
        stop: Ends the watch when it is set.
        progress: Told how far an update is.

    Raises:
        MissingExtraError: watchfiles is not installed.
        InputError: A root does not exist any more.
    """
    own = resolved(indexer.path)
    # An editor saves a file by putting another in its place, which only its folder shows.
    places = {root if root.is_dir() else root.absolute().parent for root in map(Path, roots)}
    is_stale, said = True, ""
    for has_changed in _changes(places, lambda path: not path.is_relative_to(own), stop):
        is_stale = is_stale or has_changed
        if not is_stale:
            continue
        try:
            found = status(indexer.path, roots, options, prune=prune, encoder=indexer.encoder)
            if not found.is_current:
                report(indexer.sync(roots, options, prune=prune, progress=progress))
            is_stale, doubt = False, "\n".join(found.unread.lines() if found.is_current else ())
        except IndexLockedError as error:
            doubt = f"{error} Waiting for it."
        except InputError as error:
            if error.code != "many_deletions":
                raise
            is_stale, doubt = False, str(error)
        if doubt and doubt != said:
            problem(doubt)
        said = doubt


def _changes(
    places: Iterable[Path], is_watched: Callable[[Path], bool], stop: Event | None
) -> Iterator[bool]:
    """Yield each second, and after each change, whether there was one; first that there was.

    The system tells of the folders that there were in the beginning, wherever they are now. One
    that another took the place of is looked for each second.

    Raises:
        MissingExtraError: watchfiles is not installed.
    """
    try:
        from watchfiles import watch as file_changes
    except ImportError as error:
        raise MissingExtraError(purpose="Watching files", extra="watch") from error
    is_other, pause = True, Event() if stop is None else stop
    while not pause.is_set():
        known = _identities(places)
        if None in known:
            yield True  # whoever reads the files says what is missing, unless it waits for its turn
            pause.wait(TICK_MS / 1000)
            continue
        told = file_changes(
            *places,
            watch_filter=lambda _, path: is_watched(resolved(Path(path))),
            debounce=LONGEST_WAIT_MS,
            step=QUIET_MS,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=True,
        )
        with suppress(FileNotFoundError), closing(told):
            for changes in told:
                yield bool(changes) or is_other
                # The number of a folder that is removed may be that of the next one.
                is_other = _identities(places) != known or _has_lost(changes, places)
                if is_other:
                    break


def _has_lost(changes: Iterable[FileChange], places: Iterable[Path]) -> bool:
    """Say whether a folder that is watched was removed, whatever is there now."""
    from watchfiles import Change

    watched = {place.absolute() for place in places}
    return any(
        kind is Change.deleted and Path(path).absolute() in watched for kind, path in changes
    )


def _identities(places: Iterable[Path]) -> list[tuple[int, int] | None]:
    """Return what tells the folder at each place from others; None: there is none."""
    found: list[tuple[int, int] | None] = []
    for place in places:
        try:
            status = place.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_dev, status.st_ino))
    return found
