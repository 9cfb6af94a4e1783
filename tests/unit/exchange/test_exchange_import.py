"""Indexes of other engines: their vectors, ids and texts, and what is damaged in them."""

import json
import os
import pickle

import numpy as np
import pytest
from typer.testing import CliRunner

from colmodern import ColModernError, Indexer, Searcher, TokenEmbeddings
from colmodern.cli.app import app
from colmodern.exchange import open_foreign

from .plaid_kit import DIM, PlaidKit

IDS = ["a", "b", "c", "d"]


def documents(foreign):
    found = {}
    for batch in foreign.embeddings().batches():
        for number, document in enumerate(batch.documents):
            start, end = batch.offsets[number : number + 2]
            found[document.id] = (batch.vectors[start:end], document.text)
    return found


def check(foreign, kit, ids):
    found = documents(foreign)
    assert list(found) == ids
    for (vectors, _), expected in zip(found.values(), kit.vectors(), strict=True):
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("merged", [False, True])
def test_fast_plaid_is_decoded(tmp_path, bits, merged):
    kit = PlaidKit(bits)
    foreign = open_foreign(kit.write_fast_plaid(tmp_path / "index", merged=merged))
    assert (foreign.kind, foreign.dim, foreign.bits) == ("fast-plaid", DIM, bits)
    assert (foreign.n_documents, foreign.n_tokens) == (4, 9)
    check(foreign, kit, ["0", "1", "2", "3"])


def test_pylate_brings_its_ids(tmp_path):
    kit = PlaidKit(4)
    foreign = open_foreign(kit.write_pylate(tmp_path / "index", IDS))
    assert foreign.kind == "PyLate"
    check(foreign, kit, IDS)


def test_a_pickle_that_names_code_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    folder = PlaidKit().write_pylate(tmp_path / "index", IDS)
    (folder / "plaid_ids_to_documents_ids.pkl").write_bytes(pickle.dumps({0: Evil()}))
    with pytest.raises(ColModernError, match=r"names (posix|nt)\.mkdir") as error:
        documents(open_foreign(folder))
    assert error.value.code == "file_unreadable"
    assert not (tmp_path / "ran").exists()


def test_stanford_is_decoded(tmp_path):
    torch = pytest.importorskip("torch")
    kit = PlaidKit(2)
    foreign = open_foreign(kit.write_stanford(tmp_path / "index", torch))
    assert foreign.kind == "Stanford ColBERT"
    check(foreign, kit, ["0", "1", "2", "3"])


def test_ragatouille_brings_ids_and_texts_of_passages(tmp_path):
    torch = pytest.importorskip("torch")
    kit = PlaidKit(2)
    folder = kit.write_stanford(tmp_path / "index", torch)
    names = {"0": "x", "1": "y", "2": "x", "3": "z"}
    (folder / "pid_docid_map.json").write_text(json.dumps(names))
    (folder / "collection.json").write_text(json.dumps(["one", "two", "three", "four"]))
    foreign = open_foreign(folder)
    check(foreign, kit, ["x#1", "y", "x#2", "z"])
    assert [text for _, text in documents(foreign).values()] == ["one", "two", "three", "four"]


def unfit(folder):
    np.save(folder / "0.codes.npy", np.zeros(2, np.int64))


def out_of_range(folder):
    np.save(folder / "1.codes.npy", np.full(6, 99))


def no_numbers(folder):
    (folder / "doclens.1.json").write_text('["two"]')


def half_merged(folder):
    (folder / "1.codes.npy").unlink()


def bits_of_another(folder):
    (folder / "metadata.json").write_text('{"num_chunks": 2, "nbits": 4}')


def no_metadata(folder):
    (folder / "metadata.json").write_text("[" * 100_000)


def infinite(folder):
    np.save(folder / "bucket_weights.npy", np.full(4, np.inf))


@pytest.mark.parametrize(
    "harm",
    [unfit, out_of_range, no_numbers, half_merged, bits_of_another, no_metadata, infinite],
    ids=lambda harm: harm.__name__,
)
def test_what_is_damaged_is_told_and_no_index_is_made(tmp_path, harm):
    folder = PlaidKit(2).write_fast_plaid(tmp_path / "index")
    harm(folder)
    done = CliRunner().invoke(app, ["import", str(folder), "--index", str(tmp_path / "new")])
    assert isinstance(done.exception, ColModernError)
    assert done.exception.code == "file_unreadable"
    assert not (tmp_path / "new" / "manifest.json").exists()


@pytest.mark.parametrize(
    "array",
    [np.float32(1), np.zeros(3, "U2"), np.zeros((2, 2, 2)), np.zeros((6, 4), complex), np.zeros(0)],
    ids=["one", "texts", "three", "complex", "none"],
)
@pytest.mark.parametrize(
    "name", ["centroids", "bucket_weights", "0.codes", "1.codes", "1.residuals"]
)
def test_an_array_of_another_kind_is_told(tmp_path, name, array):
    folder = PlaidKit(2).write_fast_plaid(tmp_path / "index")
    np.save(folder / f"{name}.npy", array)
    done = CliRunner().invoke(app, ["import", str(folder), "--index", str(tmp_path / "new")])
    assert isinstance(done.exception, ColModernError)
    assert done.exception.code == "file_unreadable"
    assert not (tmp_path / "new" / "manifest.json").exists()


def test_a_folder_of_something_else_is_told(tmp_path):
    for folder, code in ((tmp_path, "layout_unknown"), (tmp_path / "no", "file_not_found")):
        with pytest.raises(ColModernError) as error:
            open_foreign(folder)
        assert error.value.code == code


def test_the_command_makes_an_index_that_finds_what_the_codes_stand_for(tmp_path):
    kit = PlaidKit(4)
    folder = kit.write_pylate(tmp_path / "index", IDS)
    new = tmp_path / "new"
    done = CliRunner().invoke(app, ["import", str(folder), "--index", str(new), "--format", "json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["from"] == "PyLate"
    (_, _, wanted, _) = kit.vectors()
    tokens = TokenEmbeddings(wanted.astype(np.float32), np.zeros((len(wanted), 2), np.int32))
    with Searcher.open(new) as searcher:
        assert searcher.search_embeddings(tokens, k=1).doc_ids == ("c",)


def test_an_index_that_is_there_is_not_replaced(tmp_path):
    folder = PlaidKit(4).write_fast_plaid(tmp_path / "index")
    Indexer(tmp_path / "new").build_from_embeddings(open_foreign(folder).embeddings())
    done = CliRunner().invoke(app, ["import", str(folder), "--index", str(tmp_path / "new")])
    assert done.exception.code == "index_exists"
