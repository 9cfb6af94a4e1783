"""Documents are looked up by id where they lie; all ids are read only once many were asked for."""

import pytest

from colmodern import HashEncoder, IndexConfig, Indexer
from colmodern.storage import IndexReader
from colmodern.storage.format.tables import StringColumn
from colmodern.storage.snapshot.lookup import DocumentLookup

N_DOCUMENTS = 300
CONFIG = IndexConfig(merge=False)


@pytest.fixture
def path(tmp_path):
    """Return an index of two segments; a document is replaced and one deleted."""
    indexer = Indexer(tmp_path / "i", HashEncoder(dim=16), config=CONFIG)
    indexer.build([(f"d{n}", f"words of {n}") for n in range(N_DOCUMENTS)])
    indexer.update([("d7", "other words"), ("é", "an accent"), ("\U0001f600", "a face")])
    indexer.delete(["d8"])
    return tmp_path / "i"


def test_a_lookup_gives_the_same_before_and_after_all_ids_are_read(path):
    with IndexReader.open(path) as reader:
        known = reader.content_hashes()
        lookup = DocumentLookup(reader.segments)
        wanted = [*known, "d8", "", "d", "zz", "d0000"]
        assert len(reader.segments) == 2
        for _ in range(2):  # the first round uses up what searching may cost
            found = {i: h for i in wanted if (h := lookup.content_hash(i)) is not None}
            assert found == known
        assert lookup.place("d7") == (1, 0)
        assert lookup.place("d8") is None
        assert reader.content_hash("d9") == known["d9"]
        assert reader.content_hash("d8") is None


def test_a_change_of_one_document_does_not_read_all_ids(path, monkeypatch):
    n_read = 0
    read = StringColumn.bytes_at

    def counted(column, index):
        nonlocal n_read
        n_read += 1
        return read(column, index)

    monkeypatch.setattr(StringColumn, "bytes_at", counted)
    indexer = Indexer(path, HashEncoder(dim=16), config=CONFIG)
    assert indexer.update([("d20", "other words of 20")]).updated == 1
    assert indexer.update([("new", "a new one")]).added == 1
    assert indexer.delete(["d21", "nobody"]).deleted == 1
    assert n_read < N_DOCUMENTS
