"""How do the documents of a part wait on a disk? A line of JSON each, in one file a part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from colmodern.errors import IndexCorruptError
from colmodern.indexer.plan import CHARS_PER_TOKEN
from colmodern.indexer.shards.plan import TEXTS, PartRecord, part_name
from colmodern.indexer.sources.spool import Spool, document_of, document_row
from colmodern.storage import LocalDirectory, StoredDocument, shard_of
from colmodern.storage.directory.regular import opened_file
from colmodern.storage.format.manifest import CHECKSUM_BYTES
from colmodern.types import IntVector

__all__ = ["cut_parts", "part_documents", "part_hashes", "write_part"]


def cut_parts(
    ids: Mapping[int, str], chars: IntVector, *, n_shards: int, part_tokens: int
) -> list[tuple[int, list[int]]]:
    """Return the documents of each part to be: its shard, and numbers in the spool, in order.

    Args:
        ids: Those of the documents that need a part, by number, ascending.
        chars: How many characters each document of the spool has.
        n_shards: How many shards there are.
        part_tokens: How many tokens a part has, about.
    """
    by_shard: list[list[int]] = [[] for _ in range(n_shards)]
    for number, identifier in ids.items():
        by_shard[shard_of(identifier, n_shards)].append(number)
    most = part_tokens * CHARS_PER_TOKEN
    return [
        (shard, run)
        for shard, of_shard in enumerate(by_shard)
        for run in _runs(of_shard, chars, most)
    ]


def write_part(
    folder: Path, spool: Spool, run: Sequence[int], *, number: int, shard: int
) -> PartRecord:
    """Write the texts of a part, and return its record.

    Raises:
        OSError: The disk is full or refuses.
    """
    name = part_name(number) + TEXTS
    (folder / name).unlink(missing_ok=True)  # of an attempt that was killed
    digest = blake2b(digest_size=CHECKSUM_BYTES)
    n_bytes = 0
    with LocalDirectory(folder).create(name) as file:
        for document in spool.read(run):
            line = document_row(document) + b"\n"
            digest.update(line)
            file.write(line)
            n_bytes += len(line)
        file.sync()
    n_chars = int(spool.chars[list(run)].sum())
    return PartRecord(number, shard, len(run), n_chars, n_bytes, digest.hexdigest())


def part_documents(folder: Path, part: PartRecord) -> list[StoredDocument]:
    """Return the documents of a part.

    Raises:
        IndexCorruptError: The file is missing, or is not the one that the plan names.
    """
    return [document_of(row) for row in _rows(folder, part)]


def part_hashes(folder: Path, part: PartRecord) -> dict[str, str]:
    """Return the content hash of each document of a part by id.

    Raises:
        IndexCorruptError: As for ``part_documents``.
    """
    return {row[0]: row[5] for row in _rows(folder, part)}


def _rows(folder: Path, part: PartRecord) -> Iterator[list[Any]]:
    path = folder / (part.name + TEXTS)
    try:
        with opened_file(path) as file:
            data = file.read()
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}). Plan again."
        raise IndexCorruptError(message, path=path) from error
    if blake2b(data, digest_size=CHECKSUM_BYTES).hexdigest() != part.checksum:
        message = f"{path} is not the file that the plan names: it was changed. Plan again."
        raise IndexCorruptError(message, path=path)
    return (json.loads(line) for line in data.splitlines())


def _runs(numbers: Sequence[int], chars: IntVector, most: float) -> Iterator[list[int]]:
    run: list[int] = []
    n_chars = 0
    for number in numbers:
        run.append(number)
        n_chars += int(chars[number])
        if n_chars >= most:
            yield run
            run, n_chars = [], 0
    if run:
        yield run
