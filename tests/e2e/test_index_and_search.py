import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from colmodern import Document, HashEncoder, IndexConfig, Indexer, Searcher
from colmodern.corpus import ScanOptions
from colmodern.errors import (
    ConfigError,
    EncoderError,
    EncoderMismatchError,
    IndexExistsError,
    IndexNotFoundError,
    InputError,
)
from colmodern.request import SearchRequest
from colmodern.storage import IndexReader, verify
from colmodern.types import TokenEmbeddings

SUBJECTS = ["keys", "ovens", "trains", "glaciers", "violins", "taxes", "bees", "satellites"]
VERBS = ["rotate", "revoke", "repair", "measure", "inspect", "insure", "paint", "sell"]


@pytest.fixture
def encoder():
    return HashEncoder(dim=64)


def documents(n=200):
    rng = np.random.default_rng(5)
    filler = [f"filler{i}" for i in range(300)]
    for number in range(n):
        subject, verb = SUBJECTS[number % 8], VERBS[number // 8 % 8]
        words = list(rng.choice(filler, size=int(rng.integers(20, 120))))
        words.insert(int(rng.integers(0, len(words))), f"{verb} the {subject} number{number}")
        yield Document(f"d{number}", " ".join(words), title=f"About {subject}")


@pytest.fixture
def index(tmp_path, encoder):
    path = tmp_path / "index"
    Indexer(path, encoder, config=IndexConfig(segment_tokens=4000)).build(documents())
    return path


def exact_maxsim(encoder, query, docs):
    """The oracle: float MaxSim of every document, title and text."""
    vectors = encoder.encode_queries([query])[0].vectors
    scores = {}
    for document in docs:
        tokens = encoder.encode_documents([f"{document.title} {document.text}"])[0].vectors
        scores[document.id] = float((tokens @ vectors.T).max(axis=0).sum())
    return scores


def test_exact_search_finds_what_float_maxsim_finds(index, encoder):
    with Searcher.open(index, encoder) as searcher:
        for number in (3, 77, 199):
            query = f"{VERBS[number // 8 % 8]} the {SUBJECTS[number % 8]} number{number}"
            scores = exact_maxsim(encoder, query, documents())
            best = max(scores, key=scores.get)
            hits = searcher.search(query, k=5, exact=True, mode="late")
            assert hits[0].doc_id == best == f"d{number}"
            assert hits[0].score == pytest.approx(scores[best], rel=0.05)
            assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
            assert list(hits.scores) == sorted(hits.scores, reverse=True)


@pytest.mark.parametrize(("effort", "floor"), [("low", 0.6), ("medium", 0.9), ("high", 0.97)])
def test_effort_has_a_recall_floor_against_exact_search(index, encoder, effort, floor):
    queries = [
        f"{verb} {subject} filler{i}"
        for i, (verb, subject) in enumerate(zip(VERBS, SUBJECTS, strict=True))
    ]
    with Searcher.open(index, encoder) as searcher:
        exact = searcher.search_many(queries, k=10, exact=True)
        found = searcher.search_many(queries, k=10, effort=effort)
    recall = np.mean(
        [len(set(a.doc_ids) & set(b.doc_ids)) / 10 for a, b in zip(exact, found, strict=True)]
    )
    assert recall >= floor


def test_hits_do_not_depend_on_threads_nor_on_other_queries(index, encoder):
    with Searcher.open(index, encoder) as searcher:
        one = searcher.search("inspect the bees", k=7, threads=1)
        assert searcher.search("inspect the bees", k=7, threads=3) == one
        assert searcher.search_many(["sell violins", "inspect the bees"], k=7)[1] == one
        assert searcher.search("inspect the bees", k=3) == one[:3]


def test_the_passage_is_a_span_of_the_text_and_holds_the_match(index, encoder):
    texts = {document.id: document.text for document in documents()}
    with Searcher.open(index, encoder) as searcher:
        hit = searcher.search("paint the glaciers number51", k=1)[0]
    assert hit.passage.text == texts[hit.doc_id][hit.passage.start : hit.passage.end]
    assert "number51" in hit.passage.text


def test_k_beyond_the_corpus_gives_every_document(tmp_path, encoder):
    Indexer(tmp_path / "i", encoder).build([("a", "one fish"), ("b", "two fish")])
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert set(searcher.search("fish", k=1000, exact=True).doc_ids) == {"a", "b"}


def test_empty_documents_are_kept_but_never_found(tmp_path, encoder):
    report = Indexer(tmp_path / "i", encoder).build([("empty", ""), ("full", "some words")])
    assert report.documents == 2
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert searcher.search("words", k=5).doc_ids == ("full",)
        assert searcher.search("words", k=5, exact=True).doc_ids == ("full",)


def test_an_empty_index_answers_with_no_hits(tmp_path, encoder):
    Indexer(tmp_path / "i", encoder).build([])
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert len(searcher.search("anything")) == 0
        assert len(searcher.search("anything", exact=True)) == 0


def test_the_first_documents_of_an_index_that_was_empty_get_a_codec_of_their_own(tmp_path, encoder):
    folder = tmp_path / "corpus"
    folder.mkdir()
    indexer = Indexer(tmp_path / "i", encoder)
    indexer.sync([folder])
    for document in documents(60):
        (folder / f"{document.id}.txt").write_text(document.text)
    indexer.sync([folder])
    with IndexReader.open(tmp_path / "i") as reader:
        assert reader.codec.n_centroids > 1
        assert reader.n_documents == 60


def test_update_replaces_adds_and_leaves_alone(index, encoder):
    indexer = Indexer(index, encoder)
    first = next(iter(documents()))
    report = indexer.update([first, ("d1", "completely new zebra words"), ("new", "a quagga")])
    assert (report.unchanged, report.updated, report.added) == (1, 1, 1)
    assert report.documents == 201
    with Searcher.open(index, encoder) as searcher:
        assert searcher.search("zebra", k=1)[0].doc_id == "d1"
        assert searcher.search("quagga", k=1)[0].doc_id == "new"
    assert verify(index) == []


def test_deleted_documents_are_not_found_and_others_keep_their_ids(index, encoder):
    query = "paint the glaciers number51"
    with Searcher.open(index, encoder) as searcher:
        asked = {"exact": True, "mode": "late"}
        before = searcher.search(query, k=20, **asked)
        Indexer(index, encoder).delete([before[0].doc_id])
        assert searcher.search(query, k=20, **asked) == before, "a reader keeps its snapshot"
        after = searcher.refresh().search(query, k=19, **asked)
    assert after.doc_ids == before.doc_ids[1:]


def test_ids_that_come_twice_are_refused_and_nothing_is_made(tmp_path, encoder):
    with pytest.raises(InputError, match="twice"):
        Indexer(tmp_path / "i", encoder).build([("a", "x"), ("a", "y")])
    with pytest.raises(IndexNotFoundError):
        Searcher.open(tmp_path / "i", encoder)


def test_a_second_build_is_refused(index, encoder):
    with pytest.raises(IndexExistsError):
        Indexer(index, encoder).build([("a", "x")])


def test_an_index_of_another_encoder_is_refused(index):
    other = HashEncoder(dim=64, seed=1)
    with pytest.raises(EncoderMismatchError, match="made with"):
        Searcher.open(index, other)
    with pytest.raises(EncoderMismatchError):
        Indexer(index, other).update([("a", "x")])


def test_a_refreshed_searcher_asks_the_encoder_that_the_index_was_made_again_with(
    tmp_path, monkeypatch
):
    path, other = tmp_path / "index", HashEncoder(dim=64, seed=5)
    Indexer(path, HashEncoder(dim=64)).build([("a", "bread")])
    with Searcher.open(path) as searcher, Searcher.open(path, HashEncoder(dim=64)) as bound:
        assert searcher.search("bread", mode="late").doc_ids == ("a",)
        shutil.rmtree(path)
        Indexer(path, other).build([("b", "purple bicycles")])
        with searcher.refresh() as fresh:
            best = fresh.search("purple bicycles", mode="late")[0]
        with pytest.raises(EncoderMismatchError):
            bound.refresh()
        opened = []
        refresh = IndexReader.refresh
        monkeypatch.setattr(
            IndexReader, "refresh", lambda self: opened.append(refresh(self)) or opened[-1]
        )
        with pytest.raises(EncoderMismatchError):
            bound.refresh()
        monkeypatch.setattr(
            "colmodern.searcher.searcher.open_index",
            lambda path: opened.append(IndexReader.open(path)) or opened[-1],
        )
        with pytest.raises(EncoderMismatchError):
            Searcher.open(path, HashEncoder(dim=64))
        assert len(opened) == 2
        for reader in opened:
            with pytest.raises(ValueError, match="closed"):
                _ = reader.segments
    assert (best.doc_id, best.score) == ("b", pytest.approx(2, abs=0.1))


def test_bad_queries_are_refused_by_name(index, encoder):
    with Searcher.open(index, encoder) as searcher:
        with pytest.raises(InputError, match="empty"):
            searcher.search("   ")
        with pytest.raises(InputError, match="Query 2 of 2"):
            searcher.search_many(["fine", ""])
        with pytest.raises(ConfigError, match="k must be"):
            searcher.search("fine", k=0)
        with pytest.raises(ConfigError, match="effort"):
            searcher.search("fine", effort="maximal")
        nan = TokenEmbeddings(np.full((2, 64), np.nan, np.float32), np.zeros((2, 2), np.int32))
        with pytest.raises(InputError, match="NaN"):
            searcher.search_embeddings(nan, SearchRequest(k=3))
        narrow = TokenEmbeddings(np.ones((2, 32), np.float32), np.zeros((2, 2), np.int32))
        with pytest.raises(InputError, match="64"):
            searcher.search_embeddings(narrow, SearchRequest(k=3))


def test_a_query_of_no_tokens_is_refused(index, encoder):
    nothing = TokenEmbeddings(np.zeros((0, 64), np.float32), np.zeros((0, 2), np.int32))
    with Searcher.open(index, encoder) as searcher, pytest.raises(InputError) as found:
        searcher.search_embeddings(nothing, SearchRequest(k=3, effort="exact"))
    assert found.value.code == "query_empty"


def test_explain_names_the_tokens_that_matched(index, encoder):
    with Searcher.open(index, encoder) as searcher:
        explanation = searcher.explain("glaciers number51", "d51")
        with pytest.raises(InputError, match="d9999"):
            searcher.explain("x", "d9999")
    assert [match.query_token for match in explanation.matches] == ["glaciers", "number51"]
    assert explanation.matches[1].document_token == "number51"
    assert sum(match.share for match in explanation.matches) == pytest.approx(1.0)


def test_sync_touches_only_what_changed(tmp_path, encoder):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.txt").write_text(f"the {name} file tells of {name}things")
        os.utime(folder / f"{name}.txt", (1_600_000_000, 1_600_000_000))
    encoded = []

    class Counting(HashEncoder):
        def encode_documents(self, texts):
            encoded.extend(texts)
            return super().encode_documents(texts)

    indexer = Indexer(tmp_path / "i", Counting(dim=64))
    assert indexer.sync([folder]).added == 3
    encoded.clear()
    report = indexer.sync([folder])
    assert (report.unchanged, report.added, report.updated, report.deleted) == (3, 0, 0, 0)
    assert encoded == []
    (folder / "a.txt").write_text("the a file tells of zebras")
    (folder / "b.txt").unlink()
    (folder / "d.txt").write_text("a fourth file")
    os.utime(folder / "c.txt", (1_600_000_001, 1_600_000_001))
    report = indexer.sync([folder])
    assert (report.unchanged, report.added, report.updated, report.deleted) == (1, 1, 1, 1)
    assert len(encoded) == 2
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert set(searcher.search("file", k=9, exact=True).doc_ids) == {"a.txt", "c.txt", "d.txt"}
        assert searcher.search("zebras", k=1)[0].doc_id == "a.txt"
    assert verify(tmp_path / "i") == []


def test_rows_of_a_changed_file_are_encoded_only_where_they_changed(tmp_path, encoder):
    rows = tmp_path / "rows.jsonl"

    def write(texts):
        rows.write_text("".join(json.dumps({"_id": k, "text": v}) + "\n" for k, v in texts.items()))

    write({"r1": "one apple", "r2": "two pears", "r3": "three plums"})
    indexer = Indexer(tmp_path / "i", encoder)
    indexer.sync([rows])
    write({"r1": "one apple", "r2": "two quinces", "r4": "four figs"})
    report = indexer.sync([rows])
    assert (report.unchanged, report.updated, report.added, report.deleted) == (1, 1, 1, 1)
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert set(searcher.search("one", k=9, exact=True).doc_ids) == {"r1", "r2", "r4"}


def test_two_roots_live_side_by_side_and_names_that_collide_are_kept(tmp_path, encoder):
    for root in ("first", "second"):
        (tmp_path / root).mkdir()
        (tmp_path / root / "readme.txt").write_text(f"the {root} readme")
    indexer = Indexer(tmp_path / "i", encoder)
    indexer.sync([tmp_path / "first"])
    report = indexer.sync([tmp_path / "second"])
    assert (report.documents, report.renamed) == (2, 1)
    report = indexer.sync([tmp_path / "second"])
    assert (report.documents, report.unchanged, report.added) == (2, 2, 0)
    (tmp_path / "second" / "readme.txt").unlink()
    assert indexer.sync([tmp_path / "second"], prune=True).documents == 1


def test_a_moved_folder_keeps_its_vectors(tmp_path):
    encoded = []

    class Counting(HashEncoder):
        def encode_documents(self, texts):
            encoded.extend(texts)
            return super().encode_documents(texts)

    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (old / "a.txt").write_text("some words")
    Indexer(old / ".colmodern", Counting(dim=64)).sync([old])
    old.rename(new)
    encoded.clear()
    report = Indexer(new / ".colmodern", Counting(dim=64)).sync([new])
    assert (report.documents, report.unchanged, encoded) == (1, 1, [])
    assert Indexer(new / ".colmodern", Counting(dim=64)).sync([new]).documents == 1


def test_another_encoder_encodes_everything_again(tmp_path, encoder):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "a.txt").write_text("some words")
    Indexer(tmp_path / "i", encoder).sync([folder])
    Indexer(tmp_path / "i", encoder).update([("by-hand", "other words")])
    other = HashEncoder(dim=32, seed=9)
    report = Indexer(tmp_path / "i", other).sync([folder])
    assert report.documents == 2
    with Searcher.open(tmp_path / "i", other) as searcher:
        assert searcher.search("other", k=1)[0].doc_id == "by-hand"
    assert verify(tmp_path / "i") == []


