"""A shard set behind Ray Serve: a deployment a shard, and one that searches all of them.

    ray start --head
    SET=/shared/big.cms python examples/ray/serve_shards.py
    curl -s localhost:8000/v1/search -d '{"query": "who may revoke a key?"}'

Ray starts the replicas, on whatever machine has room, and starts them again; what they say to each
other is HTTP, through the proxy that Ray has on each machine. All machines must see the folder of
the set. Tested on one machine only. Whom the proxy lets in is your own business: put one that asks
for tokens and speaks TLS in front of it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from colmodern.serve import ServeConfig

SET = Path(os.environ.get("SET", "/shared/big.cms"))
PROXY = os.environ.get("PROXY", "http://127.0.0.1:8000")
REPLICAS = int(os.environ.get("REPLICAS", "1"))
CPUS = float(os.environ.get("CPUS", "1"))

OPEN = ServeConfig(insecure=True, host="0.0.0.0")  # Ray's proxy is what listens


def shard_app(path: Path, number: int) -> Any:
    """Return the application of a server of one shard."""
    from dataclasses import replace

    from colmodern.serve.http.app import make_app
    from colmodern.serve.run import make_server

    return make_app(make_server({f"shard-{number}": path}, replace(OPEN, shard=number)))


def coordinator_app(urls: dict[str, str]) -> Any:
    """Return the application that searches all shards."""
    from colmodern.serve.coordinator.app import make_coordinator_app
    from colmodern.serve.coordinator.shards_file import (
        CoordinatorConfig,
        ServerEntry,
        ShardEntry,
        ShardsFile,
    )
    from colmodern.serve.coordinator.start import make_coordinator

    entries = [ShardEntry(name, [ServerEntry(url=url)]) for name, url in urls.items()]
    file = ShardsFile(CoordinatorConfig(name=SET.stem), entries)
    found: list[Any] = []

    def meet() -> None:  # a replica has a loop of its own already
        found.append(make_coordinator(file, OPEN))

    thread = threading.Thread(target=meet)
    thread.start()
    thread.join()
    return make_coordinator_app(found[0])


def deployment(name: str, build: Callable[..., Any], *args: Any) -> Any:
    """Return a deployment of the application that ``build`` makes in each replica."""
    from ray import serve

    def made() -> Any:  # Ray takes a plain function for what makes an application
        return build(*args)

    options = {"num_replicas": REPLICAS, "ray_actor_options": {"num_cpus": CPUS}}
    return serve.deployment(serve.ingress(made)(), name=name, **options).bind()


def run() -> None:
    """Start the shards, and then the coordinator; each shard has a route of its own."""
    from ray import serve

    from colmodern.storage import LocalDirectory, read_shard_set

    n_shards = len(read_shard_set(LocalDirectory(SET)).shards)
    urls = {}
    for number in range(1, n_shards + 1):
        name = f"shard-{number}"
        served = deployment(name, shard_app, SET, number)
        serve.run(served, name=name, route_prefix=f"/{name}")
        urls[name] = f"{PROXY}/{name}"
    serve.run(deployment("coordinator", coordinator_app, urls), name="coordinator")


if __name__ == "__main__":
    run()
