"""With which writer does a change begin: a fresh one, or one that goes on where another stopped?

A change that was killed leaves finished parts. They are taken over if they belong to the same
encoder and options, and most of their documents are still wanted as they were.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colmodern.codec import Codec
from colmodern.indexer.plan import PART_TOKENS, outgrown
from colmodern.indexer.report import IndexReport
from colmodern.indexer.scans import KEY as SCANS
from colmodern.indexer.sink import SegmentSink
from colmodern.indexer.spool import Spool
from colmodern.request import IndexConfig
from colmodern.storage import (
    EncoderInfo,
    IndexWriter,
    LocalDirectory,
    LockedIndex,
    TrainingRecord,
)
from colmodern.types import Progress

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Change:
    """What one change of an index works with.

    Attributes:
        path: The folder of the index.
        locked: Its lock and what is there; a writer takes it over.
        spool: Documents that must be encoded.
        report: What is done.
        progress: Told how far it is.
    """

    path: Path
    locked: LockedIndex
    spool: Spool
    report: IndexReport
    progress: Progress | None


@dataclass(slots=True)
class Begun:
    """A writer, and what it has already.

    Attributes:
        writer: To be closed by whoever gets it.
        done: Ids of documents that an earlier attempt wrote, which need not be written again.
        config: How the index is built.
    """

    writer: IndexWriter
    done: set[str]
    config: IndexConfig

    def sink(self) -> SegmentSink:
        """Return where documents go."""
        part_tokens = min(PART_TOKENS, self.config.segment_tokens)
        return SegmentSink(self.writer, segment_tokens=part_tokens)

    def commit(self) -> None:
        """Merge the parts and make the change visible."""
        self.writer.merge_parts(max_tokens=self.config.segment_tokens)
        self.writer.commit()


def resume_new(
    change: Change,
    encoder: EncoderInfo,
    config: IndexConfig,
    wanted: Callable[[], Mapping[str, str]],
    *,
    n_tokens: int,
) -> Begun | None:
    """Go on with an index that was being made, or return None if nothing of it is of use.

    Args:
        change: The change.
        encoder: The encoder of the index.
        config: How it is to be built.
        wanted: Gives the content hash of each document that it shall have, by id.
        n_tokens: About how many tokens it will have.
    """
    pending = change.locked.pending()
    if (
        pending is None
        or not pending.is_new
        or pending.encoder != encoder
        or config_of(pending.config) != config
        or outgrown(TrainingRecord.of(pending.config).n_tokens, n_tokens)
    ):
        return None
    begun = _resumed(change, wanted)
    if 2 * len(begun.done) < pending.n_documents:  # its codec was trained on other documents
        begun.writer.close()
        change.report.continued = 0
        change.locked = LockedIndex(LocalDirectory(change.path))
        return None
    return begun


def begin_new(
    change: Change,
    encoder: EncoderInfo,
    config: IndexConfig,
    codec: Codec,
    training: TrainingRecord,
) -> Begun:
    """Begin an index; one that is there already is replaced by the commit."""
    writer = IndexWriter.create(
        change.path,
        codec,
        encoder=encoder,
        config={**config.to_dict(), **training.to_dict()},
        replace=True,
        resumable=True,
        locked=change.locked,
    )
    return Begun(writer, set(), config)


def begin_more(change: Change, wanted: Callable[[], Mapping[str, str]]) -> Begun:
    """Begin to change an index, or go on with a change that was killed.

    Args:
        change: The change.
        wanted: Gives the content hash of each document that is to be added, by id.
    """
    pending = change.locked.pending()
    if pending is not None and not pending.is_new:
        return _resumed(change, wanted)
    writer = IndexWriter.open(change.path, resumable=True, locked=change.locked)
    return Begun(writer, set(), config_of(writer.manifest.config))


@contextmanager
def closing_on_error(begun: Begun) -> Iterator[None]:
    """Close the writer if the block fails; what it has finished stays for the next attempt."""
    try:
        yield
    except BaseException:
        begun.writer.close()
        raise


def config_of(config: Mapping[str, Any]) -> IndexConfig:
    """Return the options of a build among those in a manifest."""
    options = TrainingRecord.without(config)
    options.pop(SCANS, None)
    return IndexConfig.from_dict(options)


def _resumed(change: Change, wanted: Callable[[], Mapping[str, str]]) -> Begun:
    writer = IndexWriter.resume(change.path, locked=change.locked)
    try:
        done = writer.keep_pending(wanted())
        config = config_of(writer.manifest.config)
    except BaseException:
        writer.close()
        raise
    logger.info("going on with %d documents that were done", len(done))
    change.report.continued = len(done)
    return Begun(writer, done, config)