def test_a_broken_file_is_counted_and_the_rest_is_indexed(tmp_path, encoder):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "good.txt").write_text("good words")
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 this is no pdf")
    (folder / "data.bin").write_bytes(bytes(range(256)))
    (folder / "empty.md").write_text("")
    (folder / "odd.txt").write_bytes(b"caf\xe9 \xff\xfe na\xefve words in latin one")
    report = Indexer(tmp_path / "i", encoder).sync([folder])
    assert report.documents == 2
    left_out = {reason: n for reason, n in report.skipped.counts.items() if not reason.is_note}
    assert sum(left_out.values()) == 3
    assert any("bad.pdf" in line for line in report.skipped_lines())


def test_an_index_inside_its_corpus_is_not_indexed(tmp_path, encoder):
    (tmp_path / "a.txt").write_text("some words")
    inside = tmp_path / "my [index]"
    for _ in range(2):
        assert Indexer(inside, encoder).sync([tmp_path]).documents == 1


def test_a_root_that_does_not_exist_makes_no_index(tmp_path, encoder):
    with pytest.raises(InputError, match="nowhere"):
        Indexer(tmp_path / "i", encoder).sync([tmp_path / "nowhere"])
    with pytest.raises(IndexNotFoundError):
        IndexReader.open(tmp_path / "i")


