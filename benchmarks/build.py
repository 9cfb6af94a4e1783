"""How long does a build take, and how much memory, whatever the size?

    python -m benchmarks.build [--tokens 2000000 8000000] [--work FOLDER] [--from vectors text]

Each build runs in a process of its own. Memory is the peak of that process (``ru_maxrss``) over
what it held before: the interpreter, the libraries, the encoder. Vectors are generated around some
ten thousand directions of very different frequency, as those of real tokens lie, 128 dimensions,
float16, in a ``.npy`` file. Texts are of words of very different frequency, encoded by
``HashEncoder``; its time is part of the build's.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from colmodern import Embeddings, EncoderInfo, HashEncoder, IndexConfig, Indexer
from colmodern.indexer import IndexReport

DIM = 128
DOCUMENT_TOKENS = 500
N_DIRECTIONS = 10_000
N_WORDS = 20_000
_NOISE = 0.7  # length of what a token has of its own, beside a direction of length 1
_BLOCK = 100_000


def main() -> None:
    """Build each size from each source and print a line for each."""
    options = _options()
    if options.child is not None:
        _child(options.child, options.tokens[0], Path(options.work), bits=options.bits)
        return
    print("source    tokens   wall s   CPU s   tokens/s   peak MiB   bytes/token   segments")
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        for source in options.sources:
            for n_tokens in options.tokens:
                found = measured(source, n_tokens, Path(folder), bits=options.bits)
                print(
                    f"{source:8}{found['tokens']:>9,}{found['wall']:>9.1f}{found['cpu']:>8.1f}"
                    f"{found['tokens'] / found['wall']:>11,.0f}{found['peak'] / 2**20:>11.0f}"
                    f"{found['bytes'] / found['tokens']:>14.1f}{found['segments']:>11}",
                    flush=True,
                )


def measured(source: str, n_tokens: int, work: Path, *, bits: int) -> dict[str, Any]:
    """Return what a build in another process took."""
    if source == "vectors":
        _run("generate", n_tokens, work, bits=bits)
    found = json.loads(_run(source, n_tokens, work, bits=bits))
    index = work / "index"
    files = [file for file in index.rglob("*") if file.is_file()]
    segments = len(list(index.glob("*/tokens.arrow")))
    n_bytes = sum(file.stat().st_size for file in files if not file.match("documents.arrow"))
    n_bytes += _documents_without_text(files)
    shutil.rmtree(index)
    (work / "vectors.npy").unlink(missing_ok=True)
    return {**found, "segments": segments, "bytes": n_bytes}


def _run(child: str, n_tokens: int, work: Path, *, bits: int) -> str:
    """Run a part in a process of its own: a child's peak begins at what its parent holds."""
    command = [sys.executable, "-m", "benchmarks.build", "--child", child, "--work", str(work)]
    command += ["--tokens", str(n_tokens), "--bits", str(bits)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _documents_without_text(files: list[Path]) -> int:
    """Return the bytes of the documents' spans, hashes and ids, without those of their texts."""
    import pyarrow as pa

    total = 0
    for file in files:
        if file.match("documents.arrow"):
            with pa.memory_map(str(file)) as mapped:
                table = pa.ipc.open_file(mapped).read_all()
                total += file.stat().st_size - table.column("text").nbytes
    return total


def _child(source: str, n_tokens: int, work: Path, *, bits: int) -> None:
    if source == "generate":
        write_vectors(work / "vectors.npy", n_tokens)
        return
    encoder = HashEncoder(dim=DIM)
    encoder.encode_documents([" ".join(map(_word, range(N_WORDS)))])  # it keeps words' vectors
    config = IndexConfig(bits=bits)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    report: IndexReport
    if source == "vectors":
        offsets = np.append(np.arange(0, n_tokens, DOCUMENT_TOKENS), n_tokens)
        indexer = Indexer(work / "index", EncoderInfo("generated", "0" * 16, DIM), config=config)
        embeddings = Embeddings.from_arrays(work / "vectors.npy", offsets)
        report = indexer.build_from_embeddings(embeddings)
    else:
        report = Indexer(work / "index", encoder, config=config).build(texts(n_tokens))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) * 1024
    print(json.dumps({"tokens": report.tokens, "wall": wall, "cpu": cpu, "peak": peak}))


def write_vectors(path: Path, n_tokens: int) -> None:
    """Write unit vectors around directions, shape (n_tokens, DIM), float16."""
    rng = np.random.default_rng(0)
    directions = _unit(rng.standard_normal((N_DIRECTIONS, DIM), dtype=np.float32))
    file = np.lib.format.open_memmap(path, "w+", np.float16, (n_tokens, DIM))  # type: ignore[no-untyped-call]
    for start in range(0, n_tokens, _BLOCK):
        n_rows = min(_BLOCK, n_tokens - start)
        noise = rng.standard_normal((n_rows, DIM), dtype=np.float32) * (_NOISE / np.sqrt(DIM))
        file[start : start + n_rows] = _unit(
            directions[_frequent(rng, n_rows, N_DIRECTIONS)] + noise
        )


def texts(n_tokens: int) -> Iterator[tuple[str, str]]:
    """Yield ids and texts of ``DOCUMENT_TOKENS`` words."""
    rng = np.random.default_rng(0)
    for number in range(n_tokens // DOCUMENT_TOKENS):
        words = _frequent(rng, DOCUMENT_TOKENS, N_WORDS).tolist()
        yield str(number), " ".join(map(_word, words))


def _word(number: int) -> str:
    return f"w{number:x}"


def _frequent(
    rng: np.random.Generator, n: int, n_kinds: int
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return kinds whose frequency falls with their number, about as that of words does."""
    return (n_kinds ** rng.random(n)).astype(np.int64) - 1


def _unit(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--tokens", type=int, nargs="+", default=[2_000_000, 8_000_000])
    parser.add_argument("--from", dest="sources", nargs="+", default=["vectors", "text"])
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--work", help="a folder with room for the vectors and the index")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
