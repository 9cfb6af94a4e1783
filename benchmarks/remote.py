"""What do a push, a pull and a first search at a URL take? Time and memory (Linux).

    python -m benchmarks.remote [--megabytes 400] [--store folder|moto]

The index has random codes; the store is a folder, or moto's S3 server on this machine, so this is
what our side costs, not a network.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from colmodern.codec import Codes, train_codec
from colmodern.storage import EncoderInfo, IndexWriter, StoredDocument
from fuzz.campaigns.object_store import BUCKET, object_store

_DIM = 128
_DOCUMENT_TOKENS = 100_000
_SEGMENT_DOCUMENTS = 15
_BYTES_A_TOKEN = 70
_STEP = """
import sys, time
import colmodern.remote.publishing, colmodern.remote.pulling, colmodern.remote.verification
from colmodern.remote import open_index, pull, push
import obstore
peak = lambda: int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024
work = {
    "push": lambda path, url: push(path, url).bytes_sent,
    "push again": lambda path, url: push(path, url).bytes_sent,
    "pull": lambda path, url: pull(url, path + ".pulled").bytes_fetched,
    "open at the URL": lambda path, url: open_index(url).n_bytes,
    "open again": lambda path, url: 0 * open_index(url).n_bytes,
}[sys.argv[1]]
before, started, computed = peak(), time.perf_counter(), time.process_time()
n_bytes = work(*sys.argv[2:])
print(
    f"{sys.argv[1]:16} {n_bytes / 1e6:6.0f} MB in {time.perf_counter() - started:5.2f} s, "
    f"{time.process_time() - computed:5.2f} s of CPU time, peak memory {before} to {peak()} MiB"
)
"""


def main() -> None:
    """Print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--store", choices=["folder", "moto"], default="folder")
    options = parser.parse_args()
    started = nullcontext({}) if options.store == "folder" else object_store()
    with tempfile.TemporaryDirectory() as folder, started as environment:
        path = Path(folder) / "index"
        make_index(path, options.megabytes * 1_000_000)
        url = f"s3://{BUCKET}/big" if environment else (Path(folder) / "store").as_uri()
        environment |= {"COLMODERN_REMOTE_CACHE": str(Path(folder) / "cache")}
        for step in ("push", "push again", "pull", "open at the URL", "open again"):
            command = [sys.executable, "-c", _STEP, step, str(path), url]
            subprocess.run(command, env={**os.environ, **environment}, check=True)


def make_index(path: Path, n_bytes: int) -> None:
    """Make an index of about so many bytes, in segments of 100 MB."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((2000, _DIM)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    codec = train_codec(vectors, bits=4, n_centroids=64)
    n_documents = max(1, n_bytes // (_DOCUMENT_TOKENS * _BYTES_A_TOKEN))
    starts = np.arange(_DOCUMENT_TOKENS, dtype=np.int32) * 3
    spans = np.stack([starts, starts + 2], axis=1)
    with IndexWriter.create(
        path, codec, encoder=EncoderInfo("hash:128:0", "00", _DIM), config={"bits": 4}
    ) as writer:
        for first in range(0, n_documents, _SEGMENT_DOCUMENTS):
            segment = writer.new_segment()
            for number in range(first, min(first + _SEGMENT_DOCUMENTS, n_documents)):
                segment.add(StoredDocument(str(number), "some text"), _codes(rng), spans)
            segment.finish()
        writer.commit()


def _codes(rng: np.random.Generator) -> Codes:
    n = _DOCUMENT_TOKENS
    return Codes(
        rng.integers(0, 64, n).astype(np.uint16),
        rng.integers(0, 256, (n, _DIM // 2)).astype(np.uint8),
        rng.random(n).astype(np.float16),
        rng.random(n).astype(np.float16),
    )


if __name__ == "__main__":
    main()