def test_a_kill_during_an_update_leaves_the_old_index(tmp_path, encoder):
    path = tmp_path / "i"
    Indexer(path, encoder).build([("old", "old words")])
    script = textwrap.dedent(
        """
        import os, signal, sys
        from colmodern import HashEncoder, Indexer

        class Dying(HashEncoder):
            def encode_documents(self, texts):
                if any("deadly" in text for text in texts):
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().encode_documents(texts)

        many = [(f"n{i}", "fresh words " * 2000) for i in range(200)]
        Indexer(sys.argv[1], Dying(dim=64)).update([("old", "new words"), *many, ("x", "deadly")])
        """
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert verify(path) == []
    with Searcher.open(path, encoder) as searcher:
        assert searcher.search("words", k=10).doc_ids == ("old",)
        assert "old words" in searcher.search("words", k=1)[0].passage.text
    Indexer(path, encoder).update([("late", "late words")])
    with Searcher.open(path, encoder) as searcher:
        assert searcher.n_documents == 2


def test_options_reach_the_rows(tmp_path, encoder):
    rows = tmp_path / "rows.csv"
    rows.write_text("key,head,body\n7,Fruit,an apple a day\n")
    options = ScanOptions(id_field="key", title_field="head", text_field="body")
    Indexer(tmp_path / "i", encoder).sync([rows], options)
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        hit = searcher.search("apple fruit", k=1)[0]
    assert (hit.doc_id, hit.title) == ("7", "Fruit")
    assert hit.passage.text == "an apple a day"


@pytest.mark.parametrize("effort", ["low", "medium"])
def test_fewer_hits_than_asked_for_means_that_there_are_no_more(index, encoder, effort):
    keep = {"d7", "d90", "d151"}
    Indexer(index, encoder).delete({f"d{i}" for i in range(200)} - keep)
    with Searcher.open(index, encoder) as searcher:
        assert set(searcher.search("word nobody wrote", k=5, effort=effort).doc_ids) == keep


def test_a_query_without_tokens_is_refused(index, encoder):
    with Searcher.open(index, encoder) as searcher:
        with pytest.raises(InputError, match="Query 2 of 2 holds nothing"):
            searcher.search_many(["bees", "?!"])
        with pytest.raises(InputError, match="at least one word"):
            searcher.explain("?!", "d1")


@pytest.mark.parametrize(
    "given", ["ab", ("a",), ("a", "b", "c"), {"id": "a", "text": "b"}, (1, "b"), ("a", None)]
)
def test_what_is_no_document_is_a_type_error_and_leaves_nothing(tmp_path, encoder, given):
    with pytest.raises(TypeError, match="must be a"):
        Indexer(tmp_path / "i", encoder).build([given])
    assert not (tmp_path / "i").exists()


@pytest.mark.parametrize("value", [object(), {3: 1, "a": 2}, float("nan"), [1]])
def test_metadata_that_are_not_flat_are_refused_by_name(tmp_path, encoder, value):
    metadata = value if isinstance(value, dict) else {"field": value}
    with pytest.raises(InputError, match=r"ocument 'a'"):
        Indexer(tmp_path / "i", encoder).build([Document("a", "text", metadata=metadata)])
    assert not (tmp_path / "i").exists()


class Odd(HashEncoder):
    """An encoder of somebody else, with a mistake."""

    def __init__(self, change):
        super().__init__(dim=64)
        self.change = change

    def encode_documents(self, texts):
        return self.change(super().encode_documents(texts))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda found: found[:-1], "1 results for 2 documents"),
        (lambda found: [t.vectors for t in found], "ndarray"),
        (lambda found: [TokenEmbeddings(t.vectors[:, :32], t.spans) for t in found], "expected"),
        (lambda found: [TokenEmbeddings(t.vectors, t.spans[1:]) for t in found], "spans of shape"),
        (lambda found: [TokenEmbeddings(t.vectors, t.spans + 99) for t in found], "spans from"),
    ],
)
def test_an_encoder_that_breaks_its_word_is_named(tmp_path, change, words):
    with pytest.raises(EncoderError, match=words):
        Indexer(tmp_path / "i", Odd(change)).build([("a", "one two"), ("b", "three")])
    assert not (tmp_path / "i").exists()


