"""Is the newest state served, and does no request lose the one it began with?"""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from colmodern import HashEncoder, Indexer
from colmodern.errors import ColModernError, EncoderError, EncoderMismatchError
from colmodern.remote.reading import open_index
from colmodern.serve.encoding import SharedEncoder
from colmodern.serve.http.app import _refresh
from colmodern.serve.served import Library, ServedIndex
from colmodern.storage import IndexReader

from .kit import ENCODER


@pytest.fixture
def served(index):
    one = ServedIndex("i", index, ENCODER)
    yield one
    one.close()


def test_a_commit_is_served_after_a_refresh_and_a_request_keeps_its_state(served, index):
    with served.use() as before:
        assert not served.refresh()
        Indexer(index, ENCODER).update([("new", "purple bicycles")])
        assert served.refresh()
        assert (before.generation, served.generation) == (1, 2)
        assert "new" not in before.searcher.search("purple bicycles").doc_ids
        with served.use() as after:
            assert after.searcher.search("purple bicycles").doc_ids[0] == "new"
    with pytest.raises(ValueError, match="closed"):
        before.searcher.search("bread")


def test_an_index_that_is_damaged_is_served_as_it_was(served, index):
    Indexer(index, ENCODER).update([("new", "purple bicycles")])
    manifest = index / "manifest.json"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[:-30])
    with pytest.raises(ColModernError):
        served.refresh()
    with served.use() as snapshot:
        assert snapshot.searcher.search("bread").doc_ids[0] == "a"
    manifest.write_bytes(whole)
    assert served.refresh()
    assert served.generation == 2


def test_searches_in_many_threads_while_it_is_refreshed(served, index):
    wrong, stop = [], threading.Event()

    def search():
        while not stop.is_set():
            with served.use() as snapshot:
                if "a" not in snapshot.searcher.search("bread").doc_ids:
                    wrong.append(snapshot.generation)

    with ThreadPoolExecutor(3) as pool:
        searching = [pool.submit(search) for _ in range(3)]
        for number in range(10):
            Indexer(index, ENCODER).update([(f"n{number}", f"words of {number}")])
            served.refresh()
        stop.set()
        for one in searching:
            one.result()
    assert not wrong
    assert served.generation == 11


def test_an_index_made_again_with_another_encoder_is_served_with_that_one(tmp_path):
    path, other = tmp_path / "index", HashEncoder(dim=64, seed=5)
    Indexer(path, HashEncoder(dim=64)).build([("a", "bread")])
    one = ServedIndex("i", path)
    shutil.rmtree(path)
    Indexer(path, other).build([("b", "purple bicycles")])
    assert one.refresh()
    assert one.encoder.fingerprint == other.fingerprint
    with one.use() as snapshot:
        best = snapshot.searcher.search("purple bicycles", mode="late", k=1)[0]
    assert (best.doc_id, best.score) == ("b", pytest.approx(2, abs=0.1))
    one.close()


def test_what_cannot_be_served_is_tried_again_after_a_growing_pause(index, monkeypatch):
    now, tried = [1000.0], []

    def failing(reader, *, precision):
        tried.append(now[0] - 1000)
        raise EncoderError("There is no such model.")

    served = ServedIndex("i", index)
    # Not the clock of everybody: servers of other tests run in this process.
    monkeypatch.setattr("colmodern.serve.pause.time", SimpleNamespace(monotonic=lambda: now[0]))
    with monkeypatch.context() as broken:
        broken.setattr("colmodern.serve.served.encoder_of", failing)
        shutil.rmtree(index)
        Indexer(index, HashEncoder(dim=64, seed=5)).build([("b", "purple bicycles")])
        for _ in range(200):
            with pytest.raises(EncoderError, match="no such model"):
                served.refresh(retry=False)
            now[0] += 1
        assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
        with pytest.raises(EncoderError):
            served.refresh()
        assert len(tried) == 10, "who asks for it has it tried"
        Indexer(index, HashEncoder(dim=64, seed=5)).update([("c", "green boats")])
        with pytest.raises(EncoderError):
            served.refresh(retry=False)
        assert len(tried) == 11, "another commit is tried at once"
    now[0] += 1
    assert served.refresh(retry=False)
    served.close()


