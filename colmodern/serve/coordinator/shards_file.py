"""Which servers have which shard, and how long are they waited for? A TOML file says it all."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from colmodern.errors import ConfigError, InputError
from colmodern.options import Options, option

STEPS = 3
"""So many times is a shard asked for one search: statistics, hits, passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinatorConfig(Options):
    """How several shards are searched as one."""

    WHAT: ClassVar[str] = "coordinator option"

    name: str = option("shards", help="What requests call all shards together.")
    encoder: str | None = option(
        None, unset="that of the shards", help="The checkpoint that encodes queries."
    )
    strict: bool = option(False, help="Refuse a search that a shard is missing from.")
    timeout: float | None = option(
        None,
        minimum=0.001,
        maximum=1200,
        unset="three tenths of the deadline",
        help="Seconds that a shard has for one step of a search.",
    )
    hedge_after: float | None = option(
        None,
        minimum=0,
        unset="what 95 of 100 took",
        help="Seconds until another server of a shard is asked too.",
    )
    hedge_share: float = option(
        0.05, minimum=0, maximum=1, help="How many more requests that may be; 0: none."
    )
    failures: int = option(
        3, minimum=1, help="Failures in a row after which a server is asked no more."
    )
    recovery: float = option(
        1.0, minimum=0.01, maximum=3600, help="Seconds until it is tried again."
    )
    restarts: int = option(
        2, minimum=0, help="How often a search starts over when a shard has changed in it."
    )
    most_at_once: int = option(
        256, minimum=1, help="Requests that one server is asked at the same time."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry(Options):
    """One server of a shard."""

    WHAT: ClassVar[str] = "option of a server"

    url: str = option("", help="Its address, as http://10.0.0.1:8765.")
    token_file: str | None = option(None, unset="none", help="A file with the token it wants.")
    index: str | None = option(
        None, unset="its first", help="What it calls the index that is the shard."
    )

    def check_together(self) -> None:
        """Refuse what is no address of a server."""
        try:
            parts = urlsplit(self.url)
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_sendable = self.url.isascii() and self.url.isprintable() and " " not in self.url
            is_address = is_address and is_sendable
            _ = parts.port, (parts.hostname or "").encode("idna")  # refuses a..b
        except ValueError:
            is_address = False
        if not is_address or "@" in parts.netloc or parts.query or parts.fragment:
            raise ConfigError(
                f"url must be an address such as http://10.0.0.1:8765, not {self.url!r:.200}.",
                code="option_invalid",
                option="url",
                value=self.url,
            )


@dataclass(frozen=True, slots=True)
class ShardEntry:
    """A shard and the servers that have it, each a copy.

    Attributes:
        name: What answers and metrics call it.
        servers: At least one.
    """

    name: str
    servers: Sequence[ServerEntry]


@dataclass(frozen=True, slots=True)
class ShardsFile:
    """What a file of shards says.

    Attributes:
        config: How they are searched.
        shards: At least one, each with another name.
    """

    config: CoordinatorConfig
    shards: Sequence[ShardEntry]


def read_shards_file(path: Path) -> ShardsFile:
    """Return what a file of shards says; names of token files are relative to its folder.

    Raises:
        ConfigError: It names an option that there is not, no shard, or one twice.
        InputError: It is not there, or is no TOML.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"There is no file {path} of shards."
        raise InputError(message, code="file_not_found", path=path) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"The file of shards {path} cannot be read: {error}."
        raise InputError(message, code="file_unreadable", path=path) from error
    tables = values.pop("shards", None)
    config = CoordinatorConfig.from_dict(values)
    if not isinstance(tables, list) or not tables:
        raise ConfigError(
            f"{path} names no shard; write a table [[shards]] for each, with servers = [URL].",
            code="option_missing",
            option="shards",
        )
    shards = [_shard(number, table, path.parent) for number, table in enumerate(tables, 1)]
    _refuse_twice("name", [one.name for one in shards])
    servers = [server for one in shards for server in one.servers]
    _refuse_twice("url", [f"{one.url.rstrip('/')} {one.index or ''}".strip() for one in servers])
    return ShardsFile(config, shards)


def _shard(number: int, table: Any, folder: Path) -> ShardEntry:
    if not isinstance(table, Mapping):
        raise _invalid(number, "must be a table", "shards", table)
    unknown = table.keys() - {"name", "servers"}
    if unknown:
        raise ConfigError(
            f"Shard {number} has no option {min(unknown)!r:.80}; there are name and servers.",
            code="option_unknown",
            option=min(unknown),
        )
    name, servers = table.get("name", str(number)), table.get("servers")
    if not isinstance(name, str) or not name or not name.isprintable() or len(name) > 100:
        raise _invalid(number, "must have a name that is a short text", "name", name)
    if not isinstance(servers, list) or not servers:
        raise _invalid(number, "must have servers, a list of addresses", "servers", servers)
    return ShardEntry(name, [_server(number, one, folder) for one in servers])


def _server(number: int, given: Any, folder: Path) -> ServerEntry:
    values = {"url": given} if isinstance(given, str) else given
    if not isinstance(values, Mapping):
        raise _invalid(number, "has a server that is no address and no table", "servers", given)
    if values.get("token_file") is not None:
        values = {**values, "token_file": str(folder / str(values["token_file"]))}
    return ServerEntry.from_dict(values)


def _refuse_twice(what: str, given: Sequence[str]) -> None:
    twice = [one for number, one in enumerate(given) if one in given[:number]]
    if twice:
        raise ConfigError(
            f"Two shards or servers have the {what} {twice[0]!r:.200}; each has its own.",
            code="option_conflict",
            option=what,
            value=twice[0],
        )


def _invalid(number: int, what: str, name: str, value: object) -> ConfigError:
    return ConfigError(
        f"Shard {number} {what}, not {value!r:.80}.",
        code="option_invalid",
        option=name,
        value=value,
    )
