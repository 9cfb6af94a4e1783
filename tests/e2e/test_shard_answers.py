"""A shard set finds what one index of the same documents finds: the same hits, bit for bit."""

import contextlib
import functools
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.codec import train_codec
from colmodern.indexer import compact
from colmodern.request import SearchRequest

WORDS = [
    "amber",
    "basalt",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "garnet",
    "harbour",
    "iris",
    "QR-204",
    "krill",
    "lagoon",
]
ENCODER = HashEncoder(dim=32)
QUERIES = ["amber", "cedar delta krill", '"ember fjord" garnet', "QR-204", "iris iris nothing"]
REQUESTS = [
    {"mode": "late", "effort": "exact"},
    {"mode": "late", "effort": "exact", "passage_weight": 0.4},
    {"mode": "late", "scoring": "corrected", "effort": "exact"},
    {"mode": "bm25"},
    {"mode": "hybrid", "effort": "exact"},
    {"mode": "hybrid", "fusion": "rrf", "effort": "exact"},
    {"mode": "hybrid"},
    {"mode": "late", "where": "kind = 'b'"},
]

# Few words, so that many documents are equal and only ids tell them apart.
texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
corpora = st.dictionaries(st.integers(0, 40).map("d{}".format), texts, min_size=1, max_size=25)


@pytest.fixture(scope="module")
def codec():
    vectors = np.concatenate(
        [one.vectors for one in ENCODER.encode_documents([" ".join(WORDS)] * 9)]
    )
    return train_codec(vectors, bits=2, n_centroids=8)


@pytest.fixture(autouse=True)
def _unsynced(unsynced):
    pass


def stored(corpus):
    from colmodern.types import Document

    return [
        Document(one, text, metadata={"kind": "ab"[len(text) % 2], "n": len(text)})
        for one, text in corpus.items()
    ]


def hits_of(searcher, query, options):
    hits = searcher.search(query, SearchRequest(threads=1, **options))
    return [hit.to_dict() | {"score": hit.score} for hit in hits], hits.is_exact, hits.notes


def check_same(one, other):
    with Searcher.open(one, ENCODER) as index, Searcher.open(other, ENCODER) as shards:
        assert index.n_documents == shards.n_documents
        for options in REQUESTS:
            for query in QUERIES:
                for k in (2, 100):
                    asked = options | {"k": k}
                    if "where" in options and not index.count("kind = 'b' or kind = 'a'"):
                        continue
                    assert hits_of(shards, query, asked) == hits_of(index, query, asked), asked


@settings(max_examples=8)
@given(
    first=corpora,
    second=corpora,
    deleted=st.sets(st.integers(0, 40).map("d{}".format)),
    n_shards=st.integers(1, 5),
    compacts=st.booleans(),
)
def test_any_split_of_any_history(
    tmp_path_factory, codec, first, second, deleted, n_shards, compacts
):
    folder = tmp_path_factory.mktemp("answers")
    one = Indexer(folder / "one", ENCODER, codec=codec)
    other = Indexer(folder / "other", ENCODER, codec=codec, shards=n_shards)
    for indexer in (one, other):
        indexer.build(stored(first))
        indexer.update(stored(second))
        indexer.delete(deleted)
    if compacts:
        compact(folder / "other")
    left = {one for one in {**first, **second} if one not in deleted}
    if left:
        check_same(folder / "one", folder / "other")


def searched_apart(readers, query, options):
    """As processes that share nothing: numbers go up, their sum comes down, hits are merged."""
    options = dict(options)
    where = options.get("where")
    total = functools.reduce(operator.add, [one.statistics(query, where=where) for one in readers])
    (tokens,) = ENCODER.encode_queries([query])
    found = [
        hit
        for one in readers
        for hit in one.search_embeddings(tokens, query=query, statistics=total, **options)
    ]
    found.sort(key=lambda hit: (-hit.score, hit.doc_id))
    return [
        hit.to_dict() | {"rank": rank, "score": hit.score}
        for rank, hit in enumerate(found[: options["k"]], 1)
    ]


@settings(max_examples=5)
@given(corpus=corpora, n_shards=st.integers(2, 4))
def test_shards_that_share_nothing(tmp_path_factory, codec, corpus, n_shards):
    folder = tmp_path_factory.mktemp("apart")
    Indexer(folder / "s", ENCODER, codec=codec, shards=n_shards).build(stored(corpus))
    with contextlib.ExitStack() as stack:
        whole = stack.enter_context(Searcher.open(folder / "s", ENCODER))
        paths = sorted(folder.glob("s/shard-*"))
        readers = [stack.enter_context(Searcher.open(path, ENCODER)) for path in paths]
        for options in REQUESTS:
            if "where" in options or options.get("fusion") == "rrf":
                continue  # a shard without documents knows no field; ranks are of all candidates
            for query in QUERIES:
                asked = options | {"k": 3}
                expected, _, _ = hits_of(whole, query, asked)
                assert searched_apart(readers, query, asked) == expected, asked


def test_how_an_index_came_about_does_not_decide_between_equals(tmp_path, codec):
    corpus = {f"d{number}": "amber cedar" for number in range(30)}
    Indexer(tmp_path / "at once", ENCODER, codec=codec).build(stored(corpus))
    changed = Indexer(tmp_path / "changed", ENCODER, codec=codec)
    changed.build(stored(dict(reversed(corpus.items()))))
    changed.update(stored({"d1": "something else", "d7": "another thing"}))
    changed.update(stored({"d7": corpus["d7"], "d1": corpus["d1"]}))
    for options in REQUESTS[:6]:
        with Searcher.open(tmp_path / "at once", ENCODER) as searcher:
            expected = hits_of(searcher, "amber", options | {"k": 4})
        with Searcher.open(tmp_path / "changed", ENCODER) as searcher:
            assert hits_of(searcher, "amber", options | {"k": 4}) == expected
        assert [hit["id"] for hit in expected[0]] == ["d0", "d1", "d10", "d11"]


def test_an_explanation_is_the_same(tmp_path, codec):
    corpus = {f"d{number}": " ".join(WORDS[number % 5 :]) for number in range(12)}
    Indexer(tmp_path / "one", ENCODER, codec=codec).build(stored(corpus))
    Indexer(tmp_path / "other", ENCODER, codec=codec, shards=3).build(stored(corpus))
    found = []
    for name in ("one", "other"):
        with Searcher.open(tmp_path / name, ENCODER) as searcher:
            found.append(searcher.explain("cedar delta", "d7").to_dict())
    assert found[0] == found[1]