def test_an_index_of_another_encoder_is_refused(index):
    with pytest.raises(EncoderMismatchError):
        ServedIndex("i", index, HashEncoder(dim=64, seed=5))


def test_a_state_that_cannot_be_served_is_let_go(served, index, monkeypatch):
    opened = []

    def kept(make):
        def making(*given, **options):
            opened.append(make(*given, **options))
            return opened[-1]

        return making

    monkeypatch.setattr(IndexReader, "refresh", kept(IndexReader.refresh))
    monkeypatch.setattr("colmodern.serve.served.open_index", kept(open_index))
    shutil.rmtree(index)
    Indexer(index, HashEncoder(dim=64, seed=5)).build([("a", "bread")])
    with pytest.raises(EncoderMismatchError):
        served.refresh()
    with pytest.raises(EncoderMismatchError):
        ServedIndex("i", index, ENCODER)
    assert len(opened) == 2
    for reader in opened:
        with pytest.raises(ValueError, match="closed"):
            _ = reader.segments


def test_names(served):
    assert Library([served]).named(None) is served
    with pytest.raises(ColModernError, match="name 'i'"):
        Library([served, served])
    with pytest.raises(ColModernError, match="no index"):
        Library([])


def test_what_nobody_foresaw_ends_no_looking_for_commits(served, monkeypatch, caplog):
    counted, told = [], {}
    server = SimpleNamespace(metrics=SimpleNamespace(count_refresh_failure=counted.append))

    def failing(*, retry):
        assert not retry
        raise MemoryError

    with monkeypatch.context() as short:
        short.setattr(served, "refresh", failing)
        for _ in range(2):
            _refresh(server, served, told)
    assert counted == ["i", "i"]
    assert caplog.text.count("generation 1 is served on: MemoryError()") == 1
    _refresh(server, served, told)
    assert told == {}


class Batches(HashEncoder):
    """Keeps what it was asked to encode together, and waits to be let go."""

    def __init__(self):
        super().__init__(dim=64)
        self.batches, self.go = [], threading.Event()

    def encode_queries(self, texts):
        self.batches.append(list(texts))
        self.go.wait()
        if "bad" in texts:
            raise RuntimeError("bad")
        return super().encode_queries(texts)


def test_queries_that_wait_for_one_another_are_encoded_together():
    encoder = Batches()
    shared = SharedEncoder(encoder)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(shared.encode_queries, ["one"])
        while not encoder.batches:
            pass
        others = [pool.submit(shared.encode_queries, [text]) for text in ("two", "bad", "three")]
        while len(shared._waiting) < 3:
            pass
        encoder.go.set()
        (vectors,) = first.result()
        assert (vectors.vectors == ENCODER.encode_queries(["one"])[0].vectors).all()
        with pytest.raises(RuntimeError):
            others[1].result()
        for text, one in (("two", others[0]), ("three", others[2])):
            assert (one.result()[0].vectors == ENCODER.encode_queries([text])[0].vectors).all()
    assert set(encoder.batches[1]) == {"two", "bad", "three"}
    assert shared.n_tokens == 3


def test_a_shared_encoder_says_all_that_a_search_asks_of_an_encoder():
    """Else a served search would score, or choose passages, in another way than another one."""
    from colmodern.searcher.checks import scoring_for
    from colmodern.searcher.unread import unread_scripts
    from colmodern.serve.encoding import SharedEncoder

    encoder = HashEncoder(dim=32)
    shared = SharedEncoder(encoder)
    assert (shared.passage_map, scoring_for(shared)) == (None, scoring_for(encoder))
    assert unread_scripts(shared, "x") == ()
    encoder.passage_map, encoder.scoring = object(), "corrected"
    encoder.unread_scripts = lambda text: ("Greek",)
    assert shared.passage_map is encoder.passage_map
    assert scoring_for(shared) == "corrected"
    assert unread_scripts(shared, "x") == ("Greek",)
