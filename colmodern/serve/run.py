"""How does a server start, and how does it end?"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import uvicorn
from starlette.applications import Starlette

from colmodern.corpus import resolved
from colmodern.errors import ColModernError, ConfigError
from colmodern.serve.access import Access, Rates
from colmodern.serve.admission import Admission
from colmodern.serve.config import ServeConfig
from colmodern.serve.coordinator.shards_file import ShardsFile
from colmodern.serve.garbage import settle
from colmodern.serve.http.app import Mounted, make_app
from colmodern.serve.http.connection import LONGEST_HEAD, BoundedConnection, ConnectionLimits
from colmodern.serve.http.server import Server
from colmodern.serve.metrics import IndexMetrics
from colmodern.serve.searching.messages import Setup
from colmodern.serve.searching.pool import SearchPool
from colmodern.serve.searching.process import SearchDiedError
from colmodern.serve.served import Library, ServedIndex
from colmodern.serve.writing.writer import Writer
from colmodern.storage.directory.urls import check_local
from colmodern.types import QueryEncoder

logger = logging.getLogger(__name__)

# Files of indexes, of the log and of the process itself.
_OTHER_FILES = 500

# Searches that run when the server is told to end have so many seconds.
_GRACE = 10


def serve(
    indexes: Mapping[str, Path],
    config: ServeConfig,
    *,
    encoder: QueryEncoder | None = None,
    ready: Callable[[str], object] = print,
) -> None:
    """Serve indexes until SIGTERM or SIGINT; running searches end first.

    Args:
        indexes: The folder of each index, by name; the first is meant where a request names none.
        config: How.
        encoder: The encoder of all of them; None: each names its own.
        ready: Called with the server's URL when it takes requests.

    Raises:
        ConfigError: The address cannot be used, the token file cannot be read, an encoder is given
            where there are several processes, or those cannot be started.
        EncoderError: An encoder cannot be loaded.
        IndexStoreError: An index cannot be read.
    """

    def make() -> Starlette:
        server = make_server(indexes, config, encoder=encoder)
        return make_app(server, agents_of(server))

    _run(make, config, ready)


def coordinate(
    file: ShardsFile,
    config: ServeConfig,
    *,
    encoder: QueryEncoder | None = None,
    ready: Callable[[str], object] = print,
) -> None:
    """Serve the shards of other servers as one index, until SIGTERM or SIGINT.

    Args:
        file: Which servers have which shard.
        config: How.
        encoder: What encodes queries; None: what the file or the shards name.
        ready: Called with the URL when requests are taken.

    Raises:
        ConfigError: The address cannot be used, or an option does not go with another.
        EncoderError: The encoder cannot be loaded.
        EncoderMismatchError: It is another one than that of the shards.
        RequestRefusedError: No shard answers, or shards have different codecs or encoders.
    """
    from colmodern.serve.coordinator.app import make_coordinator_app
    from colmodern.serve.coordinator.start import make_coordinator

    _run(
        lambda: make_coordinator_app(make_coordinator(file, config, encoder=encoder)),
        config,
        ready,
    )


def _run(
    make: Callable[[], Starlette], config: ServeConfig, ready: Callable[[str], object]
) -> None:
    """Listen, make the application, and run it until a signal ends it."""
    listening = _listen(config)
    try:
        app = make()
        settle()
        _Uvicorn(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                http=_connection(config),
                h11_max_incomplete_event_size=LONGEST_HEAD,
                timeout_graceful_shutdown=_GRACE,
                lifespan="on",
                ws="none",
            ),
            lambda: ready(_url(listening)),
            lambda error: _cannot_listen(config, error),
        ).run(sockets=[listening])
    finally:
        listening.close()


def make_server(
    indexes: Mapping[str, Path], config: ServeConfig, *, encoder: QueryEncoder | None = None
) -> Server:
    """Open indexes, and return what their routes share; see ``serve``."""
    if config.writable:
        for path in indexes.values():
            check_local(path)
        # Jobs lie beside the index itself: a link to it that is changed later changes nothing.
        indexes = {name: resolved(path) for name, path in indexes.items()}
    access = Access(None if config.token_file is None else Path(config.token_file))
    served = [
        ServedIndex(name, path, encoder, shard=config.shard) for name, path in indexes.items()
    ]
    library = Library(served)
    pool = _pool(indexes, library, config) if config.workers > 1 else None
    try:
        writers = _writers(library, config) if config.writable else {}
    except BaseException:
        if pool is not None:
            pool.close()
        raise
    threads = max(config.threads or os.cpu_count() or 1, config.workers)
    admission = Admission(threads=threads, queue=config.queue)
    return Server(
        config=config,
        library=library,
        admission=admission,
        access=access,
        rates=Rates(config.rate),
        metrics=IndexMetrics(library, admission, writers, pool),
        writers=writers,
        pool=pool,
    )


def _pool(indexes: Mapping[str, Path], library: Library, config: ServeConfig) -> SearchPool:
    if not all(one.names_encoder for one in library):
        raise ConfigError(
            f"An encoder that is handed over is in this process alone, but workers is "
            f"{config.workers}: leave out one of them.",
            code="option_conflict",
            option="workers",
            value=config.workers,
        )
    try:
        pool = SearchPool(Setup(indexes, config.shard), library, n=config.workers)
    except ColModernError:  # some are errors of the system, too
        raise
    except (OSError, SearchDiedError) as error:
        raise ConfigError(
            f"{config.workers} processes that search cannot be started: {error}; ask for fewer.",
            code="option_invalid",
            option="workers",
            value=config.workers,
        ) from error
    for one in library:
        one.follow = pool.wake
    return pool


def _writers(library: Library, config: ServeConfig) -> Mapping[str, Writer]:
    writers: dict[str, Writer] = {}
    try:
        for one in library:
            writers[one.name] = Writer(one, most=config.max_jobs, most_bytes=config.max_waiting)
    except BaseException:
        for writer in writers.values():  # their threads would keep the program running
            writer.close()
        raise
    return writers


def agents_of(server: Server) -> Sequence[Mounted]:
    """Return what serves agents at ``/mcp``, if the extra ``mcp`` is installed."""
    if find_spec("mcp_types") is None:
        return []
    from colmodern.serve.mcp.http import AgentAddress

    return [AgentAddress(server)]


class _Uvicorn(uvicorn.Server):
    """Says when it takes requests, or why it cannot."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], object],
        refused: Callable[[OSError], ConfigError],
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._refused = refused

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so.

        Raises:
            ConfigError: Another, that bound the address at the same time, listens already.
        """
        try:
            await super().startup(sockets)
        except OSError as error:
            await self.lifespan.shutdown()
            raise self._refused(error) from error
        if self.started:
            self._ready()


def _connection(config: ServeConfig) -> type[asyncio.Protocol]:
    """Return what makes each connection; the process may have files enough for all of them."""
    _raise_files(2 * config.connections + _OTHER_FILES)
    made = partial(BoundedConnection, limits=ConnectionLimits(config.connections))
    return cast("type[asyncio.Protocol]", made)


def _raise_files(wanted: int) -> None:
    """Let this process have so many open files, or as many as the system lets it have."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        logger.warning(
            "this process may have %d files open, %d are needed for all connections: raise the "
            "limit (ulimit -n), or lower --connections",
            allowed,
            wanted,
        )


