"""Where are the documents that were encoded to train the codec? None is encoded twice.

Their vectors lie in plain arrays beside the plan and are mapped: whoever encodes a part keeps those
of its documents only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np

from colmodern.errors import IndexCorruptError
from colmodern.indexer.shards.plan import SAMPLE_FILES, PartRecord, Plan
from colmodern.indexer.sources.encoded_sample import EncodedSample
from colmodern.storage import FileRecord
from colmodern.storage.directory.durable import sync_folder
from colmodern.storage.format.manifest import CHECKSUM_BYTES
from colmodern.types import TokenEmbeddings

__all__ = ["sampled_tokens", "write_sample"]

_BLOCK = 1 << 22


def write_sample(
    folder: Path, sample: EncodedSample, places: Mapping[int, tuple[int, int]]
) -> dict[str, FileRecord]:
    """Write the vectors of a sample, and return the files.

    Args:
        folder: That of the plan.
        sample: Documents that were encoded, by their numbers in the spool.
        places: The number of the part of each, and its row there.

    Raises:
        OSError: The disk is full or refuses.
    """
    rows = [(*places[number], tokens) for number, tokens in sample.tokens if number in places]
    arrays = (
        np.array([(part, row, len(tokens)) for part, row, tokens in rows], np.int64).reshape(-1, 3),
        np.concatenate([tokens.vectors for *_, tokens in rows]) if rows else np.zeros((0, 1), "f4"),
        np.concatenate([tokens.spans for *_, tokens in rows]) if rows else np.zeros((0, 2), "i4"),
    )
    for name, array in zip(SAMPLE_FILES, arrays, strict=True):
        np.save(folder / name, array, allow_pickle=False)
        with (folder / name).open("rb+") as file:
            os.fsync(file.fileno())
    sync_folder(folder)
    return {name: _record(folder, name) for name in SAMPLE_FILES}


def sampled_tokens(plan: Plan, part: PartRecord) -> dict[int, TokenEmbeddings]:
    """Return the token vectors of those documents of a part that were encoded, by row.

    Raises:
        IndexCorruptError: A file of the sample is missing or was changed.
    """
    if not plan.sample:
        return {}
    places, vectors, spans = (_mapped(plan, name) for name in SAMPLE_FILES)
    ends = np.cumsum(places[:, 2])
    if len(vectors) != len(spans) or (len(ends) and int(ends[-1]) != len(vectors)):
        raise _changed(plan.folder / SAMPLE_FILES[0])
    return {
        int(places[i, 1]): TokenEmbeddings(
            np.ascontiguousarray(vectors[ends[i] - places[i, 2] : ends[i]]),
            np.ascontiguousarray(spans[ends[i] - places[i, 2] : ends[i]]),
        )
        for i in np.flatnonzero(places[:, 0] == part.number).tolist()
    }


def _mapped(plan: Plan, name: str) -> np.ndarray:
    path = plan.folder / name
    record = plan.sample.get(name)
    if record is None:
        raise _changed(path)
    plan.check(record)
    try:
        found: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _changed(path) from error
    return found


def _record(folder: Path, name: str) -> FileRecord:
    digest = blake2b(digest_size=CHECKSUM_BYTES)
    size = 0
    with (folder / name).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return FileRecord(name, size, digest.hexdigest())


def _changed(path: Path) -> IndexCorruptError:
    message = f"{path} is not the file that the plan names. Plan again."
    return IndexCorruptError(message, path=path)
