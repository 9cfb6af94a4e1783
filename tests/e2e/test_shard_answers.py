"""A shard set finds what one index of the same documents finds: the same hits, bit for bit."""

import contextlib
import functools
import json
import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.codec import train_codec
from colmodern.errors import ConfigError
from colmodern.indexer import compact
from colmodern.request import SearchRequest
from colmodern.searcher.apart import statistics_from_dict, statistics_to_dict
from colmodern.types import Document

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
QUERIES = [
    "amber",
    "cedar delta krill",
    '"ember fjord" garnet',
    "QR-204",
    "iris iris nothing",
    "amber basalt amber basalt cedar",  # most of it word by word in some
    "d12",  # a document of that name
]
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
    said = [json.dumps(statistics_to_dict(one.statistics(query, where=where))) for one in readers]
    total = functools.reduce(operator.add, [statistics_from_dict(json.loads(one)) for one in said])
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
            if options.get("fusion") == "rrf":
                continue  # ranks are of all candidates
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


def test_a_filter_is_refused_by_what_all_parts_have(tmp_path, codec):
    """A part does not refuse a field, or a kind of value, that another part may have."""
    parts = {"one": [("a", {"year": "none", "only": 1})], "other": [("b", {"year": 2020})]}
    for name, documents in parts.items():
        rows = [Document(one, "amber", metadata=metadata) for one, metadata in documents]
        Indexer(tmp_path / name, ENCODER, codec=codec).build(rows)
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(Searcher.open(tmp_path / name, ENCODER)) for name in parts]

        def found(where):
            return [hit["id"] for hit in searched_apart(readers, "amber", {"k": 9, "where": where})]

        assert found("year > 2000") == ["b"]
        assert found("not year > 2000") == []
        assert found("only = 1") == ["a"]
        assert found("only is null") == ["b"]
        assert found("id = 'b'") == ["b"]
        for where, code in [
            ("yaer > 2000", "filter_unknown_field"),
            ("only = 'x'", "filter_wrong_kind"),
            ("only = 1 and nothing is null", "filter_unknown_field"),
        ]:
            with pytest.raises(ConfigError) as refused:
                found(where)
            assert refused.value.code == code
            assert refused.value.option == "where"


@pytest.mark.parametrize(
    "harm",
    [
        lambda told: told.pop("names"),
        lambda told: told.update(documents=-1),
        lambda told: told.update(tokens="3"),
        lambda told: told["words"].update(times=[1]),
        lambda told: told["words"].update(times={"basalt": 1}),
        lambda told: told.update(words=None),
        lambda told: told.update(fields=[["year", "number", 9]]),
    ],
)
def test_statistics_of_something_else_are_refused(tmp_path, codec, harm):
    Indexer(tmp_path / "i", ENCODER, codec=codec).build([("a", "amber basalt")])
    (tokens,) = ENCODER.encode_queries(["amber"])
    with Searcher.open(tmp_path / "i", ENCODER) as searcher:
        told = statistics_to_dict(searcher.statistics("amber"))
        harm(told)
        with pytest.raises(ConfigError) as refused:
            searcher.search_embeddings(
                tokens, query="amber", statistics=statistics_from_dict(told), mode="hybrid"
            )
    assert (refused.value.code, refused.value.option) == ("option_invalid", "statistics")
