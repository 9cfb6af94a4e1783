"""How does a server behave? One field an option; the command line is derived from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from colmodern.errors import ConfigError
from colmodern.options import Door, Options, option

_ORIGIN = re.compile(
    r"null|https?://[^\s/?#@A-Z]+|(?!https?:)[a-z][a-z0-9+.-]*://[^\s/?#@]+|file://"
)
"""As browsers write it; a browser names a page of no site "null", some of a file "file://". Hosts
are in small letters with HTTP alone: Safari names an extension by capitals."""

LONGEST_ID = 10_000
"""Characters of an id that a request may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig(Options):
    """Where a server listens, whom it lets in, and how much it does for one request."""

    WHAT: ClassVar[str] = "server option"

    host: str = option("127.0.0.1", help="The address to listen on.")
    port: int = option(8765, minimum=0, maximum=65535, help="The port; 0 takes a free one.")
    fd: int | None = option(
        None, minimum=0, unset="none", help="A listening socket that the supervisor opened."
    )
    token_file: str | None = option(
        None, unset="none", help="Whom to let in: lines of SCOPES TOKEN [NAME]."
    )
    insecure: bool = option(False, help="Listen on any address without tokens.")
    allow_host: tuple[str, ...] = option(
        (), help="Another name that requests may give as the host; may be repeated."
    )
    shard: int | None = option(
        None, minimum=1, unset="all", help="Of a shard set, serve the shard of this number only."
    )
    writable: bool = option(
        False, help="Also take documents, for tokens of scope write; needs --token-file."
    )
    cors: tuple[str, ...] = option(
        (), help="An origin whose pages may ask, as https://example.org; may be repeated."
    )
    threads: int | None = option(
        None, minimum=1, maximum=1024, unset="all processors", help="Threads for searches."
    )
    workers: int = option(
        1,
        minimum=1,
        maximum=256,
        help="Processes that search; 1: no other than the server's own.",
    )
    queue: int = option(
        64, minimum=0, maximum=100_000, help="Requests that wait for a thread; more get 503."
    )
    connections: int = option(
        1_000, minimum=1, maximum=1_000_000, help="Connections at a time; more get 503."
    )
    deadline: float = option(
        10.0, minimum=0.001, maximum=3600, help="Seconds until a request gets 504."
    )
    rate: float = option(
        0.0, minimum=0, help="Requests a second that one token may make; 0: any number."
    )
    access_log: bool = option(True, help="Whether each request has a line in the log.")
    budget: int = option(
        20_000,
        minimum=2_000,
        maximum=1_000_000,
        help="Characters of text that an answer to an agent may have.",
    )
    max_body: int = option(
        1 << 20, minimum=1, help="Bytes that the body of a request may have.", doors=Door.SPEC
    )
    max_write: int = option(
        64 << 20, minimum=1, help="Bytes of documents in a request.", doors=Door.SPEC
    )
    max_jobs: int = option(
        1_000, minimum=1, help="Changes that wait to be written.", doors=Door.SPEC
    )
    max_answer: int = option(
        32 << 20, minimum=1, help="Bytes that an answer may have.", doors=Door.SPEC
    )
    max_k: int = option(1_000, minimum=1, help="The most hits of a query.", doors=Door.SPEC)
    max_queries: int = option(
        100, minimum=1, help="The most queries of a request.", doors=Door.SPEC
    )
    max_characters: int = option(
        10_000, minimum=1, help="The longest query, in characters.", doors=Door.SPEC
    )
    max_tokens: int = option(
        1_000, minimum=1, help="The most token vectors of a query.", doors=Door.SPEC
    )
    max_text: int = option(
        200_000,
        minimum=1,
        help="The longest text to encode for a request, in characters.",
        doors=Door.SPEC,
    )
    max_waiting: int = option(
        256 << 20, minimum=1, help="Bytes of changes that wait to be written.", doors=Door.SPEC
    )

    def check_together(self) -> None:
        """Refuse an address that others reach where nobody is asked for a token."""
        if self.token_file is None and not self.insecure and not self.is_loopback:
            why = (
                f"is not this machine alone ({self.host}), so others could read every document: "
                "give --token-file, or --insecure if that is wanted"
            )
            raise self.conflict("host", why)
        if wrong := [origin for origin in self.cors if not _ORIGIN.fullmatch(origin)]:
            raise ConfigError(
                f"cors {wrong[0]!r} is no origin, so no page would have it: give a scheme, a host "
                "and a port, in small letters and without a path, as https://example.org or "
                "http://localhost:3000.",
                code="option_invalid",
                option="cors",
                value=wrong[0],
            )
        if self.writable and self.shard is not None:
            raise self.conflict("shard", "cannot be written to by itself: write to the set")
        if self.writable and self.token_file is None:
            raise self.conflict("writable", "needs a token file with a token of scope write")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the address; a handed socket may be anywhere."""
        if self.fd is not None:
            return False
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
