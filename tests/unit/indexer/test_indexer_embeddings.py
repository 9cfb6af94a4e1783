import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from colmodern import EmbeddedDocument, Embeddings, EncoderInfo, Indexer
from colmodern.codec import (
    MOST_DOCUMENTS,
    MOST_TOKENS,
    MOST_TOKENS_OF_ONE,
    DocumentReservoir,
)
from colmodern.errors import InputError
from colmodern.indexer.sampling import (
    MAX_SAMPLE_BYTES,
    Reservoir,
    are_held_out,
    sample_limit,
)
from colmodern.indexer.sources import embedded
from colmodern.indexer.sources.vector_spool import VectorSpool
from colmodern.storage import IndexReader

LENGTHS = [3, 0, 5, 1, 70]
IDS = ["a", "b", "c", "d", "e"]
TEXTS = ["some words", "", "five words are in here", "one", "many " * 70]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(embedded, "BATCH_TOKENS", 8)


@pytest.fixture(params=[np.float16, np.float32])
def matrices(request):
    rng = np.random.default_rng(0)
    return [rng.standard_normal((n, 32)).astype(request.param) for n in LENGTHS]


def flat(matrices):
    return np.concatenate(matrices), np.cumsum([0, *map(len, matrices)])


def spans_of(matrix, text):
    starts = np.minimum(np.arange(len(matrix)), len(text))
    return np.stack([starts, np.minimum(starts + 2, len(text))], axis=1).astype(np.int32)


def read(embeddings):
    """All documents of embeddings, apart again."""
    found = []
    for batch in embeddings.batches():
        assert batch.offsets[0] == 0
        assert batch.offsets[-1] == len(batch.vectors) == len(batch)
        for number, document in enumerate(batch.documents):
            start, end = batch.offsets[number : number + 2]
            spans = None if batch.spans is None else batch.spans[start:end]
            found.append((document, batch.vectors[start:end], spans))
    return found


def assert_same(embeddings, matrices, *, ids=IDS, texts=TEXTS):
    for _ in range(2 if embeddings.is_repeatable else 1):
        found = read(embeddings)
        assert [document.id for document, _, _ in found] == list(ids)
        assert [document.text for document, _, _ in found] == list(texts)
        for (_, vectors, _), matrix in zip(found, matrices, strict=True):
            assert np.array_equal(vectors, matrix)
            assert vectors.dtype == matrix.dtype or len(matrix) == 0


def table(matrices, inner="fixed", outer="list", value=None):
    kind = value or pa.from_numpy_dtype(matrices[0].dtype)
    inner_type = pa.list_(kind, 32) if inner == "fixed" else pa.list_(kind)
    outer_type = pa.large_list(inner_type) if outer == "large" else pa.list_(inner_type)
    rows = [[list(map(kind.to_pandas_dtype(), row)) for row in matrix] for matrix in matrices]
    return pa.table({"id": IDS, "vectors": pa.array(rows, outer_type), "text": TEXTS})


def test_arrays_in_memory_and_in_files_are_the_same(tmp_path, matrices):
    vectors, offsets = flat(matrices)
    assert_same(Embeddings.from_arrays(vectors, offsets, ids=IDS, texts=TEXTS), matrices)
    np.save(tmp_path / "v.npy", vectors)
    np.save(tmp_path / "o.npy", offsets.astype(np.uint32))
    from_files = Embeddings.from_arrays(
        tmp_path / "v.npy", str(tmp_path / "o.npy"), ids=IDS, texts=TEXTS
    )
    assert_same(from_files, matrices)
    assert len(list(from_files.batches())) == 2, "in pieces"
    assert not Embeddings.from_arrays(vectors, offsets).has_ids
    assert_same(Embeddings.from_arrays(vectors, offsets, texts=TEXTS), matrices, ids="01234")


def test_matrices_come_from_lists_and_from_generators(matrices):
    assert_same(Embeddings.from_matrices(matrices, ids=IDS, texts=TEXTS), matrices)
    once = Embeddings.from_matrices((m for m in matrices), ids=iter(IDS))
    assert not once.is_repeatable
    assert_same(once, matrices, texts=[""] * 5)
    assert_same(Embeddings.from_matrices(matrices), matrices, ids="01234", texts=[""] * 5)
    with pytest.raises(InputError, match="4 ids but more matrices"):
        read(Embeddings.from_matrices(matrices, ids=IDS[:4]))
    with pytest.raises(InputError, match="5 matrices but more texts"):
        read(Embeddings.from_matrices(matrices, texts=[*TEXTS, "x"]))


