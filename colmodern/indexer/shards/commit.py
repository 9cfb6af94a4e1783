"""How do finished parts become the next state of a shard set? Assembled aside, named in one step.

Parts are linked, not moved: a commit that is killed is begun again, and loses nothing.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from colmodern.codec import Codec
from colmodern.errors import IndexStoreError, IndexWriteError
from colmodern.indexer.kept_config import config_of
from colmodern.indexer.shards.encode import renamed, sealed_part
from colmodern.indexer.shards.plan import PartRecord, Plan, plan_folder, read_plan
from colmodern.request import IndexConfig
from colmodern.storage import (
    IndexWriter,
    LocalDirectory,
    LockedShardSet,
    ShardSet,
    TrainingRecord,
    shard_of,
)
from colmodern.storage.directory.durable import sync_folder, writing
from colmodern.storage.directory.folders import link_file
from colmodern.storage.format.ids import forms_of_id

__all__ = ["commit_parts", "commit_plan", "n_done", "remove_plan", "unfinished"]

logger = logging.getLogger(__name__)


def unfinished(plan: Plan) -> list[PartRecord]:
    """Return the parts of a plan that are not encoded yet."""
    return [part for part in plan.parts if sealed_part(plan, part) is None]


def n_done(path: Path) -> int:
    """Return how many documents are encoded of the plan of the shard set at ``path``."""
    try:
        plan = read_plan(plan_folder(path))
    except IndexStoreError:
        return 0
    waiting = {part.number for part in unfinished(plan)}
    return sum(part.n_documents for part in plan.parts if part.number not in waiting)


def commit_parts(path: str | Path) -> ShardSet:
    """Make the parts of the plan of a shard set visible in one step, and remove the plan.

    Raises:
        IndexNotFoundError: There is no plan.
        IndexLockedError: Another process is writing to the set.
        IndexWriteError: As for ``commit_plan``.
        IndexCorruptError: A part, or a shard that is to be changed, is damaged.
    """
    plan = read_plan(plan_folder(Path(path)))
    locked = LockedShardSet(LocalDirectory(path))
    try:
        return commit_plan(locked, plan)
    finally:
        locked.release()


def commit_plan(locked: LockedShardSet, plan: Plan) -> ShardSet:
    """Make what a plan says visible in one step, and remove the plan.

    Args:
        locked: The shard set, whose lock is held.
        plan: A plan of it; all of its parts are encoded.

    Raises:
        IndexWriteError: Parts are missing (``parts_missing``), or the set was changed since the
            plan was made (``plan_outdated``); or the disk is full or refuses.
        IndexCorruptError: A part, or a shard that is to be changed, is damaged.
    """
    found = 0 if locked.record is None else locked.record.generation
    if plan.base != found:
        raise IndexWriteError(
            f"The plan {plan.folder} changes generation {plan.base} of {locked.directory.path}, "
            f"and generation {found} is there now. Plan again: finished parts are taken over.",
            path=plan.folder,
            code="plan_outdated",
        )
    missing = unfinished(plan)
    if missing:
        some = ", ".join(str(part.number) for part in missing[:10])
        raise IndexWriteError(
            f"{len(missing)} of {len(plan.parts)} parts of {plan.folder} are not encoded: {some}"
            f"{', ...' if len(missing) > 10 else ''}. Run `colmodern part encode` for them.",
            path=plan.folder,
            code="parts_missing",
        )
    by_shard: dict[int, list[PartRecord]] = {n: [] for n in range(plan.n_shards) if plan.is_new}
    for part in plan.parts:
        by_shard.setdefault(part.shard, []).append(part)
    deleted: dict[int, list[str]] = {}
    for identifier in plan.deleted:
        number = shard_of(identifier, plan.n_shards)
        deleted.setdefault(number, []).append(identifier)
        by_shard.setdefault(number, [])
    codec = plan.read_codec()
    folders = {
        number: _made(locked, plan, codec, number, parts, deleted.get(number, []))
        for number, parts in sorted(by_shard.items())
    }
    sources = plan.read_sources()
    kept = None if locked.record is None or plan.is_new else locked.record.sources
    record = locked.publish(
        folders,
        n_shards=plan.n_shards,
        config=plan.config,
        sources=kept if sources is None else sources,
    )
    remove_plan(plan.folder)
    return record


def remove_plan(folder: Path) -> None:
    """Remove a plan and all of its parts; what cannot be removed now stays for the next one."""
    try:
        (folder / "plan.json").unlink(missing_ok=True)  # the list goes before what it names
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        logger.info("%s stays: %s", folder, error)


def _made(
    locked: LockedShardSet,
    plan: Plan,
    codec: Codec,
    number: int,
    parts: list[PartRecord],
    deleted: list[str],
) -> Path:
    """Return the folder of a shard with its changes, committed there."""
    config = config_of(plan.config)
    folder = locked.new_shard(number, is_empty=plan.is_new)
    with _writer(plan, codec, config, folder) as writer:
        for identifier in deleted:
            writer.delete(forms_of_id(identifier))
        for part in parts:
            record = sealed_part(plan, part)
            assert record is not None
            name = writer.reserve_segment()
            with writing(folder):
                (folder / name).mkdir()
                for file in (record.documents, record.tokens, record.contexts, record.postings):
                    source = plan.folder / part.name / file.name
                    link_file(source, folder / name / source.name)
                sync_folder(folder / name)
            writer.add_segment(renamed(record, name), replace=True)
        writer.merge_parts(max_tokens=config.segment_tokens)
        if config.merge and writer.has_changes:
            writer.merge_neighbours(max_tokens=config.segment_tokens)
        writer.commit()
    return folder


def _writer(plan: Plan, codec: Codec, config: IndexConfig, folder: Path) -> IndexWriter:
    if not plan.is_new:
        return IndexWriter.open(folder)
    training = TrainingRecord.of(plan.config)
    shared = TrainingRecord(training.n_tokens, training.squared_error, is_shared=True)
    kept = {**config.to_dict(), **shared.to_dict()}
    return IndexWriter.create(folder, codec, encoder=plan.encoder, config=kept)
