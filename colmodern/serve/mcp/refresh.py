"""The tool ``refresh``: an index takes in what changed in its folders."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colmodern.errors import RequestRefusedError
from colmodern.indexer import Indexer, IndexReport
from colmodern.indexer.scans import scans_of
from colmodern.searcher.checks import check_encoder
from colmodern.serve.config import ServeConfig
from colmodern.serve.mcp.answer import Sheet, ToolAnswer, named, on_a_line, plain
from colmodern.serve.mcp.desk import Caller, Desk
from colmodern.serve.mcp.search import index_schema
from colmodern.serve.served import Library, ServedIndex
from colmodern.serve.stopwatch import Stopwatch
from colmodern.storage import open_reader
from colmodern.types import Progress

_SECONDS_BETWEEN = 0.5


def refresh_schema(_limits: ServeConfig) -> dict[str, Any]:
    """Return the JSON Schema of the arguments."""
    return {
        "type": "object",
        "properties": {"index": index_schema()},
        "additionalProperties": False,
    }


async def refresh(desk: Desk, arguments: Mapping[str, Any], caller: Caller) -> ToolAnswer:
    """Bring an index up to date, and answer what changed."""
    loop = asyncio.get_running_loop()

    def work(library: Library, watch: Stopwatch, _threads: int) -> ToolAnswer:
        index = library.named(arguments["index"])
        progress = _Telling(watch, caller, loop)
        values = plain({"index": index.name, **bring_up_to_date(index, progress)})
        return ToolAnswer(refresh_text(values, desk.config.budget), values)

    return await desk.run(caller, work, is_change=True)


def bring_up_to_date(index: ServedIndex, progress: Progress) -> dict[str, Any]:
    """Do what ``colmodern index`` does for each folder of an index, and return what that was.

    Raises:
        ColModernError: As ``Indexer.sync``; folders before the one that fails are done. Or the
            index was made anew with another encoder, which is not undone by the one in hand.
    """
    index.refresh()
    encoder = index.encoder.encoder  # once: another thread may refresh it to another one
    indexer = Indexer(index.path, encoder)
    with open_reader(index.path) as newest:
        check_encoder(newest, encoder)
    with index.use() as snapshot:
        scans = scans_of(snapshot.reader.manifest.config, snapshot.reader.sources())
    if not scans:
        raise RequestRefusedError(
            f"The index {index.name} was made by a program, not of files, so that there is nothing "
            "to take in.",
            code="request_invalid",
            option="index",
        )
    there = {root: options for root, options in scans.items() if Path(root).exists()}
    reports = {root: indexer.sync([root], how, progress=progress) for root, how in there.items()}
    index.refresh()
    return {
        "generation": index.generation,
        "missing_roots": [root for root in scans if root not in there],
        "roots": [_told(root, report) for root, report in reports.items()],
    }


def _told(root: str, report: IndexReport) -> dict[str, Any]:
    unread = [str(one) for one in report.unread.examples]
    return {"root": root, **report.to_dict(), "unread": unread}


class _Telling:
    """Tells the caller now and then how far a change is; ends it when nobody wants it."""

    def __init__(self, watch: Stopwatch, caller: Caller, loop: asyncio.AbstractEventLoop) -> None:
        self._watch = watch
        self._caller = caller
        self._loop = loop
        self._next = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note that ``done`` of ``total`` are done."""
        self._watch("refresh")
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SECONDS_BETWEEN
        told = self._caller.progress(float(done), float(total) if total else None, stage)
        asyncio.run_coroutine_threadsafe(_awaited(told), self._loop)


async def _awaited(told: Any) -> None:
    await told


def refresh_text(values: Mapping[str, Any], budget: int) -> str:
    """Return what changed as a text of at most ``budget`` characters."""
    sheet = Sheet(budget)
    sheet.add(f"index {on_a_line(values['index'])} is at generation {values['generation']}")
    for root in values["missing_roots"]:
        sheet.add(f"{named(root)} is gone; its documents stay")
    for one in values["roots"]:
        counts = ("added", "updated", "deleted", "unchanged", "kept")
        line = ", ".join(f"{one[name]:,} {name}" for name in counts)
        skipped = ", ".join(f"{n:,} {why}" for why, n in one["skipped"].items())
        left_out = f"; left out: {skipped}" if skipped else ""
        sheet.add(f"{named(one['root'])}: {line}{left_out}")
        for unread in one["unread"]:
            sheet.add(f"not read, so its documents stay: {named(unread)}")
    return sheet.close()