@pytest.mark.parametrize(("inner", "outer"), [("fixed", "list"), ("list", "large")])
def test_tables_and_streams_of_both_kinds_of_lists(matrices, inner, outer):
    whole = table(matrices, inner, outer)
    assert_same(Embeddings.from_arrow(whole), matrices)
    assert_same(
        Embeddings.from_arrow(whole.slice(1, 3)), matrices[1:4], ids="bcd", texts=TEXTS[1:4]
    )
    in_chunks = pa.concat_tables([whole.slice(0, 2), whole.slice(2)])
    assert_same(Embeddings.from_arrow(in_chunks), matrices)
    stream = pa.RecordBatchReader.from_batches(whole.schema, whole.to_batches(max_chunksize=2))
    once = Embeddings.from_arrow(stream)
    assert not once.is_repeatable
    assert_same(once, matrices)


def test_a_data_frame_is_a_table():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"id": [7, 8], "vectors": [[[0.5] * 32], [[1.0] * 32, [0.0] * 32]]})
    frame = frame.with_columns(polars.col("vectors").cast(polars.List(polars.List(polars.Float32))))
    found = read(Embeddings.from_arrow(frame))
    assert [(d.id, len(v)) for d, v, _ in found] == [("7", 1), ("8", 2)]


@pytest.mark.parametrize("inner", ["fixed", "list"])
def test_parquet_files_and_folders(tmp_path, matrices, inner):
    whole = table(matrices, inner)
    pq.write_table(whole, tmp_path / "all.parquet", row_group_size=2)
    assert_same(Embeddings.from_parquet(tmp_path / "all.parquet"), matrices)
    (tmp_path / "parts" / "b").mkdir(parents=True)
    pq.write_table(whole.slice(0, 2), tmp_path / "parts" / "a.parquet")
    pq.write_table(whole.slice(2), tmp_path / "parts" / "b" / "c.parquet")
    assert_same(Embeddings.from_parquet(str(tmp_path / "parts")), matrices)


def test_spans_titles_and_metadata_arrive_from_every_source(tmp_path):
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal((n, 32)).astype(np.float32) for n in LENGTHS]
    spans = [spans_of(m, text) for m, text in zip(matrices, TEXTS, strict=True)]
    titles = [f"title {i}" for i in IDS]
    metadata = [{"n": i, "kind": "x"} for i in range(5)]
    vectors, offsets = flat(matrices)
    columns = table(matrices).append_column("title", pa.array(titles))
    columns = columns.append_column("metadata", pa.array(metadata))
    as_lists = pa.array([s.tolist() for s in spans], pa.list_(pa.list_(pa.int64())))
    as_structs = pa.array([[{"start": a, "end": b} for a, b in s.tolist()] for s in spans])
    pq.write_table(columns.append_column("spans", as_lists), tmp_path / "x.parquet")
    documents = [
        EmbeddedDocument(*fields)
        for fields in zip(IDS, matrices, spans, TEXTS, titles, metadata, strict=True)
    ]
    for source in (
        Embeddings.from_documents(documents),
        Embeddings.from_arrays(
            vectors,
            offsets,
            ids=IDS,
            texts=TEXTS,
            titles=titles,
            metadata=metadata,
            spans=np.concatenate(spans),
        ),
        Embeddings.from_arrow(columns.append_column("spans", as_structs)),
        Embeddings.from_parquet(tmp_path / "x.parquet"),
    ):
        for number, (document, _, found) in enumerate(read(source)):
            assert np.array_equal(found, spans[number])
            assert (document.title, document.metadata) == (titles[number], metadata[number])


def test_a_spool_gives_back_what_it_took(tmp_path, matrices):
    source = Embeddings.from_documents(
        EmbeddedDocument(i, m, spans_of(m, t) if i == "c" else None, t, metadata={"n": 1})
        for i, m, t in zip(IDS, matrices, TEXTS, strict=True)
    )
    with VectorSpool(tmp_path) as spool:
        batches = list(source.batches())
        for batch in batches:
            spool.add(batch)
        for _ in range(2):
            for before, after in zip(batches, spool.batches(), strict=True):
                assert list(before.documents) == list(after.documents)
                assert np.array_equal(before.vectors, after.vectors)
                assert np.array_equal(before.offsets, after.offsets)
                assert (before.spans is None) == (after.spans is None)
                assert before.spans is None or np.array_equal(before.spans, after.spans)


