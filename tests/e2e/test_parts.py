"""An index searched in two halves: what a shard has to be told, and that nothing else is needed."""

import functools
import operator

import numpy as np
import pytest

from colmodern import HashEncoder, Searcher
from colmodern.codec import train_codec
from colmodern.request import Scoring, SearchRequest
from colmodern.searcher.merge import merge
from colmodern.searcher.part import Part
from colmodern.searcher.plan import QueryPlan, plan
from colmodern.searcher.prepared import PreparedQuery
from colmodern.searcher.segment import best_of
from colmodern.storage import EncoderInfo, IndexReader, IndexWriter, StoredDocument

WORDS = [f"word{i}" for i in range(300)]
QUERIES = ["word3 word17", "number7 word1 word1", "Word250 word299 nothing", "word0 word1 word2"]
N = 240


@pytest.fixture(scope="module")
def encoder():
    return HashEncoder(dim=64)


def documents():
    rng = np.random.default_rng(5)
    weights = 1 / np.arange(1, len(WORDS) + 1)
    weights /= weights.sum()
    for number in range(N):
        words = rng.choice(WORDS, size=int(rng.integers(5, 150)), p=weights)
        text = " ".join(words) if number % 40 else ""  # some have no tokens but those of the title
        yield StoredDocument(f"d{number}", text, title=f"number{number % 50}")


@pytest.fixture(scope="module")
def indexes(tmp_path_factory, encoder):
    """The whole as one index of three segments, and its halves, of one codec."""
    stored = list(documents())
    tokens = encoder.encode_documents([one.full_text for one in stored])
    codec = train_codec(np.concatenate([one.vectors for one in tokens]), bits=2, n_centroids=256)
    folder = tmp_path_factory.mktemp("parts")
    info = EncoderInfo(encoder.name, encoder.fingerprint, encoder.dim)

    def write(name, *segments):
        with IndexWriter.create(folder / name, codec, encoder=info, config={}) as writer:
            for rows in segments:
                segment = writer.new_segment()
                for row in rows:
                    vectors = tokens[row].vectors
                    codes, contexts = codec.encode_documents(vectors, np.array([0, len(vectors)]))
                    segment.add(stored[row], codes, tokens[row].spans, contexts=contexts)
                segment.finish()
            writer.commit()
            writer.delete([f"d{number}" for number in range(0, N, 9)])
            writer.commit()
        return folder / name

    return (
        write("whole", range(50), range(50, 130), range(130, N)),
        [write("one", range(110)), write("other", range(110, 170), range(170, N))],
    )


def searched_in_parts(readers, encoder, query, request, scoring):
    """Search as processes that share nothing would: numbers go up, a plan comes down."""
    parts = [Part(reader.segments, lambda reader=reader: reader.words) for reader in readers]
    found = [part.lexicon.look_up(query) for part in parts]
    statistics = functools.reduce(
        operator.add,
        [part.statistics(one.statistics) for part, one in zip(parts, found, strict=True)],
    )
    how = plan(
        request,
        n_documents=statistics.n_documents,
        n_tokens=statistics.n_tokens,
        scoring=scoring,
        threads=1,
    )
    vectors = encoder.encode_queries([query])[0].vectors
    asked = QueryPlan(
        how,
        PreparedQuery.of(vectors, readers[0].codec, threads=1),
        statistics.words,
    )
    best = [best_of(part, asked, part.live, one) for part, one in zip(parts, found, strict=True)]
    ranked = merge(best, how, parts)
    rows = []
    for part, document, score in zip(ranked.parts, ranked.documents, ranked.scores, strict=True):
        segment, position = parts[part].place_of(int(document))
        rows.append((segment.ids[position], float(score)))
    return rows, ranked.components


@pytest.mark.parametrize("scoring", [Scoring.MAXSIM, Scoring.CORRECTED])
@pytest.mark.parametrize(
    "options",
    [
        {"mode": "late"},
        {"mode": "bm25"},
        {"mode": "hybrid", "fusion": "scores"},
        {"mode": "hybrid", "fusion": "scores", "word_weight": 0.6},
        {"mode": "hybrid", "fusion": "rrf"},
    ],
)
def test_two_halves_give_the_hits_and_the_scores_of_the_whole(indexes, encoder, options, scoring):
    whole, halves = indexes
    readers = [IndexReader.open(half) for half in halves]
    request = SearchRequest(k=30, effort="exact", scoring=scoring, **options)
    with Searcher.open(whole, encoder) as searcher:
        for query in QUERIES:
            hits = searcher.search(query, request)
            rows, components = searched_in_parts(readers, encoder, query, request, scoring)
            assert len(hits) > 3
            assert rows == [(hit.doc_id, hit.score) for hit in hits]
            for name, values in components.items():
                assert values.tolist() == [hit.parts[name] for hit in hits]


def test_numbers_of_halves_add_up_to_those_of_the_whole(indexes):
    whole, halves = indexes
    parts = []
    for path in (whole, *halves):
        reader = IndexReader.open(path)
        part = Part(reader.segments, lambda reader=reader: reader.words)
        parts.append(part.statistics(part.lexicon.look_up(QUERIES[1]).statistics))
    assert parts[0] == parts[1] + parts[2]
    assert parts[0].words.times == {
        "number7": 1, "number": 1, "7": 1, "word1": 2, "word": 2, "1": 2,
    }  # fmt: skip
    assert parts[0].n_documents == parts[0].words.n_documents == N - len(range(0, N, 9))


MODES = [
    {"mode": "late"},
    {"mode": "late", "scoring": "corrected"},
    {"mode": "hybrid", "fusion": "scores"},
    {"mode": "hybrid", "fusion": "rrf"},
    {"mode": "bm25"},
]


@pytest.mark.parametrize("effort", ["low", "medium", "high", "exact"])
@pytest.mark.parametrize("options", MODES)
def test_the_first_five_of_ten_are_the_five(indexes, encoder, options, effort):
    """Candidates are the same for as many hits as an effort has room for anyway."""
    with Searcher.open(indexes[0], encoder) as searcher:
        for query in QUERIES:
            ten = searcher.search(query, k=10, effort=effort, **options)
            for k in (1, 5, 9):
                assert searcher.search(query, k=k, effort=effort, **options) == ten[:k]


@pytest.mark.parametrize("options", MODES)
def test_an_exact_order_does_not_depend_on_k_at_all(indexes, encoder, options):
    with Searcher.open(indexes[0], encoder) as searcher:
        for query in QUERIES:
            everything = searcher.search(query, k=N, effort="exact", **options)
            for k in (3, 40, 150):
                assert searcher.search(query, k=k, effort="exact", **options) == everything[:k]


@pytest.mark.parametrize("mode", ["late", "bm25"])
def test_a_closed_searcher_finds_nothing_more(indexes, encoder, mode):
    searcher = Searcher.open(indexes[0], encoder)
    assert len(searcher.search("word1", mode=mode, where="id = 'd1'")) == 1
    searcher.close()
    for where in (None, "id = 'd1'"):
        with pytest.raises(ValueError, match="closed"):
            searcher.search("word1", mode=mode, where=where)
