"""What does a search see of one shard of a set? The state that the newest commit names."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import Self

from colmodern.errors import ConfigError, IndexStoreError
from colmodern.storage.directory import Directory, IndexLocation, as_directory
from colmodern.storage.format.names import MANIFEST
from colmodern.storage.format.shard_set import ShardSet
from colmodern.storage.snapshot.reader import IndexReader
from colmodern.storage.snapshot.shard_set import (
    newest_generation,
    read_shard_manifest,
    read_shard_set,
    shard_directory,
)

__all__ = ["ShardReader"]

_ATTEMPTS = 10


class ShardReader(IndexReader):
    """A snapshot of one shard, under the generation of its set; use ``open_shard``."""

    def __init__(
        self,
        directory: Directory,
        whole: ShardSet,
        number: int,
        previous: ShardReader | None = None,
    ) -> None:
        """Map every file of the shard; callers use ``open_shard`` or ``refresh``."""
        shard = whole.shards[number - 1]
        folder = shard_directory(directory, shard.name)
        manifest = read_shard_manifest(folder, shard, whole)
        same = previous if previous is not None and previous.path == folder.path else None
        super().__init__(
            folder,
            dataclasses.replace(manifest, generation=whole.generation),
            version=folder.version(MANIFEST),
            previous=same,
        )
        self._set = directory
        self._number = number

    @classmethod
    def open_shard(
        cls, path: IndexLocation, number: int, previous: ShardReader | None = None
    ) -> Self:
        """Open a shard of the set at a path, in the state that was committed last.

        Args:
            path: The folder of the set.
            number: Of the shard, from 1.
            previous: A reader of an earlier state; what is in both is shared.

        Raises:
            ConfigError: The set has fewer shards.
            IndexNotFoundError: There is no shard set.
            IndexCorruptError: The shard is missing, or is not in the state that the set says.
        """
        directory = as_directory(path)
        for attempt in range(_ATTEMPTS):
            whole = read_shard_set(directory)
            if not 1 <= number <= len(whole.shards):
                raise ConfigError(
                    f"The set {directory.path} has the shards 1 to {len(whole.shards)}, no "
                    f"{number}.",
                    code="option_out_of_range",
                    option="shard",
                    value=number,
                )
            try:
                return cls(directory, whole, number, previous)
            except IndexStoreError:
                # A commit may have removed the shards of the set read before it.
                if attempt == _ATTEMPTS - 1 or newest_generation(directory) == whole.generation:
                    raise
        raise AssertionError

    def is_current(self) -> bool:
        """Return whether nothing was committed to the set since; costs next to nothing."""
        return self.newest_version() == self.manifest.generation

    def newest_version(self) -> Hashable:
        """Return the generation of the set committed last; costs next to nothing."""
        return newest_generation(self._set)

    def refresh(self) -> Self:
        """Return a new reader of the state committed last; this one stays open."""
        self._check_open()
        return self.open_shard(self._set, self._number, self)
