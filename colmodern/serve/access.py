"""Who may do what? Bearer tokens with scopes, from a file that is read again when it changes."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from colmodern.errors import ConfigError, RequestRefusedError

logger = logging.getLogger(__name__)

_SHORTEST = 16


class Scope(StrEnum):
    """What a token lets its bearer do; each scope is by itself."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks.

    Attributes:
        name: What the log calls it; never the token.
        scopes: What it may do.
        digest: SHA-256 of its token.
    """

    name: str
    scopes: frozenset[Scope]
    digest: bytes = field(default=b"", repr=False)


ANYONE = Bearer("anyone", frozenset({Scope.READ}))
"""Who asks where no tokens are set up: this machine's users, who may read."""


class Access:
    """Knows the bearers of tokens."""

    def __init__(self, token_file: Path | None) -> None:
        """Let in whom the file names; without one, anyone may read.

        Raises:
            ConfigError: The file cannot be read, or a line of it cannot.
        """
        self._file = token_file
        self._bearers: Sequence[Bearer] = ()
        self._version: tuple[int, int] | None = None
        self._failure = ""
        if token_file is not None:
            self._version = _version(token_file)
            self._bearers = tuple(read_bearers(token_file))

    @property
    def is_open(self) -> bool:
        """Whether anyone may read."""
        return self._file is None

    def reread(self) -> None:
        """Read the file again if it has changed; what cannot be read changes nothing.

        A failure is logged once, not each time.
        """
        if self._file is None:
            return
        try:
            version = _version(self._file)
            if version != self._version:
                self._bearers = tuple(read_bearers(self._file))
                self._version = version
                logger.info("tokens read again: %d", len(self._bearers))
            self._failure = ""
        except ConfigError as error:
            if str(error) != self._failure:
                self._failure = str(error)
                logger.error("the tokens stay as they were: %s", error)  # noqa: TRY400

    def bearer(self, authorization: str | None) -> Bearer:
        """Return who sends a header ``Authorization: Bearer TOKEN``.

        Each known token is compared, in a time that does not depend on which is right.

        Raises:
            RequestRefusedError: The token is missing or unknown.
        """
        if self._file is None:
            return ANYONE
        kind, _, token = (authorization or "").partition(" ")
        given = _digest(token.strip() if kind.lower() == "bearer" else "")
        found: Bearer | None = None
        for one in self._bearers:
            if hmac.compare_digest(one.digest, given):
                found = one
        if found is None:
            raise RequestRefusedError(
                "Send a token that this server knows: Authorization: Bearer TOKEN.",
                code="token_missing",
            )
        return found


def allow(bearer: Bearer, scope: Scope) -> None:
    """Refuse what a bearer's scopes do not hold.

    Raises:
        RequestRefusedError: They do not.
    """
    if scope not in bearer.scopes:
        raise RequestRefusedError(
            f"This needs a token of scope {scope}; {bearer.name} has "
            f"{', '.join(sorted(bearer.scopes)) or 'none'}.",
            code="token_not_enough",
            value=str(scope),
        )


def read_bearers(file: Path) -> Iterator[Bearer]:
    """Yield those whom a token file names: lines of ``SCOPES TOKEN [NAME]``, # for a comment.

    Scopes are separated by commas.

    Raises:
        ConfigError: The file cannot be read, or a line of it cannot; no token is repeated.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(file, f"cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) not in (2, 3):
            raise _unusable(file, f"line {number} must be SCOPES TOKEN [NAME]")
        scopes, token = words[:2]
        unknown = set(scopes.split(",")) - set(Scope)
        if unknown:
            what = f"line {number} has no scope of {', '.join(Scope)}: {min(unknown)!r}"
            raise _unusable(file, what)
        if len(token) < _SHORTEST:
            raise _unusable(file, f"the token in line {number} has under {_SHORTEST} characters")
        name = words[2] if len(words) == 3 else f"token {number}"
        yield Bearer(name, frozenset(map(Scope, scopes.split(","))), _digest(token))


def _unusable(file: Path, what: str) -> ConfigError:
    message = f"The token file {file}: {what}."
    return ConfigError(message, code="option_invalid", option="token_file", path=file)


def _version(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise _unusable(file, f"cannot be read: {error}") from error
    return found.st_mtime_ns, found.st_ino


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


class Rates:
    """How often each bearer asks: a bucket that fills by ``rate`` a second and holds twice that."""

    def __init__(self, rate: float) -> None:
        """Let each bearer ask ``rate`` times a second; 0: as often as it likes."""
        self._rate = rate
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, bearer: Bearer) -> None:
        """Count a request.

        Raises:
            RequestRefusedError: The bearer asks too often.
        """
        if not self._rate:
            return
        now = time.monotonic()
        most = max(1.0, 2 * self._rate)
        left, since = self._buckets.get(bearer.name, (most, now))
        left = min(most, left + (now - since) * self._rate)
        self._buckets[bearer.name] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            raise RequestRefusedError(
                f"{bearer.name} may ask {self._rate:g} times a second; ask again later.",
                code="too_many_requests",
                option="rate",
                value=self._rate,
            )
