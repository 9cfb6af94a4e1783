"""How is a part encoded? By any process that sees the plan: again if need be, by two at once if so.

A part is done when its folder has its name, which happens in one step. Whoever comes second throws
its own away: the bytes are the same.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from colmodern.errors import EncoderMismatchError, IndexCorruptError, IndexStoreError
from colmodern.indexer.kept_config import config_of
from colmodern.indexer.segment_job import SegmentJob, TextsToEncode, run_segment_job
from colmodern.indexer.shards.plan import PartRecord, Plan
from colmodern.indexer.shards.sample import sampled_tokens
from colmodern.indexer.shards.texts import part_documents
from colmodern.indexer.sources.base import StoredBatch
from colmodern.indexer.sources.encoding import batch_of, encode_documents
from colmodern.storage import FileRecord, LocalDirectory, SegmentRecord
from colmodern.storage.directory.durable import replace_file, sync_folder, writing
from colmodern.storage.directory.regular import opened_file
from colmodern.storage.format.manifest_json import read_segment_record, segment_json
from colmodern.storage.format.names import SEGMENT_PARTS, segment_name
from colmodern.storage.format.sealed_json import JsonObject, check_seal, parsed, seal
from colmodern.storage.snapshot.files import check_file
from colmodern.types import DocumentEncoder, TokenEmbeddings

__all__ = ["encode_part", "remove_if_damaged", "renamed", "sealed_part"]

logger = logging.getLogger(__name__)

RECORD = "part.json"
MAGIC = "colmodern-part"
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EACCES}


@dataclass(frozen=True, slots=True)
class PartTexts(TextsToEncode):
    """The documents of a part; some were encoded already, to train the codec.

    Attributes:
        known: The token vectors of those, by their place among the documents.
        done: Called with how many characters are encoded, of every batch.
    """

    known: Mapping[int, TokenEmbeddings] = field(default_factory=dict)
    done: Callable[[int], object] = int

    def batches(self) -> Iterator[StoredBatch]:
        """Yield the documents with their vectors, those first that were encoded already."""
        if self.known:
            yield batch_of([(self.documents[row], self.known[row]) for row in sorted(self.known)])
        rest = [one for row, one in enumerate(self.documents) if row not in self.known]
        for batch in encode_documents(rest, self.encoder(), self.config):
            yield batch_of(batch)
            self.done(sum(len(one.title) + len(one.text) for one, _ in batch))


def encode_part(
    plan: Plan,
    part: PartRecord,
    encoder: Callable[[], DocumentEncoder],
    *,
    done: Callable[[int], object] = int,
) -> bool:
    """Encode a part, unless that is done; return whether anything was to be done.

    Args:
        plan: The plan.
        part: The part.
        encoder: Returns the encoder; called only if there is something to encode.
        done: Called with how many characters are encoded, now and then.

    Raises:
        EncoderMismatchError: The plan is for another encoder.
        IndexCorruptError: A file of the plan is missing or was changed.
        IndexWriteError: The disk is full or refuses.
        InputError: Something is wrong with a document; the message names it.
    """
    if sealed_part(plan, part) is not None:
        return False
    documents = part_documents(plan.folder, part)
    config = config_of(plan.config)
    texts = PartTexts(
        documents, partial(_checked, plan, encoder), config, sampled_tokens(plan, part), done
    )
    scratch = plan.folder / f"{part.name}.{uuid.uuid4().hex}.tmp"
    with writing(scratch):
        scratch.mkdir()
        try:
            job = SegmentJob(scratch, segment_name(part.number), plan.read_codec(), texts)
            record = run_segment_job(job)
            assert record is not None  # no part is empty
            replace_file(scratch / RECORD, seal(_content(plan, part, record)))
            sync_folder(scratch)
            _put(scratch, plan.folder / part.name, lambda: sealed_part(plan, part) is not None)
            sync_folder(plan.folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return True


def sealed_part(plan: Plan, part: PartRecord) -> SegmentRecord | None:
    """Return the segment of a part that is done; None: it is not, or is of another plan."""
    path = plan.folder / part.name / RECORD
    try:
        with opened_file(path) as file:
            data = file.read()
        check_seal(data, path)
        content = JsonObject(parsed(data), path)
        expected = _identity(plan, part)
        if any(content.value.get(name) != value for name, value in expected.items()):
            return None
        record = read_segment_record(content.child("segment"))
    except (OSError, ValueError, RecursionError, IndexStoreError):
        return None
    return record if record.name == segment_name(part.number) else None


def remove_if_damaged(plan: Plan, part: PartRecord) -> None:
    """Let a part that is done be encoded again if a file of it is not as it was written."""
    record = sealed_part(plan, part)
    if record is None:  # it is not done
        return
    directory = LocalDirectory(plan.folder / part.name)
    try:
        for name in SEGMENT_PARTS:
            check_file(directory, getattr(record, name))
    except IndexCorruptError as error:
        logger.warning("part %d is encoded again: %s", part.number, error)
        shutil.rmtree(directory.path)


def renamed(record: SegmentRecord, name: str) -> SegmentRecord:
    """Return the record of a segment under another name; it is as its job made it."""
    files: dict[str, Any] = {}
    for part in SEGMENT_PARTS:
        file: FileRecord = getattr(record, part)
        files[part] = FileRecord(f"{name}/{part}.arrow", file.bytes, file.checksum)
    return replace(record, name=name, **files)


def _checked(plan: Plan, encoder: Callable[[], DocumentEncoder]) -> DocumentEncoder:
    found = encoder()
    if found.fingerprint != plan.encoder.fingerprint:
        raise EncoderMismatchError(
            index_encoder=f"{plan.encoder.name} ({plan.encoder.fingerprint[:12]})",
            given_encoder=f"{found.name} ({found.fingerprint[:12]})",
        )
    return found


def _put(scratch: Path, target: Path, is_done: Callable[[], bool]) -> None:
    """Give a finished folder its name; what is there already under it stays if it is the same."""
    try:
        os.rename(scratch, target)  # noqa: PTH104
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        if is_done():
            return
        shutil.rmtree(target)  # of another plan
        os.rename(scratch, target)  # noqa: PTH104


def _identity(plan: Plan, part: PartRecord) -> dict[str, object]:
    """Return what makes a part the same in every process."""
    config = config_of(plan.config)
    return {
        "magic": MAGIC,
        "texts": part.checksum,
        "encoder": plan.encoder.fingerprint,
        "codec": plan.codec.fingerprint,
        "pool": config.pool,
        "pooling": str(config.pooling),
    }


def _content(plan: Plan, part: PartRecord, record: SegmentRecord) -> dict[str, object]:
    return {**_identity(plan, part), "segment": segment_json(record)}
