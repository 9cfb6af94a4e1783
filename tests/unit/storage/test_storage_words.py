"""The words of an index: counted right, whatever was added, deleted, merged or interrupted."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

from colmodern.errors import IndexFormatError
from colmodern.searcher.bm25 import Lexicon
from colmodern.storage import IndexReader, IndexWriter, StoredDocument, verify
from colmodern.storage.format.manifest_json import encode_manifest
from colmodern.storage.format.word_postings import count_words
from colmodern.storage.snapshot.files import read_manifest
from colmodern.text.words import word_spans, words_of

pytestmark = pytest.mark.usefixtures("unsynced")

TEXTS = {
    "a": "An officer may revoke a key; a KEY that has leaked.",
    "b": "",
    "c": "Überfüllte Züge — 満員電車 x_1 über züge",
    "d": "key " * 70_000,
    "e": "z" * 65 + " " + "y" * 64,
}


def add(kit, writer, texts, title=""):
    segment = writer.new_segment()
    for seed, (name, text) in enumerate(texts.items()):
        document = StoredDocument(name, text, title=title, content_hash=name)
        segment.add(document, kit.codes(3, seed=seed), kit.spans(3))
    segment.finish()


def word_files(kit, path, start="words-"):
    return {name for name in kit.names(path) if name.startswith(start)}


def counts_in(words, n_documents):
    """The words of a segment turned back into a counter for each document."""
    found = [Counter() for _ in range(n_documents)]
    offsets, documents, counts = words.posting_lists
    for row, word in enumerate(words.words):
        part = slice(offsets[row], offsets[row + 1])
        for document, count in zip(documents[part], counts[part], strict=True):
            found[int(document)][word] = int(count)
    return found


def test_words_are_runs_of_letters_and_digits_in_lower_case():
    assert words_of("The Key's x_1, Ünïcode 3.14") == [
        "the", "key", "s", "x_1", "x", "1", "ünïcode", "3", "14"
    ]  # fmt: skip
    assert words_of("z" * 65) == []
    text = "The Key's x_1"
    assert [(w, text[a:b].lower()) for w, a, b in word_spans(text)] == [
        (w, w) for w in words_of(text)
    ]


def test_a_segment_knows_how_often_each_document_has_each_word(kit, home):
    with kit.create(home("i")) as writer:
        add(kit, writer, TEXTS, title="Keys")
        writer.commit()
    with IndexReader.open(home("i")) as reader:
        (words,) = reader.words
        expected = [Counter(words_of(f"Keys {text}")) for text in TEXTS.values()]
        expected[3]["key"] = 65_535  # as far as two bytes count
        assert counts_in(words, len(TEXTS)) == expected
        assert words.lengths.tolist() == [12, 1, 15, 70_001, 2]
        assert list(words.words) == sorted(words.words, key=str.encode)
    assert verify(home("i")) == []


def test_deletions_and_compaction_keep_the_words_true(kit, home):
    path = home("i")
    with kit.create(path) as writer:
        add(kit, writer, {"a": TEXTS["a"], "c": TEXTS["c"]})
        add(kit, writer, {"e": TEXTS["e"]})
        writer.commit()
        names = word_files(kit, path)
        writer.delete(["a"])
        writer.commit()
        assert word_files(kit, path) == names  # deletions do not rewrite
        writer.compact()
    with IndexReader.open(path) as reader:
        (words,) = reader.words
        assert counts_in(words, 2) == [Counter(words_of(TEXTS[name])) for name in "ce"]
    assert len(word_files(kit, path)) == len(word_files(kit, path, "lengths-")) == 1
    assert verify(path) == []


def test_an_index_without_words_says_so_and_gets_them_at_its_next_commit(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    manifest = read_manifest(path)
    bare = [dataclasses.replace(segment, words=None) for segment in manifest.segments]
    manifest = dataclasses.replace(manifest, segments=tuple(bare))
    kit.overwrite(path, "manifest.json", encode_manifest(manifest))
    with IndexReader.open(path) as reader:
        with pytest.raises(IndexFormatError, match="colmodern compact"):
            _ = reader.words
        with IndexWriter.open(path) as writer:
            writer.compact()
        assert len(reader.refresh().words) == 1
        with pytest.raises(IndexFormatError):  # the old snapshot is as it was
            _ = reader.words
    assert verify(path) == []


def test_words_of_another_analysis_are_not_searched_but_counted_anew(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    data = json.loads(path.read("manifest.json"))
    manifest = read_manifest(path)
    (segment,) = manifest.segments
    other = dataclasses.replace(segment.words, analysis="words/0")
    manifest = dataclasses.replace(manifest, segments=(dataclasses.replace(segment, words=other),))
    kit.overwrite(path, "manifest.json", encode_manifest(manifest))
    with IndexReader.open(path) as reader, pytest.raises(IndexFormatError, match="no words"):
        _ = reader.words
    assert verify(path) == []
    with IndexWriter.open(path) as writer:
        writer.commit()
    with IndexReader.open(path) as reader:
        assert reader.words[0].lengths.tolist() == [3, 3]
    assert data["segments"][0]["words"]["analysis"] == "words/2"


def test_words_of_the_analysis_before_are_searched_as_they_are(kit, home, monkeypatch):
    monkeypatch.setattr(
        "colmodern.storage.writer.words_writer.count_words",
        lambda texts: count_words(texts, "words/1"),
    )
    monkeypatch.setattr("colmodern.storage.writer.words_writer.ANALYSIS", "words/1")
    with kit.create(home("i")) as writer:
        add(kit, writer, {"a": "_kbhit_unix", "b": "kbhit"})
        writer.commit()
    monkeypatch.undo()
    with IndexReader.open(home("i")) as reader:
        assert [words.analysis for words in reader.words] == ["words/1"]
        lexicon = Lexicon(reader.words, np.array([0, 2]), np.ones(2, np.bool_))
        assert lexicon.look_up("_kbhit_unix").statistics.times == {"_kbhit_unix": 1}
    assert verify(home("i")) == []


def test_verify_finds_words_that_are_not_those_of_the_texts(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    other = kit.build(home("other"), ["c", "b"])
    for name in ("postings", "lengths"):
        record = getattr(read_manifest(other).segments[0].words, name)
        kit.overwrite(path, record.name, other.read(record.name))
    manifest = read_manifest(path)
    swapped = dataclasses.replace(
        manifest.segments[0], words=read_manifest(other).segments[0].words
    )
    manifest = dataclasses.replace(manifest, segments=(swapped,))
    kit.overwrite(path, "manifest.json", encode_manifest(manifest))
    (problem,) = verify(path)
    assert "not what the texts give" in str(problem)
    assert problem.path.name.startswith("words-")
