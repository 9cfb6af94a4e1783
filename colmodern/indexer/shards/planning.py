"""How does a change of a shard set become parts? Texts are cut, a codec is found, all is named.

What a plan before this one has finished is taken over if it belongs to the same state, encoder,
options and codec, and all of its documents are still wanted.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from colmodern.codec import Codec
from colmodern.errors import IndexStoreError
from colmodern.indexer.kept_config import config_of
from colmodern.indexer.scans import KEY as SCANS
from colmodern.indexer.shards.encode import remove_if_damaged
from colmodern.indexer.shards.plan import PartRecord, Plan, plan_folder, read_plan
from colmodern.indexer.shards.sample import write_sample
from colmodern.indexer.shards.texts import cut_parts, part_hashes, write_part
from colmodern.indexer.sources.files import FileChanges
from colmodern.indexer.sources.spool import Spool
from colmodern.indexer.sources.texts import TextDocumentSource
from colmodern.indexer.training import train
from colmodern.request import IndexConfig
from colmodern.storage import (
    EncoderInfo,
    FileRecord,
    LocalDirectory,
    LockedShardSet,
    ShardSetReader,
    TrainingRecord,
)
from colmodern.storage.directory.durable import writing
from colmodern.storage.format.manifest import CodecRecord
from colmodern.storage.format.names import sources_name
from colmodern.storage.writer.commit_files import write_sources
from colmodern.storage.writer.files import write_codec
from colmodern.types import DocumentEncoder, Progress

__all__ = ["Planner"]

logger = logging.getLogger(__name__)


class Planner:
    """Writes the plan of one change.

    Attributes:
        hashes: The content hash of each document of the spool, by id, in its order.
    """

    def __init__(
        self,
        spool: Spool,
        locked: LockedShardSet,
        snapshot: ShardSetReader | None,
        n_shards: int,
        part_tokens: int,
    ) -> None:
        """Take what is there, and what is to be added.

        Args:
            spool: The documents that are new or changed.
            locked: The set, whose lock is held.
            snapshot: The state that is changed; None: the set is made of the spool alone.
            n_shards: How many shards there are.
            part_tokens: How many tokens a part has, about.
        """
        self._spool = spool
        self.hashes = spool.content_hashes()  # every text is read for it: once
        self._locked = locked
        self._snapshot = snapshot
        self._n_shards = n_shards
        self._part_tokens = part_tokens

    def write(
        self,
        encoder: DocumentEncoder,
        config: IndexConfig,
        changes: FileChanges,
        codec: Codec | None = None,
        *,
        progress: Progress | None = None,
    ) -> Plan | None:
        """Write the plan, and return it; None: there is nothing to do.

        Args:
            encoder: Makes the vectors.
            config: How the set is built.
            changes: What is deleted, and what to remember of files.
            codec: The codec of a new set; None: one is trained.
            progress: Told how far it is.

        Raises:
            EncoderError: The encoder gives something else than vectors.
            IndexWriteError: The disk is full or refuses.
        """
        is_new, number = self._snapshot is None, self._locked.generation
        deleted = () if is_new else tuple(sorted(changes.deleted))
        if not (is_new or deleted or len(self._spool) or self._is_to_be_kept(changes)):
            return None
        folder = plan_folder(self._locked.directory.path)
        info = EncoderInfo(encoder.name, encoder.fingerprint, encoder.dim)
        with writing(folder):
            folder.mkdir(exist_ok=True)
            old, kept, done = self._finished(folder, info, config, codec)
            parts, places = self._write_parts(folder, kept, done, old)
            record, training, sample = self._codec(
                encoder, config, codec, folder, places, old, progress
            )
            plan = Plan(
                folder=folder,
                base=number - 1,
                is_new=is_new,
                n_shards=self._n_shards,
                encoder=info,
                config=self._config(config, training, changes.scans),
                codec=record,
                parts=tuple(parts),
                deleted=deleted,
                sources=_written_sources(folder, changes, number),
                sample=sample,
            )
            plan.write()
            _remove_unnamed(plan)
        return plan

    def _finished(
        self, folder: Path, encoder: EncoderInfo, config: IndexConfig, codec: Codec | None
    ) -> tuple[Plan | None, list[PartRecord], set[str]]:
        """Return the plan that is there, its parts that are kept, and their documents.

        What cannot be gone on with is removed.
        """
        old = self._old_plan(folder, encoder, config, codec)
        kept, done = self._kept(old)
        is_of_others = self._snapshot is None and codec is None and 2 * len(done) < len(self._spool)
        if old is not None and not is_of_others:
            return old, kept, done
        shutil.rmtree(folder)
        folder.mkdir()
        return None, [], set()

    def _old_plan(
        self, folder: Path, encoder: EncoderInfo, config: IndexConfig, codec: Codec | None
    ) -> Plan | None:
        """Return the plan that is there, if this change can go on with its parts."""
        try:
            old = read_plan(folder)
            old.read_codec()
        except IndexStoreError:
            return None
        try:
            for file in old.sample.values():
                old.check(file)
        except IndexStoreError as error:
            logger.warning("documents of the sample are encoded again: %s", error)
            old = replace(old, sample={})
        is_same = (
            old.base == self._locked.generation - 1
            and old.is_new == (self._snapshot is None)
            and (old.n_shards, old.encoder) == (self._n_shards, encoder)
            and config_of(old.config) == config
            and (codec is None or old.codec.fingerprint == codec.fingerprint)
        )
        return old if is_same else None

    def _kept(self, old: Plan | None) -> tuple[list[PartRecord], set[str]]:
        """Return the parts of an old plan whose documents are all wanted, and those documents."""
        kept: list[PartRecord] = []
        done: set[str] = set()
        if old is None:
            return kept, done
        for part in old.parts:
            try:
                hashes = part_hashes(old.folder, part)
            except IndexStoreError:
                continue
            if all(self.hashes.get(one) == found for one, found in hashes.items()):
                remove_if_damaged(old, part)
                kept.append(part)
                done |= hashes.keys()
        return kept, done

    def _write_parts(
        self, folder: Path, kept: list[PartRecord], done: set[str], old: Plan | None
    ) -> tuple[list[PartRecord], dict[int, tuple[int, int]]]:
        """Write the parts of the documents that none holds yet; return all, and their places."""
        last = max((part.number for part in old.parts), default=0) if old else 0
        rest = {n: one for n, one in enumerate(self.hashes) if one not in done}
        parts = list(kept)
        places: dict[int, tuple[int, int]] = {}
        runs = cut_parts(
            rest, self._spool.chars, n_shards=self._n_shards, part_tokens=self._part_tokens
        )
        for number, (shard, run) in enumerate(runs, last + 1):
            parts.append(write_part(folder, self._spool, run, number=number, shard=shard))
            places.update((document, (number, row)) for row, document in enumerate(run))
        return parts, places

    def _codec(
        self,
        encoder: DocumentEncoder,
        config: IndexConfig,
        codec: Codec | None,
        folder: Path,
        places: Mapping[int, tuple[int, int]],
        old: Plan | None,
        progress: Progress | None,
    ) -> tuple[CodecRecord, TrainingRecord, Mapping[str, FileRecord]]:
        """Return the codec of the plan, its training, and what was encoded for that."""
        if old is not None:
            return old.codec, TrainingRecord.of(old.config), old.sample
        directory, number = LocalDirectory(folder), self._locked.generation
        if self._snapshot is not None:
            training = TrainingRecord.of(self._snapshot.manifest.config)
            return write_codec(directory, self._snapshot.codec, generation=number), training, {}
        source = TextDocumentSource(self._spool, encoder, config, progress)
        if codec is not None:
            training = TrainingRecord(source.n_tokens, 0.0, is_shared=True)
            return write_codec(directory, codec, generation=number), training, {}
        rows = source.training_sample()
        assert source.sample is not None
        sample = write_sample(folder, source.sample, places)
        codec, training = train(rows, source.n_tokens, config, progress)
        return write_codec(directory, codec, generation=number), training, sample

    def _config(
        self, config: IndexConfig, training: TrainingRecord, scans: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        kept: dict[str, Any] = {**config.to_dict(), **training.to_dict()}
        if scans is None and self._snapshot is not None:
            scans = self._snapshot.manifest.config.get(SCANS)
        return kept if scans is None else {**kept, SCANS: dict(scans)}

    def _is_to_be_kept(self, changes: FileChanges) -> bool:
        """Return whether something else is to be kept of files than is kept now."""
        assert self._snapshot is not None
        now: Mapping[str, Any] = self._snapshot.manifest.config.get(SCANS, {})
        is_new_list = changes.sources is not None and changes.sources != self._snapshot.sources()
        return is_new_list or (changes.scans is not None and dict(changes.scans) != now)


def _written_sources(folder: Path, changes: FileChanges, number: int) -> FileRecord | None:
    """Write the list of files that the set is to keep; None: as it is."""
    if changes.sources is None:
        return None
    with suppress(FileNotFoundError):
        (folder / sources_name(number)).unlink()  # of a plan before this one
    return write_sources(LocalDirectory(folder), changes.sources, generation=number)


def _remove_unnamed(plan: Plan) -> None:
    """Remove parts that the plan does not name, and what killed workers left."""
    named = {part.name for part in plan.parts}
    for entry in sorted(plan.folder.iterdir()):
        is_part = entry.name.startswith("part-")
        if is_part and entry.name.removesuffix(".jsonl") not in named:
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()
