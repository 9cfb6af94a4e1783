"""An index for other engines; LanceDB and Qdrant where they are installed."""

import json
import sys
from itertools import pairwise

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from colmodern import (
    ColModernError,
    Document,
    Embeddings,
    HashEncoder,
    Indexer,
    TokenEmbeddings,
)
from colmodern.cli.app import app
from colmodern.errors import IndexCorruptError
from colmodern.exchange import export
from colmodern.exchange.rows import ExportedDocument
from colmodern.exchange.targets import to_qdrant
from colmodern.storage import StoredDocument

ENCODER = HashEncoder(dim=64)
DOCUMENTS = [
    Document("keys", "An officer may revoke a key.", "Keys", {"year": 2024, "type": "note"}),
    Document("empty", ""),
    Document("ice", "A glacier moves — a metre a day.", metadata={"cold": True}),
    Document("old", "This one is deleted."),
]
KEPT = ["keys", "empty", "ice"]


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index"
    Indexer(path, ENCODER).build(DOCUMENTS)
    Indexer(path, ENCODER).delete(["old"])
    return path


def alike(found, text):
    """The lowest cosine of reconstructed vectors with those of a text."""
    (given,) = ENCODER.encode_documents([text])
    return (np.asarray(found, np.float32) * given.vectors).sum(axis=1).min()


@pytest.mark.parametrize("shards", [None, 2], ids=["one index", "a set"])
@pytest.mark.parametrize("name", ["codec", "documents", "tokens", "contexts"])
def test_what_is_damaged_does_not_leave(tmp_path, name, shards):
    path = tmp_path / "index"
    Indexer(path, ENCODER, shards=shards).build(DOCUMENTS[2:3])
    for file in path.rglob(f"{name}*.arrow"):
        data = bytearray(file.read_bytes())
        data[len(data) * 3 // 5] ^= 1
        file.write_bytes(data)
    with pytest.raises(IndexCorruptError, match=name):
        export(path, tmp_path / "out.parquet")
    assert not [one for one in tmp_path.iterdir() if one != path]


def test_parquet_has_the_live_documents_with_reconstructed_vectors(index, tmp_path):
    output = tmp_path / "out.parquet"
    report = export(index, output)
    assert (report.documents, report.points) == (3, 3)
    assert "reconstructed" in report.vectors
    table = pq.read_table(output)
    assert json.loads(table.schema.metadata[b"colmodern"])["vectors"] == "reconstructed"
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == KEPT
    assert alike(rows[2]["vectors"], DOCUMENTS[2].text) > 0.97
    assert json.loads(rows[0]["metadata"]) == DOCUMENTS[0].metadata
    start, end = rows[2]["spans"][1]
    assert DOCUMENTS[2].text[start:end] == "glacier"


def test_npz_has_the_same_and_nothing_pickled(index, tmp_path):
    output = tmp_path / "out.npz"
    export(index, output, to="npz")
    with np.load(output, allow_pickle=False) as arrays:
        offsets, vectors = arrays["offsets"], arrays["vectors"]
        assert alike(vectors[offsets[2] : offsets[3]], DOCUMENTS[2].text) > 0.97
        assert arrays["spans"].shape == (len(vectors), 2)
        ends = arrays["ids_offsets"]
        data = arrays["ids"].tobytes()
        ids = [data[a:b].decode() for a, b in pairwise(ends)]
        Indexer(tmp_path / "again").build_from_embeddings(
            Embeddings.from_arrays(vectors, offsets, ids=ids)
        )
    assert ids == KEPT


def test_lancedb_finds_the_same_first(index, tmp_path):
    lancedb = pytest.importorskip("lancedb")
    export(index, tmp_path / "lance", to="lancedb")
    table = lancedb.connect(str(tmp_path / "lance")).open_table("documents")
    assert table.count_rows() == 3
    (query,) = ENCODER.encode_queries(["a glacier"])
    (found,) = table.search(query.vectors, vector_column_name="vectors").limit(1).to_list()
    assert found["id"] == "ice"


def test_qdrant_finds_the_same_first(index, tmp_path):
    qdrant = pytest.importorskip("qdrant_client")
    export(index, tmp_path / "qdrant", to="qdrant")
    client = qdrant.QdrantClient(path=str(tmp_path / "qdrant"))
    (query,) = ENCODER.encode_queries(["a glacier"])
    found = client.query_points(
        to_qdrant.COLLECTION, query=query.vectors.tolist(), using=to_qdrant.VECTOR, limit=1
    )
    count = client.count(to_qdrant.COLLECTION).count
    client.close()
    assert count == 3
    assert found.points[0].payload["document"] == "ice"
    assert found.points[0].score == pytest.approx(2, abs=0.1)


def test_a_long_document_is_cut_for_qdrant_and_no_token_is_lost():
    vectors = np.arange(64 * 40_000, dtype=np.float32).reshape(-1, 64)
    spans = np.zeros((len(vectors), 2), np.int32)
    document = StoredDocument("long", "words", metadata={"a": 1})
    points = list(to_qdrant.points_of([ExportedDocument(document, vectors, spans)]))
    parts = [np.array(point["vector"][to_qdrant.VECTOR]) for point in points]
    assert all(part.size < 1_048_576 for part in parts)
    np.testing.assert_array_equal(np.concatenate(parts), vectors)
    about = [(one["payload"]["part"], one["payload"]["parts"]) for one in points]
    assert about == [(0, 3), (1, 3), (2, 3)]
    assert len({point["id"] for point in points}) == 3


def test_what_is_there_is_not_overwritten_and_an_empty_index_has_nothing(index, tmp_path):
    (tmp_path / "there").write_text("mine")
    with pytest.raises(ColModernError) as error:
        export(index, tmp_path / "there")
    assert error.value.code == "folder_not_empty"
    assert (tmp_path / "there").read_text() == "mine"
    Indexer(index, ENCODER).delete(KEPT)
    with pytest.raises(ColModernError) as error:
        export(index, tmp_path / "out.parquet")
    assert error.value.code == "data_empty"


@pytest.mark.parametrize(("to", "module"), [("lancedb", "lancedb"), ("qdrant", "qdrant_client")])
def test_a_client_that_is_missing_is_named_and_nothing_is_left(
    index, tmp_path, to, module, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ColModernError, match="pip install") as error:
        export(index, tmp_path / "out", to=to)
    assert error.value.code == "missing_package"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]


def test_an_export_that_fails_leaves_nothing(index, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("colmodern.exchange.targets.arrow._lists", full)
    with pytest.raises(ColModernError, match="No space left") as error:
        export(index, tmp_path / "out.parquet")
    assert error.value.code == "file_not_written"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]


def test_the_command_says_what_was_written(index, tmp_path):
    words = ["export", str(tmp_path / "o.npz"), "--to", "npz", "--index", str(index)]
    done = CliRunner().invoke(app, [*words, "--format", "json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["target"], report["documents"]) == ("npz", 3)
    assert report["vectors"].startswith("reconstructed")


def test_ready_vectors_without_texts_can_go_too(tmp_path):
    (tokens,) = ENCODER.encode_documents(["one two"])
    assert isinstance(tokens, TokenEmbeddings)
    Indexer(tmp_path / "i").build_from_embeddings(Embeddings.from_matrices([tokens.vectors]))
    export(tmp_path / "i", tmp_path / "o.parquet")
    (row,) = pq.read_table(tmp_path / "o.parquet").to_pylist()
    assert (row["id"], len(row["vectors"])) == ("0", 2)
