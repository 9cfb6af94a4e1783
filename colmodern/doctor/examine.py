"""What is looked at, in which order? Nothing is changed, and no network is asked unless told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colmodern.doctor.finding import Finding
from colmodern.doctor.hub import hub_findings
from colmodern.doctor.index import index_findings
from colmodern.doctor.machine import machine_findings
from colmodern.doctor.model import model_findings
from colmodern.doctor.program import program_findings


def examine(
    index: Path | None = None, *, model: str | None = None, network: bool = False
) -> Iterator[Finding]:
    """Yield what is found, part by part.

    Args:
        index: An index to look at; all of its files are read.
        model: The model to load; None: that of the index, else the one in the package.
        network: Whether the model hub is asked if it answers.
    """
    yield from program_findings()
    yield from machine_findings()
    of_index = None
    if index is not None:
        findings, of_index = index_findings(index)
        yield from findings
    named, made_with = of_index or (None, None)
    yield from model_findings(model or named, made_with)
    yield from hub_findings(network=network)
