"""How long does evidence take? From stored spans, on a generated document; no model sees it.

    python -m benchmarks.explain [--tokens 8192] [--query-tokens 32] [--bits 4] [--model default]

Times one hit: ``explain`` from the query's token vectors, its heat map and its JSON. The encoding
of the query is timed beside it, as it is paid once a query and not once a hit; ``--model none``
leaves it out. Vectors are drawn as in ``benchmarks.search``; the text is words, one a token.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.search import DIM, disturbed, generate
from colmodern import kernels
from colmodern.codec import plan_n_centroids, train_codec
from colmodern.searcher import Searcher
from colmodern.storage import EncoderInfo, IndexWriter, StoredDocument
from colmodern.types import FloatMatrix, Spans, TokenEmbeddings

_QUESTION = "which of the methods that were compared finds the passages of a long document fastest"


def main() -> None:
    """Build an index of a few documents, explain one of them, print times."""
    options = _options()
    rng = np.random.default_rng(0)
    n = options.tokens
    # Lengths vary by half in what ``generate`` makes; its first tokens are one document here.
    vectors, _ = generate(rng, 4, n)
    query = disturbed(rng, vectors[:n], np.array([0, n]))[: options.query_tokens]
    text, spans = _words(rng, n)
    tokens = TokenEmbeddings(query, np.zeros((len(query), 2), np.int32))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        _build(path, vectors, n, text, spans, bits=options.bits)
        with Searcher.open(path) as searcher:

            def explain() -> object:
                return searcher.explain_embeddings(tokens, "long", query="", passages=3)

            found = searcher.explain_embeddings(tokens, "long", query="", passages=3)
            print(
                f"{n} tokens, {len(query)} query tokens, {options.bits} bits, "
                f"{kernels.active_isa()}, {options.repeats} times"
            )
            _report("explain", explain, options.repeats)
            _report("heat map", found._repr_html_, options.repeats)
            _report("JSON", lambda: json.dumps(found.to_dict()), options.repeats)
    if options.model != "none":
        from colmodern import Encoder

        encoder = Encoder.load(options.model)
        n_tokens = len(encoder.encode_queries([_QUESTION])[0])
        name = f"encode a query of {n_tokens} tokens, once a query"
        _report(name, lambda: encoder.encode_queries([_QUESTION]), options.repeats)


def _words(rng: np.random.Generator, n: int) -> tuple[str, Spans]:
    """Return a text of n words in lines and sentences, and where each word stands."""
    words = ["w" * int(length) for length in rng.integers(2, 9, n)]
    pieces, spans, at = [], [], 0
    for number, word in enumerate(words, 1):
        spans.append((at, at + len(word)))
        piece = word + (".\n" if number % 25 == 0 else " ")
        pieces.append(piece)
        at += len(piece)
    return "".join(pieces), np.array(spans, np.int32)


def _build(
    path: Path, vectors: FloatMatrix, n_tokens: int, text: str, spans: Spans, *, bits: int
) -> None:
    """Write an index whose document ``long`` is the first ``n_tokens``; another holds the rest."""
    codec = train_codec(vectors, bits=bits, n_centroids=plan_n_centroids(len(vectors)))
    rest = len(vectors) - n_tokens
    with IndexWriter.create(path, codec, encoder=EncoderInfo("hash", "00", DIM), config={}) as out:
        segment = out.new_segment()
        for document, part, where in (
            (StoredDocument("long", text), vectors[:n_tokens], spans),
            (StoredDocument("rest", ""), vectors[n_tokens:], np.zeros((rest, 2), np.int32)),
        ):
            codes, contexts = codec.encode_documents(part, np.array([0, len(part)]))
            segment.add(document, codes, where, contexts=contexts)
        segment.finish()
        out.commit()


def _report(name: str, run: Callable[[], object], repeats: int) -> None:
    """Print the first time, the median and the 95th percentile."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1e3)
    print(
        f"{name:<44} median {statistics.median(times):6.2f} ms   "
        f"p95 {sorted(times)[int(0.95 * len(times))]:6.2f} ms   first {times[0]:6.2f} ms"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--query-tokens", type=int, default=32)
    parser.add_argument("--bits", type=int, default=4, choices=(1, 2, 4))
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--model", default="default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
