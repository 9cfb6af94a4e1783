"""A shard set of two shards, and servers of it that fail on demand."""

from __future__ import annotations

import contextlib

import pytest

from colmodern import Indexer

pytest.importorskip("uvicorn")

from .kit import ENCODER, Faulty, app_of, running

DOCUMENTS = [(f"d{number}", f"amber number{number} ovens") for number in range(12)]


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    """The folder of the set."""
    folder = tmp_path_factory.mktemp("coordinator") / "set"
    Indexer(folder, ENCODER, shards=2).build(DOCUMENTS)
    return folder


@pytest.fixture(scope="session")
def started(shards):
    """Starts servers: for each shard that is asked for one more; returns (application, URL)."""
    with contextlib.ExitStack() as stack:
        kept = []

        def start(*numbers):
            found = []
            for number in numbers:
                free = [one for one in kept if one[0] == number and one not in found]
                if not free:
                    app = Faulty(app_of(shards, shard=number))
                    free = [(number, app, stack.enter_context(running(app)).url)]
                    kept.extend(free)
                found.append(free[0])
            return [(app, url) for _, app, url in found]

        yield start


@pytest.fixture
def servers(started):
    """The same servers for each test, all well again after it."""
    used = []

    def start(*numbers):
        found = started(*numbers)
        used.extend(app for app, _ in found)
        return found

    yield start
    for app in used:
        app.fault = app.only = None
