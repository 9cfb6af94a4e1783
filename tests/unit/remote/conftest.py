"""A published index, in a folder that stands for an object store."""

import pytest

from colmodern import HashEncoder, Indexer, Searcher
from colmodern.remote import publishing, reading

ENCODER = HashEncoder(dim=16)
ROWS = [("a", "blue ovens"), ("b", "red trains"), ("c", "green boats")]


class RemoteKit:
    """Makes indexes, and looks at what a store holds."""

    encoder = ENCODER

    def __init__(self, folder):
        self.folder = folder
        self.store = folder / "store"
        self.url = self.store.as_uri()

    def build(self, name="index", rows=ROWS, **options):
        path = self.folder / name
        Indexer(path, ENCODER, **options).build(rows)
        return path

    def update(self, path, *rows):
        Indexer(path, ENCODER).update(rows)

    def published(self, **options):
        path = self.build(**options)
        publishing.push(path, self.url)
        return path

    def objects(self):
        """Names of all objects, and when each was written."""
        files = (path for path in self.store.rglob("*") if path.is_file())
        return {str(one.relative_to(self.store)): one.stat().st_mtime_ns for one in files}

    def largest(self):
        return max((self.store / "files").iterdir(), key=lambda path: path.stat().st_size)

    @staticmethod
    def ids(location):
        with Searcher.open(location, ENCODER) as searcher:
            hits = searcher.search("blue red green ovens trains boats", k=100, mode="late")
            return sorted(hit.doc_id for hit in hits)


@pytest.fixture
def remote(tmp_path, monkeypatch, unsynced):
    monkeypatch.setenv("COLMODERN_REMOTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reading, "ASKED_EVERY_SECONDS", 0.0)
    return RemoteKit(tmp_path)
