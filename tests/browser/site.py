"""A small index with what pages fall over, served to a browser by a thread of the test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from colmodern import Document, HashEncoder
from colmodern.serve import ServeConfig
from colmodern.serve.http.app import make_app
from colmodern.serve.http.server import Server
from colmodern.serve.run import make_server
from colmodern.types import QueryEncoder

ENCODER = HashEncoder(dim=64)

OVENS = """# Ovens

Trains are not ovens. An oven bakes bread at night. Nobody sleeps near it.

## Heat

The ovens are set so:

- white bread at 220 degrees
- rye bread at 180 degrees

| loaf | minutes |
|---|---|
| white | 30 |
| rye | 50 |
"""
CODE = 'def bake(loaf):\n    """Bake a baguette."""\n    return loaf.warm()\n'
HOSTILE = (
    "😀😀 𠀀𠀀 <script>window.isHit = true</script> <img src=x onerror='window.isHit = true'> "
    "zebra\u202e crossing\u202c & &amp; stripes."
)
HOSTILE_ID = "<img src=x onerror='window.isHit=true'>/\u202etxt.exe"
HOSTILE_TITLE = "<script>window.isHit = true</script> \u202eelttiL"
LONG_WORD = "w" * 300
LINE = "A quiet line about nothing in particular, said again and again and again.\n"
LONG = LINE * 500 + "Here the walrus sings.\n" + LINE * 500

TALK = {"year": 2022, "slide_starts": "[0]", "time_starts": "[[0, 3725]]"}

DOCUMENTS = [
    Document("ovens.md", OVENS, "Of ovens", {"type": "markdown", "year": 2020}),
    Document("bake.py", CODE, "", {"type": "code", "year": 2021}),
    Document("trains", "Red trains run fast. Bread is sold on trains.", "", TALK),
    Document(HOSTILE_ID, HOSTILE, HOSTILE_TITLE, {"<b>": "<i>\u202ezebra</i>"}),
    Document(f"words/{LONG_WORD}", f"Long {LONG_WORD} words.", LONG_WORD, {}),
    Document("long.txt", LONG, "", {"pages": "9" * 1000}),
]


@dataclass(frozen=True)
class Site:
    """A server that runs."""

    url: str
    server: Server


@contextmanager
def serving(
    indexes: Mapping[str, Path], encoder: QueryEncoder = ENCODER, **options: object
) -> Iterator[Site]:
    """Serve indexes at a free port until the block ends."""
    patient = {"deadline": 60.0, **options}  # a busy machine is no failure
    server = make_server(indexes, ServeConfig(**patient), encoder=encoder)
    config = uvicorn.Config(make_app(server), log_config=None, ws="none", lifespan="on")
    config.timeout_graceful_shutdown = 1
    running = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not running.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}/", server)
        finally:
            running.should_exit = True
            thread.join()
