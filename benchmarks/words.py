"""What do BM25's words cost here, in bm25s and in tantivy? Build, bytes, latency of one thread.

    python -m benchmarks.words COLLECTION [COLLECTION ...]

A collection is a folder with ``corpus.jsonl.gz`` and ``queries.jsonl.gz``. tantivy is measured if
it is installed; it splits words in its own way. docs/decisions/0007-words.md has the figures.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from colmodern import HashEncoder
from colmodern.codec import train_codec
from colmodern.searcher.bm25 import best_by_words
from colmodern.searcher.part import Part
from colmodern.storage import EncoderInfo, IndexReader, IndexWriter, StoredDocument
from colmodern.text.words import words_of

K = 10
N_QUERIES = 200

Search: TypeAlias = Callable[[str], Any]


def main(folders: Sequence[str]) -> None:
    """Measure each engine on each collection and print a line for each."""
    for folder in map(Path, folders):
        rows = list(_rows(folder / "corpus.jsonl.gz"))
        texts = [f"{row.get('title', '')} {row['text']}" for row in rows]
        queries = [row["text"] for row in _rows(folder / "queries.jsonl.gz")][:N_QUERIES]
        print(f"{folder.name}: {len(texts)} documents, {sum(map(len, texts)) / 1e6:.1f} MB of text")
        for engine in (by_colmodern, by_bm25s, by_tantivy):
            if engine is by_tantivy and importlib.util.find_spec("tantivy") is None:
                print("  tantivy is not installed")
                continue
            with tempfile.TemporaryDirectory() as place:
                _measure(engine, texts, queries, Path(place))


def by_colmodern(texts: Sequence[str], place: Path) -> tuple[Search, float]:
    """Count words at the commit of an index whose documents have no vectors."""
    encoder = HashEncoder(dim=16)
    vectors = encoder.encode_documents([" ".join(map(str, range(100)))])[0].vectors
    codec = train_codec(vectors, bits=4, n_centroids=8)
    info = EncoderInfo("none", "00", 16)
    with IndexWriter.create(place / "i", codec, encoder=info, config={}) as writer:
        segment = writer.new_segment()
        nothing = codec.encode(vectors[:0]), np.zeros((0, 2), np.int32)
        for number, text in enumerate(texts):
            segment.add(StoredDocument(str(number), text), *nothing)
        segment.finish()
        started = time.perf_counter()
        writer.commit()
        seconds = time.perf_counter() - started
    reader = IndexReader.open(place / "i")
    part = Part(reader.segments, lambda: reader.words)

    def search(query: str) -> Any:
        found = part.lexicon.look_up(query)
        return best_by_words(part.lexicon.scores(found, found.statistics), part.live, K)

    return search, seconds


def by_bm25s(texts: Sequence[str], place: Path) -> tuple[Search, float]:
    """Index, save and map with bm25s."""
    import bm25s

    started = time.perf_counter()
    model = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    model.index([words_of(text) for text in texts], show_progress=False)
    model.save(str(place / "bm25s"))
    seconds = time.perf_counter() - started
    model = bm25s.BM25.load(str(place / "bm25s"), mmap=True)

    def search(query: str) -> Any:
        scores = model.get_scores(words_of(query))
        return np.argpartition(scores, -K)[-K:]

    return search, seconds


def by_tantivy(texts: Sequence[str], place: Path) -> tuple[Search, float]:
    """Index with one thread of tantivy."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    builder.add_text_field("text", stored=False, index_option="freq")
    index = tantivy.Index(builder.build(), path=str(place))
    started = time.perf_counter()
    writer = index.writer(128_000_000, num_threads=1)
    for number, text in enumerate(texts):
        writer.add_document(tantivy.Document(id=str(number), text=text))
    writer.commit()
    writer.wait_merging_threads()
    seconds = time.perf_counter() - started
    index.reload()
    searcher = index.searcher()

    def search(query: str) -> Any:
        parsed = index.parse_query(" ".join(words_of(query)), ["text"])
        return [searcher.doc(address)["id"] for _, address in searcher.search(parsed, K).hits]

    return search, seconds


def _measure(
    engine: Callable[[Sequence[str], Path], tuple[Search, float]],
    texts: Sequence[str],
    queries: Sequence[str],
    place: Path,
) -> None:
    search, seconds = engine(texts, place)
    times = []
    for query in queries:
        started = time.perf_counter()
        search(query)
        times.append(1e3 * (time.perf_counter() - started))
    files = [file for file in place.rglob("*") if file.is_file()]
    if engine is by_colmodern:  # the rest of the index is not BM25's
        files = [file for file in files if file.name.startswith(("words", "lengths"))]
    n_bytes = sum(file.stat().st_size for file in files)
    print(
        f"  {engine.__name__:<10} build {seconds:6.2f} s  {n_bytes / 1e6:7.2f} MB  "
        f"median {np.median(times):6.3f} ms  p95 {np.percentile(times, 95):6.3f} ms"
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    main(sys.argv[1:])
