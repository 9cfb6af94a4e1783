"""What every framework gets, without any of them."""

import inspect
import json
import sys

import pytest

from colmodern import ColModernError, Document, HashEncoder, Indexer, Searcher
from colmodern.integrations.asked import AskedIndex
from colmodern.integrations.needed import needed
from colmodern.integrations.tool import make_tool

ENCODER = HashEncoder(dim=64)
TEXT = "# Keys\n\nAll sorts.\n\n## Rotation\n\nAn officer may revoke a key. Others go home.\n"


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index"
    metadata = {"type": "markdown", "rank": "colonel", "page_starts": "[0]"}
    Indexer(path, ENCODER).build(
        [Document("keys", TEXT, "Keys", metadata), Document("ice", "a glacier moves")]
    )
    return path


def test_a_text_is_the_passage_with_its_place(index):
    (found,) = AskedIndex(index, k=1).texts("who may revoke a key")
    values = found.metadata
    assert found.text == TEXT[values["start"] : values["end"]]
    assert found.key == f"keys#{values['start']}-{values['end']}"
    assert "An officer may revoke a key." in found.text
    assert (values["id"], values["title"], values["section"]) == ("keys", "Keys", "Keys > Rotation")
    assert values["line"] == TEXT[: values["start"]].count("\n") + 1
    json.dumps(values)


def test_a_field_of_the_document_with_one_of_our_names_is_kept_under_another(index):
    (found,) = AskedIndex(index, k=1).texts("revoke")
    assert (found.metadata["rank"], found.metadata["document_rank"]) == (1, "colonel")
    assert "page_starts" not in found.metadata


def test_whole_documents_are_given_if_they_are_asked_for(index):
    (found,) = AskedIndex(index, whole_documents=True).texts("revoke", k=1)
    assert (found.text, found.key) == (TEXT, "keys")
    assert "start" not in found.metadata


def test_without_passages_there_is_no_text(index):
    (found,) = AskedIndex(index, passages=False, k=1).texts("revoke")
    assert (found.text, found.key) == ("", "keys")


def test_a_searcher_that_is_given_keeps_its_state_and_a_folder_does_not(index):
    with Searcher.open(index) as searcher:
        lent, own = AskedIndex(searcher, k=1), AskedIndex(index, k=1)
        own.texts("revoke")
        Indexer(index, ENCODER).update([Document("new", "a zebra")])
        assert own.texts("zebra")[0].doc_id == "new"
        assert lent.texts("zebra")[0].doc_id != "new"


def test_a_tool_has_types_a_docstring_and_plain_values(index):
    tool = make_tool(index, name="search_manuals", about="the manuals", k=1)
    assert tool.__name__ == "search_manuals"
    assert "the manuals" in inspect.getdoc(tool)
    assert list(inspect.signature(tool).parameters) == ["query", "k"]
    (found,) = tool("who may revoke a key")
    assert "An officer" in found["text"]
    assert len(tool("key", 1_000)) == 2
    assert len(tool("key", 0)) == 1
    json.dumps(found)


def test_masks_are_of_live_documents_only(index):
    Indexer(index, ENCODER).delete(["ice"])
    with Searcher.open(index) as searcher:
        masks = searcher.masks_of(["keys", "keys"])
        assert sum(mask.sum() for mask in masks) == 1
        assert searcher.search("a glacier moves", k=2).doc_ids == ("keys",)
        assert searcher.document("keys").text == TEXT
        with pytest.raises(ColModernError, match="ice") as error:
            searcher.masks_of(["ice"])
    assert error.value.code == "document_not_found"


def test_what_is_wrong_with_a_package_is_told_apart(monkeypatch):
    monkeypatch.setitem(sys.modules, "nowhere", None)
    with (
        pytest.raises(ColModernError, match=r'pip install "nowhere>=2"\.$') as missing,
        needed("nowhere>=2", module="nowhere", purpose="X"),
    ):
        import nowhere  # noqa: F401
    with (
        pytest.raises(ColModernError, match="does not fit: cannot import name 'nothing'") as other,
        needed("json>=2", module="json", purpose="X"),
    ):
        from json import nothing  # noqa: F401
    assert missing.value.code == other.value.code == "missing_package"