def test_one_string_is_not_a_list_of_ids(index, encoder):
    with pytest.raises(TypeError, match="list of strings"):
        Indexer(index, encoder).delete("d1")


def test_a_deleted_document_is_not_counted_as_unchanged(tmp_path, encoder):
    (tmp_path / "docs").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "docs" / name).write_text(f"text of {name}")
    indexer = Indexer(tmp_path / "i", encoder)
    indexer.sync([tmp_path / "docs"])
    indexer.delete(["a.txt"])
    report = indexer.sync([tmp_path / "docs"])
    assert (report.documents, report.unchanged) == (1, 1)


def with_first_value(value):
    """An encoder's mistake: one value of the last token of every text."""

    def change(found):
        for tokens in found:
            tokens.vectors[-1:, 0] = value
        return found

    return change


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_an_encoder_that_gives_no_numbers_is_caught_with_the_document(tmp_path, value):
    with pytest.raises(InputError, match="token 1 of document 'a'"):
        Indexer(tmp_path / "i", Odd(with_first_value(value))).build([("a", "one two")])
    assert not (tmp_path / "i").exists()


def test_an_encoder_that_goes_wrong_during_an_update_leaves_the_index_as_it_was(index, encoder):
    with pytest.raises(InputError, match="document 'bad'"):
        Indexer(index, Odd(with_first_value(np.nan))).update([("bad", "one two")])
    assert verify(index) == []
    with Searcher.open(index, encoder) as searcher:
        assert searcher.n_documents == 200
        assert searcher.search("glaciers number51", k=1)[0].doc_id == "d51"


