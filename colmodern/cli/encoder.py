"""Which encoder did the user ask for, and what runs it?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from colmodern.errors import ConfigError
from colmodern.frozen import frozen

if TYPE_CHECKING:
    from colmodern.searcher import Searcher
from colmodern.storage.directory.urls import url_of
from colmodern.types import DocumentEncoder


class Backend(StrEnum):
    """What runs a checkpoint."""

    NATIVE = "native"
    TORCH = "torch"


@frozen(kw_only=True)
class EncoderArguments:
    """What the user typed about encoding; see ``cli.index`` for what each means."""

    precision: str = "auto"
    backend: Backend = Backend.NATIVE
    device: str | None = None
    compiled: bool = False
    batch_tokens: int | None = None
    fetch: bool = False

    def __post_init__(self) -> None:
        """Refuse what only torch can do without torch."""
        if self.backend is Backend.TORCH:
            return
        for option, value in (
            ("--device", self.device),
            ("--compile", self.compiled or None),
            ("--batch-tokens", self.batch_tokens),
        ):
            if value is not None:
                raise ConfigError(
                    f"{option} needs --backend torch.",
                    code="option_conflict",
                    option=option,
                    value=value,
                )

    def load(self, name: str) -> DocumentEncoder:
        """Return the encoder of that name, which the user typed."""
        return self._load(name, fetch=True)

    def load_for_plan(self, name: str) -> DocumentEncoder:
        """Return the encoder that a plan names; the network is asked only with ``--fetch``."""
        return self._load(name, fetch=self.fetch)

    def load_named(self, index: Path) -> DocumentEncoder:
        """Return the encoder that an index names; the network is asked only with ``--fetch``."""
        return self._load(encoder_name(index), fetch=self.fetch)

    def _load(self, name: str, *, fetch: bool) -> DocumentEncoder:
        if self.backend is Backend.NATIVE:
            from colmodern.encoder import load_encoder

            return load_encoder(name, precision=self.precision, fetch=fetch)
        from colmodern.torch_encoder import load_torch_encoder

        return load_torch_encoder(
            name,
            device=self.device,
            precision=self.precision,
            compiled=self.compiled,
            batch_tokens=self.batch_tokens,
            fetch=fetch,
        )


def open_searcher(path: Path, arguments: EncoderArguments) -> Searcher:
    """Open an index, to be searched with its encoder as the user wants that run."""
    # First, and from here: deep in imports its many calls would cross the end of a piece of stack,
    # which Python maps and unmaps each time.
    import numpy  # noqa: F401, ICN001

    from colmodern.remote import open_index
    from colmodern.searcher import Searcher

    is_own = arguments.backend is Backend.NATIVE and not arguments.fetch
    encoder = None if is_own else arguments.load_named(path)
    if url_of(path) is None:
        return Searcher.open(path, encoder, precision=arguments.precision)
    from colmodern.cli.printing.progress import progress_bar

    with progress_bar() as progress:
        reader = open_index(path, progress=progress)
    return Searcher(reader, encoder, precision=arguments.precision)


def encoder_name(path: Path) -> str:
    """Return the name of the encoder that an index was made with."""
    from colmodern.remote import open_index

    with open_index(path) as reader:
        return reader.manifest.encoder.name