def _listen(config: ServeConfig) -> socket.socket:
    """Return the socket to listen on: bound here, or opened by a supervisor.

    Raises:
        ConfigError: The address cannot be used, or there is no such socket.
    """
    try:
        if config.fd is not None:
            return _handed(config.fd)
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        # asyncio turns off Nagle's delay only where the protocol is said to be TCP.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((config.host, config.port))
    except OSError as error:
        raise _cannot_listen(config, error) from error
    return listening


def _cannot_listen(config: ServeConfig, error: OSError) -> ConfigError:
    where = f"fd {config.fd}" if config.fd is not None else f"{config.host}:{config.port}"
    what = "Hand over a socket for streams" if config.fd is not None else "Choose another"
    flag = "by --fd" if config.fd is not None else "--host or --port"
    return ConfigError(
        f"Cannot listen on {where}: {error.strerror or error}. {what} {flag}.",
        code="option_invalid",
        option="fd" if config.fd is not None else "port",
        value=config.fd if config.fd is not None else config.port,
    )


def _handed(number: int) -> socket.socket:
    """Return a socket that the supervisor opened.

    Raises:
        OSError: There is none, or one that takes no connections.
    """
    handed = socket.socket(fileno=number)
    if handed.type != socket.SOCK_STREAM:
        handed.close()
        raise OSError(errno.EPROTOTYPE, os.strerror(errno.EPROTOTYPE))
    return handed


def _url(listening: socket.socket) -> str:
    if listening.family not in (socket.AF_INET, socket.AF_INET6):
        return f"unix:{listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