ONE = np.ones((2, 32), np.float32)


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        (ONE.tolist(), "list, not a NumPy array"),
        (ONE.astype(np.float64), "float64"),
        (ONE.astype(np.int8), "int8"),
        (ONE[0], r"\(32,\)"),
        (np.ones((2, 48), np.float32), "48 dimensions, those before it 32"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_named(vectors, words):
    with pytest.raises(InputError, match=f"document 'bad'.*{words}"):
        read(Embeddings.from_matrices([ONE, vectors], ids=["good", "bad"]))


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        (np.zeros((3, 2), np.int32), r"shape \(3, 2\)"),
        (np.zeros((2, 2)), "float64"),
        (np.array([[0, 2], [2, 99]]), "Token 1 .* 2 to 99; its text has 4"),
        (np.array([[3, 1], [0, 0]]), "Token 0"),
        (np.array([[-1, 1], [0, 0]]), "Token 0"),
    ],
)
def test_spans_that_cannot_be_right_are_named(spans, words):
    with pytest.raises(InputError, match="'bad'") as caught:
        read(Embeddings.from_documents([EmbeddedDocument("bad", ONE, spans, "text")]))
    assert caught.match(words)


@pytest.mark.parametrize(
    ("vectors", "offsets", "words"),
    [
        (ONE, [0, 3], "from 0 to the number of tokens, 2"),
        (ONE, [0, 2, 1, 2], "document 1 goes from 2 to 1"),
        (ONE, [0.0, 2.0], "whole numbers"),
        (ONE, [], "whole numbers"),
        (ONE.astype(np.float64), [0, 2], "float16 or float32"),
        (ONE[0], [0, 32], "n_tokens, dim"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(vectors, offsets, words):
    with pytest.raises(InputError, match=words):
        Embeddings.from_arrays(vectors, np.array(offsets))


def test_columns_of_another_length_and_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(InputError, match="2 values of text for 1 documents"):
        Embeddings.from_arrays(ONE, np.array([0, 2]), texts=["a", "b"])
    (tmp_path / "no.npy").write_bytes(b"nothing of the kind")
    for file in ("no.npy", "missing.npy"):
        with pytest.raises(InputError, match=file):
            Embeddings.from_arrays(tmp_path / file, np.array([0, 2]))
    np.save(tmp_path / "fortran.npy", np.asfortranarray(np.ones((4, 32), np.float32)))
    with pytest.raises(InputError, match="C order"):
        Embeddings.from_arrays(tmp_path / "fortran.npy", np.array([0, 4]))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing of the kind")
    for place in ("bad.parquet", "missing.parquet"):
        with pytest.raises(InputError, match=place):
            Embeddings.from_parquet(tmp_path / place)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no file named"):
        Embeddings.from_parquet(tmp_path / "empty")


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        ([[[1.0] * 32], None], None, "'b' has no vectors"),
        ([[[1.0] * 32], [None]], None, "'b' has a missing value"),
        ([[[1.0] * 32], [[1.0] * 31 + [None]]], None, "'b' has a missing value"),
        ([[[1.0] * 32], [[1.0] * 31]], None, "'b' has a vector of 31"),
        ([[[1.0] * 32], [[1.0] * 32]], pa.float64(), "double"),
        ([["x"], ["y"]], pa.string(), "lists of"),
        (["x", "y"], pa.string(), "lists of"),
    ],
)
def test_arrow_columns_that_cannot_be_used_are_refused(column, kind, words):
    if words == "lists of":
        array = pa.array(column)
    else:
        array = pa.array(column, pa.list_(pa.list_(kind or pa.float32())))
    with pytest.raises(InputError, match=words):
        read(Embeddings.from_arrow(pa.table({"id": ["a", "b"], "vectors": array})))


def test_tables_without_ids_or_vectors_say_what_they_have():
    with pytest.raises(InputError, match="no column 'vectors'; it has id, embedding"):
        Embeddings.from_arrow(pa.table({"id": ["a"], "embedding": [1]}))
    vectors = pa.array([[[1.0] * 32]], pa.list_(pa.list_(pa.float32())))
    missing = pa.table({"id": pa.array([None], pa.string()), "vectors": vectors})
    with pytest.raises(InputError, match="has no id"):
        read(Embeddings.from_arrow(missing))
    with pytest.raises(InputError, match="not a dict"):
        Embeddings.from_arrow({"id": ["a"]})


def test_a_reservoir_keeps_a_uniform_sample_whatever_the_pieces():
    counts = np.zeros(1000)
    for seed in range(200):
        reservoir = Reservoir(50, 1, seed=seed)
        for start in range(0, 1000, 130):
            reservoir.offer(np.arange(start, min(start + 130, 1000), dtype=np.float32)[:, None])
        rows = reservoir.rows[:, 0].astype(int)
        assert len(set(rows.tolist())) == 50
        counts[rows] += 1
    thirds = counts.reshape(10, 100).sum(axis=1)
    assert thirds.sum() == 200 * 50
    assert np.all(np.abs(thirds - 1000) < 5 * np.sqrt(900)), thirds


def test_a_reservoir_that_does_not_fill_keeps_everything_in_order():
    reservoir = Reservoir(50, 2, seed=0)
    rows = np.arange(60, dtype=np.float16).reshape(30, 2)
    assert reservoir.offer(rows).tolist() == list(range(30))
    assert np.array_equal(reservoir.rows, rows)


def drawn(n_documents, n_tokens, seed=0):
    """Which documents of one length are kept, and the vectors."""
    reservoir = DocumentReservoir(1, seed=seed)
    for number in range(n_documents):
        reservoir.offer(np.full((n_tokens, 1), number, np.float16))
    vectors, offsets = reservoir.documents
    assert vectors.dtype == np.float32
    assert offsets[-1] == len(vectors)
    return vectors[offsets[:-1], 0].astype(int).tolist(), np.diff(offsets).tolist()


def test_documents_are_drawn_at_random_as_many_as_a_codec_keeps():
    kept, lengths = drawn(1000, 10)
    assert kept == sorted(set(kept))
    assert lengths == [10] * MOST_DOCUMENTS
    long_ones, cut = drawn(1000, 3 * MOST_TOKENS_OF_ONE)
    assert cut == [MOST_TOKENS_OF_ONE] * (MOST_TOKENS // MOST_TOKENS_OF_ONE)
    assert set(long_ones) < set(kept)  # the same numbers decide
    assert drawn(1000, 10, seed=1)[0] != kept
    counts = np.zeros(1000)
    for seed in range(40):
        counts[drawn(1000, 1, seed)[0]] += 1
    assert np.all(np.abs(counts.reshape(10, 100).sum(axis=1) - 1024) < 200), counts


def test_few_documents_are_all_drawn_and_empty_ones_are_none():
    assert drawn(5, 3) == ([0, 1, 2, 3, 4], [3] * 5)
    assert drawn(5, 0) == ([], [])
    assert drawn(0, 1) == ([], [])


def test_the_codec_of_an_index_keeps_documents_of_it(tmp_path):
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((n, 64)).astype("f4") for n in rng.integers(1, 40, 50)]
    given = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in given]
    embeddings = Embeddings.from_matrices(given, ids=[f"d{n}" for n in range(50)])
    Indexer(tmp_path / "i", EncoderInfo("made-up", "0" * 16, 64)).build_from_embeddings(embeddings)
    with IndexReader.open(tmp_path / "i") as reader:
        codec = reader.codec
    assert len(codec.documents.offsets) == 51
    ids = [set(codec.encode(one).centroid_ids) for one in given]
    assert [len(one) for one in ids] == np.diff(codec.documents.offsets).tolist()


def test_the_sample_is_bounded_in_bytes():
    assert sample_limit(300_000, 128) == 300_000
    assert sample_limit(300_000, 768) * 768 * 4 <= MAX_SAMPLE_BYTES
    assert sample_limit(10, 768) == 10


def test_documents_are_held_out_here_and_there_but_not_the_first():
    held_out = are_held_out(np.arange(16_000))
    assert not held_out[:32].any()
    assert 900 < held_out.sum() < 1100
    assert held_out.reshape(10, -1).sum(axis=1).min() > 50
