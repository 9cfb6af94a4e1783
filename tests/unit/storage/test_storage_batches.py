"""Documents that are added, or copied, many at a time: the same bytes as one by one."""

import numpy as np
import pytest

from colmodern.codec import Codes
from colmodern.errors import InputError
from colmodern.storage import IndexReader, IndexWriter, MemoryDirectory, StoredDocument

pytestmark = pytest.mark.usefixtures("unsynced")

TOKENS = (4, 0, 700, 1, 130, 0, 9)


@pytest.fixture
def documents():
    return [
        StoredDocument(
            f"d{i} \u00e9",
            "\U0001f600 text" * i,
            title="t" * (i % 3),
            metadata={"n": i},
            source=None if i % 2 else f"s{i}",
            content_hash=str(i),
        )
        for i in range(len(TOKENS))
    ]


@pytest.fixture
def parts(kit):
    """Codes and spans of each document; some tokens lie far from the one before."""
    rng = np.random.default_rng(1)
    starts = [np.cumsum(rng.choice([0, 1, 5, 254, 255, 400, 9_000], n)) for n in TOKENS]
    starts[2][5] = 0  # a jump back
    lengths = [rng.choice([0, 3, 254, 255, 10_000], n) for n in TOKENS]
    spans = [
        np.stack([s, s + n], axis=1).astype(np.int32) for s, n in zip(starts, lengths, strict=True)
    ]
    return [kit.codes(n, seed=i) for i, n in enumerate(TOKENS)], spans


def contents(directory):
    return {
        n: bytes(memoryview(directory.map(n))) for n in directory._files if n.endswith(".arrow")
    }


def test_documents_added_at_once_are_those_added_one_by_one(kit, documents, parts):
    codes, spans = parts
    found = []
    for at_once in (False, True):
        directory = MemoryDirectory("i")
        with kit.create(directory) as writer:
            segment = writer.new_segment()
            if at_once:
                offsets = np.cumsum([0, *TOKENS])
                segment.add_all(documents, Codes.concatenate(codes), np.concatenate(spans), offsets)
            else:
                for document, own, places in zip(documents, codes, spans, strict=True):
                    segment.add(document, own, places)
            segment.finish()
            writer.commit()
        found.append(contents(directory))
    assert found[0] == found[1]
    with IndexReader.open(directory) as reader:
        (segment,) = reader.segments
        for i, (document, places) in enumerate(zip(documents, spans, strict=True)):
            assert segment.document(i) == document
            np.testing.assert_array_equal(segment.spans(i), places)


@pytest.mark.parametrize("deleted", [[], [0], [2, 3], [1, 4, 6]])
def test_documents_that_are_copied_are_those_that_are_left(kit, documents, parts, deleted):
    codes, spans = parts
    directory, expected = MemoryDirectory("i"), MemoryDirectory("e")
    with kit.create(directory) as writer:
        for some in (slice(0, 3), slice(3, None)):
            segment = writer.new_segment()
            for document, own, places in list(zip(documents, codes, spans, strict=True))[some]:
                segment.add(document, own, places)
            segment.finish()
        writer.commit()
    with IndexWriter.open(directory) as writer:
        writer.delete([documents[i].id for i in deleted])
        writer.commit()
        writer.compact()
    with kit.create(expected) as writer:
        segment = writer.new_segment()
        for i in sorted(set(range(len(TOKENS))) - set(deleted)):
            segment.add(documents[i], codes[i], spans[i])
        segment.finish()
        writer.commit()
    assert sorted(map(hash, contents(directory).values())) == sorted(
        map(hash, contents(expected).values())
    )


@pytest.mark.parametrize(
    ("ids", "words"),
    [(("a", "b", "a"), "'a'"), (("a", ""), "empty id"), (("a", "\ud800"), "Unicode")],
)
def test_of_documents_one_of_which_is_refused_none_is_added(kit, ids, words):
    directory = MemoryDirectory("i")
    documents = [StoredDocument(name, "") for name in ids]
    nothing = np.zeros(len(ids) + 1, np.int64)
    with kit.create(directory) as writer:
        segment = writer.new_segment()
        with pytest.raises(InputError, match=words):
            segment.add_all(documents, kit.codes(0), kit.spans(0), nothing)
        assert segment.n_documents == 0


@pytest.mark.parametrize(
    "offsets", [[0, 2], [0, 1, 1], [1, 1, 2], [0, 3, 2], [0, 1.0, 2], [[0, 1, 2]]]
)
def test_places_of_documents_that_are_none_are_refused(kit, offsets):
    documents = [StoredDocument("a", ""), StoredDocument("b", "")]
    with kit.create(MemoryDirectory("i")) as writer:
        segment = writer.new_segment()
        with pytest.raises(ValueError, match="offsets must rise from 0 to 2"):
            segment.add_all(documents, kit.codes(2), kit.spans(2), np.array(offsets))
