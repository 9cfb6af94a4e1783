"""An index of vectors that somebody else's encoder made: the same as one of texts, without one."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from colmodern import (
    Document,
    EmbeddedDocument,
    Embeddings,
    EncoderInfo,
    HashEncoder,
    IndexConfig,
    Indexer,
    Searcher,
    SearchRequest,
)
from colmodern.errors import (
    ColModernError,
    EncoderError,
    EncoderMismatchError,
    IndexExistsError,
    IndexNotFoundError,
    InputError,
)
from colmodern.indexer.sources import embedded
from colmodern.storage import verify
from colmodern.types import TokenEmbeddings

QUERIES = ["word7 word19", "word100 word3 word3", "nothing anybody wrote", "word55"]
CONFIG = IndexConfig(segment_tokens=3000)


@pytest.fixture(scope="module")
def encoder():
    return HashEncoder(dim=64)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(embedded, "BATCH_TOKENS", 500)


def documents(n=120):
    rng = np.random.default_rng(3)
    for number in range(n):
        words = rng.zipf(1.3, size=int(rng.integers(0, 100))) % 300
        text = " ".join(f"word{w}" for w in words)
        yield Document(f"d{number}", text, metadata={"n": number})


def embedded_documents(encoder, docs=None, dtype=np.float32):
    for document in documents() if docs is None else docs:
        tokens = encoder.encode_documents([document.text])[0]
        yield EmbeddedDocument(
            document.id,
            tokens.vectors.astype(dtype),
            tokens.spans,
            document.text,
            metadata=document.metadata,
        )


def hits_of(path, encoder, effort="exact", passages=True):
    with Searcher.open(path, encoder) as searcher:
        return [
            [
                (h.doc_id, h.score, h.metadata, h.passage)
                for h in searcher.search(query, k=12, effort=effort, passages=passages)
            ]
            for query in QUERIES
        ]


@pytest.fixture(scope="module")
def text_hits(tmp_path_factory, encoder):
    path = tmp_path_factory.mktemp("text") / "i"
    Indexer(path, encoder, config=CONFIG).build(documents())
    return hits_of(path, encoder)


def sources(encoder, folder):
    """The same documents from every kind of source."""
    given = list(embedded_documents(encoder))
    columns = {
        "ids": [d.id for d in given],
        "texts": [d.text for d in given],
        "metadata": [d.metadata for d in given],
    }
    lengths = [len(d.vectors) for d in given]
    vectors = np.concatenate([d.vectors for d in given])
    spans = np.concatenate([d.spans for d in given])
    np.save(folder / "vectors.npy", vectors)
    np.save(folder / "offsets.npy", np.cumsum([0, *lengths]))
    np.save(folder / "spans.npy", spans)
    table = pa.table(
        {
            "id": columns["ids"],
            "text": columns["texts"],
            "metadata": columns["metadata"],
            "vectors": pa.array(
                [list(d.vectors) for d in given], pa.list_(pa.list_(pa.float32(), 64))
            ),
            "spans": pa.array([d.spans.tolist() for d in given], pa.list_(pa.list_(pa.int32(), 2))),
        }
    )
    pq.write_table(table, folder / "table.parquet", row_group_size=50)
    yield "list", Embeddings.from_documents(given)
    yield "generator", Embeddings.from_documents(d for d in given)
    yield (
        "files",
        Embeddings.from_arrays(
            folder / "vectors.npy", folder / "offsets.npy", spans=folder / "spans.npy", **columns
        ),
    )
    yield "stream", Embeddings.from_arrow(table.to_reader(max_chunksize=30))
    yield "parquet", Embeddings.from_parquet(folder / "table.parquet")


def test_every_source_gives_the_hits_of_the_texts(tmp_path, encoder, text_hits):
    for name, embeddings in sources(encoder, tmp_path):
        report = Indexer(tmp_path / name, encoder, config=CONFIG).build_from_embeddings(embeddings)
        assert (report.added, report.documents) == (120, 120)
        assert verify(tmp_path / name) == []
        found = hits_of(tmp_path / name, encoder)
        for mine, expected in zip(found, text_hits, strict=True):
            assert [h[0] for h in mine[:8]] == [h[0] for h in expected[:8]], name
            assert np.allclose([h[1] for h in mine], [h[1] for h in expected], rtol=1e-3), name
            assert mine[0][2:3] == expected[0][2:3]
            assert mine[0][3].text == expected[0][3].text


def test_sixteen_bits_are_enough(tmp_path, encoder, text_hits):
    given = embedded_documents(encoder, dtype=np.float16)
    Indexer(tmp_path / "i", encoder).build_from_embeddings(Embeddings.from_documents(given))
    for mine, expected in zip(hits_of(tmp_path / "i", encoder), text_hits, strict=True):
        scores = {hit[0]: hit[1] for hit in mine}
        assert scores[expected[0][0]] == pytest.approx(expected[0][1], rel=0.02)
        assert scores[expected[0][0]] == pytest.approx(mine[0][1], rel=0.01)  # equals may swap


def test_without_an_encoder_vectors_search_and_texts_are_told_what_to_do(tmp_path, encoder):
    matrices = [d.vectors for d in embedded_documents(encoder)]
    report = Indexer(tmp_path / "i").build_from_embeddings(Embeddings.from_matrices(matrices))
    assert report.documents == 120
    tokens = TokenEmbeddings(matrices[17], np.zeros((len(matrices[17]), 2), np.int32))
    with Searcher.open(tmp_path / "i") as searcher:
        hits = searcher.search_embeddings(tokens, SearchRequest(k=3), passages=True)
        assert hits[0].doc_id == "17"
        assert hits[0].score == pytest.approx(len(matrices[17]), rel=0.02)
        assert hits[0].passage is None
        assert searcher.describe()["encoder"] == "vectors:64"
        with pytest.raises(EncoderError, match="search_embeddings") as caught:
            searcher.search("word7")
        assert caught.match(r"Searcher.open\(path, encoder\)")
    with pytest.raises(EncoderMismatchError, match="vectors:64"):
        Searcher.open(tmp_path / "i", encoder)


def test_the_callers_encoder_is_remembered(tmp_path, encoder):
    mine = EncoderInfo("my-model", "f" * 64, 64)
    given = Embeddings.from_documents(list(embedded_documents(encoder)))
    Indexer(tmp_path / "i", mine).build_from_embeddings(given)
    with Searcher.open(tmp_path / "i") as searcher:
        assert searcher.describe()["encoder"] == "my-model"
        with pytest.raises(EncoderError, match=r"my-model.*search_embeddings"):
            searcher.search("word7")
    with pytest.raises(EncoderMismatchError, match="my-model"):
        Indexer(tmp_path / "i", encoder).update_from_embeddings(given)
    with pytest.raises(EncoderMismatchError, match="my-model"):
        Indexer(tmp_path / "i").update_from_embeddings(given)
    assert Indexer(tmp_path / "i", mine).update_from_embeddings(given).unchanged == 120


def test_an_update_replaces_what_changed_and_leaves_the_rest(tmp_path, encoder):
    indexer = Indexer(tmp_path / "i", encoder, config=CONFIG)
    indexer.build_from_embeddings(Embeddings.from_documents(embedded_documents(encoder)))
    changed = [Document("d3", "zebra"), Document("new", "quagga"), next(documents())]
    changed[2:] = [d for d in documents(6) if d.id == "d5"]
    report = indexer.update_from_embeddings(
        Embeddings.from_documents(embedded_documents(encoder, changed))
    )
    assert (report.added, report.updated, report.unchanged) == (1, 1, 1)
    assert report.documents == 121
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert searcher.search("zebra", k=1)[0].doc_id == "d3"
        assert searcher.search("quagga", k=1)[0].doc_id == "new"
    assert verify(tmp_path / "i") == []
    with pytest.raises(InputError, match="Give ids"):
        indexer.update_from_embeddings(Embeddings.from_matrices([np.ones((1, 64), np.float32)]))


def test_an_index_of_texts_takes_vectors_of_the_same_encoder(tmp_path, encoder):
    indexer = Indexer(tmp_path / "i", encoder)
    indexer.build(documents(20))
    more = [Document("new", "quagga words")]
    indexer.update_from_embeddings(Embeddings.from_documents(embedded_documents(encoder, more)))
    indexer.update([("text", "zebra words")])
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert searcher.search("quagga", k=1)[0].doc_id == "new"
        assert searcher.search("zebra", k=1)[0].doc_id == "text"


def test_vectors_that_cannot_be_made_again_are_not_thrown_away(tmp_path, encoder):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("some words")
    given = Embeddings.from_documents(list(embedded_documents(encoder)))
    Indexer(tmp_path / "i", encoder).build_from_embeddings(given)
    with pytest.raises(EncoderMismatchError):
        Indexer(tmp_path / "i", HashEncoder(dim=64, seed=1)).sync([folder])
    assert Indexer(tmp_path / "i", encoder).sync([folder]).documents == 121


def test_only_an_encoder_of_texts_encodes_texts(tmp_path):
    for indexer in (Indexer(tmp_path / "i"), Indexer(tmp_path / "i", EncoderInfo("m", "f", 64))):
        with pytest.raises(EncoderError, match="build_from_embeddings"):
            indexer.build([("a", "b")])
        with pytest.raises(EncoderError, match="build_from_embeddings"):
            indexer.sync([tmp_path])
    assert not (tmp_path / "i").exists()


def build(path, matrices, ids=None, encoder=None, **config):
    indexer = Indexer(path, encoder, config=IndexConfig(**config))
    return indexer.build_from_embeddings(Embeddings.from_matrices(matrices, ids=ids))


def unit(n, dim=32, seed=0):
    rows = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 60_000])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("is_sampled", [True, False])
def test_a_value_that_is_no_number_is_named_and_leaves_nothing(tmp_path, value, dtype, is_sampled):
    matrices = [unit(40, seed=i).astype(dtype) for i in range(30)]
    matrices[29][13, 5] = value
    with pytest.raises(InputError, match="token 13 of document 'm29'"):
        build(
            tmp_path / "i",
            matrices,
            [f"m{i}" for i in range(30)],
            sample_tokens=10_000 if is_sampled else 20,
        )
    with pytest.raises(IndexNotFoundError):
        Searcher.open(tmp_path / "i")
    matrices[29][13, 5] = 0
    assert build(tmp_path / "i", matrices).documents == 30


@pytest.mark.parametrize(
    ("matrices", "ids", "words"),
    [
        ([unit(3), unit(3)], ["a", "a"], "'a' comes twice"),
        ([unit(3), unit(3)], ["a", ""], "empty id"),
        ([unit(3), unit(3)], ["a", 7], "must be a string, not 7"),
        ([unit(3), unit(3).astype(np.float64)], ["a", "b"], "'b'.*float64"),
        ([unit(3), unit(3, 48)], ["a", "b"], "'b'.*48 dimensions"),
        ([unit(3, 50)], ["a"], "'a'.*multiple of 16"),
        ([unit(3, 8)], ["a"], "'a'.*multiple of 16"),
        ([], [], "no token vectors"),
    ],
)
def test_hostile_documents_are_refused_by_name_and_leave_nothing(tmp_path, matrices, ids, words):
    for given in (ids, iter(ids)):
        with pytest.raises(ColModernError, match=words):
            build(tmp_path / "i", matrices, given)
        assert not (tmp_path / "i").exists()


def test_an_encoder_of_another_dimension_is_refused(tmp_path):
    with pytest.raises(InputError, match="document 'a' have 32 dimensions; 64 are expected"):
        build(tmp_path / "i", [unit(3)], ["a"], EncoderInfo("m", "f", 64))


def test_empty_documents_and_zero_vectors_are_welcome(tmp_path):
    matrices = [unit(5), np.zeros((0, 32), np.float32), np.zeros((4, 32), np.float32), unit(6)]
    assert build(tmp_path / "i", matrices).tokens == 15
    assert verify(tmp_path / "i") == []
    query = TokenEmbeddings(matrices[0], np.zeros((5, 2), np.int32))
    with Searcher.open(tmp_path / "i") as searcher:
        for effort in ("low", "medium", "high", "exact"):
            hits = searcher.search_embeddings(query, SearchRequest(k=100, effort=effort))
            assert hits.doc_ids[0] == "0"
            assert set(hits.doc_ids) == {"0", "2", "3"}, "k larger than the corpus"
            scores = dict(zip(hits.doc_ids, hits.scores, strict=True))
            assert scores["2"] == 0.0


@pytest.mark.parametrize(
    "matrices", [[np.zeros((0, 32), np.float32)] * 3, [np.zeros((9, 32), "f2")]]
)
def test_an_index_of_nothing_but_nothing(tmp_path, matrices):
    assert build(tmp_path / "i", matrices, None, EncoderInfo("m", "f", 32)).documents == len(
        matrices
    )
    assert verify(tmp_path / "i") == []
    query = TokenEmbeddings(unit(2), np.zeros((2, 2), np.int32))
    with Searcher.open(tmp_path / "i") as searcher:
        hits = searcher.search_embeddings(query, SearchRequest(k=3, effort="exact"))
    assert hits.scores.tolist() == [0.0] * len(hits)


def test_lengths_other_than_one_are_kept(tmp_path):
    long = unit(5) * np.array([[0.25], [2.0], [1.0], [30.0], [0.0]], np.float32)
    build(tmp_path / "i", [long, unit(8, seed=3)])
    query = TokenEmbeddings(unit(5)[3:4], np.zeros((1, 2), np.int32))
    with Searcher.open(tmp_path / "i") as searcher:
        hits = searcher.search_embeddings(query, SearchRequest(k=1, effort="exact"))
    assert (hits[0].doc_id, hits[0].score) == ("0", pytest.approx(30.0, rel=0.05))


def test_a_second_build_is_refused(tmp_path):
    build(tmp_path / "i", [unit(3)])
    with pytest.raises(IndexExistsError):
        build(tmp_path / "i", [unit(3)])
    with pytest.raises(TypeError, match="from_"):
        Indexer(tmp_path / "j").build_from_embeddings([unit(3)])


def test_vectors_of_another_encoder_are_refused_where_it_is_said_what_made_them(tmp_path):
    encoder, other = HashEncoder(dim=16), HashEncoder(dim=16, seed=5)
    Indexer(tmp_path / "i", other).build([("a", "words")])
    (tokens,) = encoder.encode_queries(["words"])
    with Searcher.open(tmp_path / "i") as searcher:
        assert searcher.search_embeddings(tokens, k=1), "nobody said what made them"
        assert searcher.search_embeddings(tokens, k=1, fingerprint=other.fingerprint)
        with pytest.raises(EncoderMismatchError, match=encoder.fingerprint[:12]):
            searcher.search_embeddings(tokens, k=1, fingerprint=encoder.fingerprint)
        with pytest.raises(EncoderMismatchError):
            searcher.explain_embeddings(tokens, "a", fingerprint=encoder.fingerprint)