def test_texts_whose_vectors_are_zero_or_none_are_indexed(tmp_path, encoder):
    def zero(found):
        return [TokenEmbeddings(np.zeros_like(t.vectors), t.spans) for t in found]

    Indexer(tmp_path / "i", Odd(zero)).build([("a", "one two"), ("b", ""), ("c", "?!")])
    assert verify(tmp_path / "i") == []
    with Searcher.open(tmp_path / "i", encoder) as searcher:
        assert searcher.n_documents == 3
        hits = searcher.search("one", k=50, exact=True, mode="late")
    assert (hits.doc_ids, hits.scores.tolist()) == (("a",), [0.0])


@pytest.mark.parametrize("dim", [8, 50, 4096])
def test_an_encoder_of_a_dimension_that_cannot_be_coded_is_refused(tmp_path, dim):
    with pytest.raises(EncoderError, match=f"{dim}.*multiple of 16"):
        Indexer(tmp_path / "i", HashEncoder(dim=dim)).build([("a", "one two")])
    assert not (tmp_path / "i").exists()


def test_more_hits_than_documents_are_all_documents_once(index, encoder):
    with Searcher.open(index, encoder) as searcher:
        for effort in ("low", "medium", "high", "exact"):
            ids = searcher.search("rotate the keys", k=10_000, effort=effort).doc_ids
            assert sorted(ids) == sorted(f"d{i}" for i in range(200))
