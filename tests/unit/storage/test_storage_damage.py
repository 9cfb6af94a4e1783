import contextlib
import dataclasses
import random
from hashlib import blake2b

import numpy as np
import pytest

from colmodern import Searcher
from colmodern.errors import ColModernError, IndexCorruptError
from colmodern.kernels import Contexts
from colmodern.request import Effort, SearchRequest
from colmodern.storage import IndexReader, IndexWriter, SourceRecord, StoredDocument, verify
from colmodern.storage.format.manifest_json import encode_manifest
from colmodern.storage.snapshot.files import read_manifest
from colmodern.types import TokenEmbeddings

pytestmark = pytest.mark.usefixtures("unsynced")


@pytest.fixture
def index(kit, home):
    """An index with every kind of file in it."""
    path = home("i")
    with kit.create(path) as writer:
        kit.add(writer, ["a", "b", "c"])
        writer.set_sources([SourceRecord("a.md", "/docs", 1, 2, "ff", "md", ["a", "b"])])
        writer.commit()
        writer.delete(["b"])
        writer.commit()
    return path


def arrow_files(kit, index):
    files = [name for name in kit.names(index) if name.endswith(".arrow")]
    assert {file.split("/")[-1].split("-")[0].split(".")[0] for file in files} == {
        "codec",
        "sources",
        "tombstones",
        "documents",
        "tokens",
        "contexts",
        "postings",
        "words",
        "lengths",
    }
    return files


def sign(kit, index):
    """Give the files of an index, whatever they hold, the sizes and checksums of the manifest."""

    def mended(record):
        data = index.read(record.name)
        checksum = blake2b(data, digest_size=16).hexdigest()
        return dataclasses.replace(record, bytes=len(data), checksum=checksum)

    manifest = read_manifest(index)
    parts = ("documents", "tokens", "contexts", "postings", "tombstones")
    segments = tuple(
        dataclasses.replace(
            s,
            **{p: mended(getattr(s, p)) for p in parts if getattr(s, p)},
            words=dataclasses.replace(
                s.words, postings=mended(s.words.postings), lengths=mended(s.words.lengths)
            ),
        )
        for s in manifest.segments
    )
    codec = dataclasses.replace(manifest.codec, file=mended(manifest.codec.file))
    manifest = dataclasses.replace(
        manifest, segments=segments, codec=codec, sources=mended(manifest.sources)
    )
    kit.overwrite(index, "manifest.json", encode_manifest(manifest))


def search_everything(path):
    """Read all that a search may read, and give it to the native kernels."""
    with IndexReader.open(path) as reader:
        query = np.eye(reader.codec.dim, dtype=np.float32)[:3]
        tokens = TokenEmbeddings(query, np.zeros((3, 2), np.int32))
        searcher = Searcher(reader)
        for effort in Effort:
            searcher.search_embeddings(tokens, SearchRequest(k=3, effort=effort), passages=True)
        for words in reader.words:
            _ = words.posting_lists, words.word_arrays
            words.lengths.sum()
        searcher.search("some text a zz", SearchRequest(k=3, mode="bm25"))
        for segment in reader.segments:
            for i in range(segment.n_documents):
                document = segment.document(i)
                segment.position_of(document.id)
                segment.spans(i)
        list(reader.documents())
        reader.sources()


def test_every_damaged_byte_is_a_problem_and_no_crash(kit, index):
    rng = random.Random(0)
    for file in arrow_files(kit, index):
        data = index.read(file)
        positions = {0, len(data) - 1, *rng.sample(range(len(data)), 30)}
        for position in positions:
            damaged = bytearray(data)
            damaged[position] ^= 1 << rng.randrange(8)
            kit.overwrite(index, file, damaged)
            (problem,) = verify(index)
            assert problem.path == index.path / file
            assert "checksum" in str(problem)
            with contextlib.suppress(ColModernError):
                search_everything(index)
        kit.overwrite(index, file, data)
    assert verify(index) == []


def test_every_truncated_or_grown_file_is_refused_at_opening(kit, index):
    for file in arrow_files(kit, index):
        data = index.read(file)
        for damaged in (b"", data[:7], data[: len(data) // 2], data[:-1], data + b"\0"):
            kit.overwrite(index, file, damaged)
            sizes = f"has {len(damaged)} bytes, the manifest says {len(data)}"
            with pytest.raises(IndexCorruptError, match=sizes) as caught:
                IndexReader.open(index)
            assert caught.value.path == index.path / file
            (problem,) = verify(index)
            assert problem.path == index.path / file
        kit.overwrite(index, file, data)


def test_a_damaged_manifest_is_a_problem_and_no_crash(kit, index):
    rng = random.Random(2)
    file = "manifest.json"
    data = index.read(file)
    for _ in range(100):
        damaged = bytearray(data)
        damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        for content in (damaged, damaged[: rng.randrange(len(data))]):
            kit.overwrite(index, file, content)
            (problem,) = verify(index)
            assert problem.path == index.path / file
            with pytest.raises(ColModernError):
                search_everything(index)
    kit.overwrite(index, file, data)
    assert verify(index) == []


@pytest.mark.parametrize("wrong", ["token", "start", "length", "skip marked", "length marked"])
def test_wide_spans_that_do_not_fit_are_a_problem(wrong, kit, index):
    skips = np.full(1300, 3)
    skips[[777, 778, 1234]] = [70_000, 9, 10_000]
    starts = np.cumsum(skips)
    ends = starts + 2
    ends[[777, 778]] += [5000, 3]
    spans = np.stack([starts, ends], axis=1).astype(np.int32)
    with IndexWriter.open(index) as writer:
        segment = writer.new_segment()
        segment.add(StoredDocument("wide", "x"), kit.codes(len(spans)), spans)
        segment.finish()
        writer.commit()
    assert verify(index) == []
    file = "segment-000002/documents.arrow"
    old, new = {
        "token": (np.int32([777, 1234]), np.int32([776, 1234])),
        "start": (np.int32([starts[777], starts[1234]]), np.int32([-5, starts[1234]])),
        "length": (np.int32([5002, 2]), np.int32([5002, -2])),
        "skip marked": (np.uint8([3, 255, 9]), np.uint8([3, 5, 9])),
        "length marked": (np.uint8([2, 255, 5]), np.uint8([2, 254, 5])),
    }[wrong]
    set_numbers(kit, index, file, old, new)
    sign(kit, index)
    with pytest.raises(IndexCorruptError, match=r"of document 0, .* span"):
        IndexReader.open(index).segments[1].spans(0)
    (problem,) = verify(index)
    assert problem.path == index.path / file


def test_every_missing_file_is_named(kit, index):
    for file in arrow_files(kit, index):
        data = index.read(file)
        index.delete(file)
        with pytest.raises(IndexCorruptError, match="cannot be read") as caught:
            IndexReader.open(index)
        assert caught.value.path == index.path / file
        (problem,) = verify(index)
        assert problem.path == index.path / file
        kit.overwrite(index, file, data)


def test_damage_with_right_checksums_is_found_or_harmless(kit, index):
    rng = random.Random(1)
    for file in arrow_files(kit, index):
        data = index.read(file)
        for _ in range(40):
            damaged = bytearray(data)
            for _ in range(rng.choice([1, 1, 4])):
                damaged[rng.randrange(len(data))] = rng.choice([0, 1, 127, 128, 255])
            length = rng.choice([len(data), len(data), len(data) // 2])
            kit.overwrite(index, file, damaged[:length])
            sign(kit, index)
            verify(index)
            with contextlib.suppress(ColModernError):
                search_everything(index)
        kit.overwrite(index, file, data)
        sign(kit, index)
    assert verify(index) == []


def set_numbers(kit, index, file, old, new):
    """Replace a run of numbers in a file."""
    data = index.read(file)
    assert data.count(old.tobytes()) == 1
    data = data.replace(old.tobytes(), new.astype(old.dtype).tobytes())
    kit.overwrite(index, file, data)


@pytest.mark.parametrize(
    ("column", "part"),
    [
        ("token_offsets", "documents"),
        ("posting_offsets", "postings"),
    ],
)
@pytest.mark.parametrize("wrong", ["negative", "huge", "falling", "short"])
def test_offsets_that_leave_the_file_never_reach_a_kernel(kit, index, column, part, wrong):
    old = getattr(IndexReader.open(index).segments[0], column)
    new = old.copy()
    if wrong == "negative":
        new[0] = -1
    elif wrong == "huge":
        new[1] = 1 << 40
    elif wrong == "falling":
        new[-2] = new[-1] + 1
    else:
        new[-1] -= 1
    set_numbers(kit, index, f"segment-000001/{part}.arrow", old, new)
    sign(kit, index)
    with pytest.raises(IndexCorruptError):
        getattr(IndexReader.open(index).segments[0], column)
    assert len(verify(index)) == 1


@pytest.mark.parametrize(
    ("column", "part", "value"),
    [
        ("posting_documents", "postings", 3),
        ("posting_documents", "postings", 65_535),
    ],
)
def test_ids_that_leave_their_table_never_reach_a_kernel(kit, index, column, part, value):
    old = getattr(IndexReader.open(index).segments[0], column)
    new = old.copy()
    new[-1] = value
    set_numbers(kit, index, f"segment-000001/{part}.arrow", old, new)
    sign(kit, index)
    with pytest.raises(IndexCorruptError, match="ids run from"):
        getattr(IndexReader.open(index).segments[0], column)
    assert len(verify(index)) == 1


def test_centroid_ids_that_leave_the_codec_never_reach_a_kernel(kit, index):
    old = IndexReader.open(index).segments[0].codes.centroid_ids
    new = old.copy()
    new[3] = 8
    set_numbers(kit, index, "segment-000001/tokens.arrow", old, new)
    sign(kit, index)
    with pytest.raises(IndexCorruptError, match="ids run from 0 to 8, not below 8"):
        IndexReader.open(index).segments[0].codes  # noqa: B018


def test_tables_that_do_not_agree_are_a_problem(kit, index):
    segment = IndexReader.open(index).segments[0]
    old = segment.codes.centroid_ids
    set_numbers(kit, index, "segment-000001/tokens.arrow", old, 7 - old)
    sign(kit, index)
    (problem,) = verify(index)
    assert problem.path.name == "postings.arrow"
    assert "not what the tokens give" in str(problem)


def test_contexts_that_are_not_of_the_tokens_never_reach_a_kernel(kit, home):
    for name, n_tokens in (("one", 5), ("two", 200)):
        with kit.create(home(name)) as writer:
            kit.add(writer, ["a"], n_tokens=n_tokens)
            writer.set_sources([])
            writer.commit()
    part = "segment-000001/contexts.arrow"
    kit.overwrite(home("one"), part, home("two").read(part))
    sign(kit, home("one"))
    with pytest.raises(IndexCorruptError, match="2 contexts for 1 blocks"):
        IndexReader.open(home("one")).segments[0].contexts  # noqa: B018
    (problem,) = verify(home("one"))
    assert problem.path.name == "contexts.arrow"


def test_a_context_that_is_not_finite_is_a_problem(kit, home):
    gain = np.array([0.7, 0.6, 0.5], np.float16)
    contexts = Contexts(np.zeros((3, kit.codec.dim // 2), np.uint8), gain, np.array([0, 3]))
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        segment.add(StoredDocument("a", ""), kit.codes(280), kit.spans(280), contexts=contexts)
        segment.finish()
        writer.set_sources([])
        writer.commit()
    bad = np.array([0.7, np.nan, 0.5], np.float16)
    set_numbers(kit, home("i"), "segment-000001/contexts.arrow", gain, bad)
    sign(kit, home("i"))
    (problem,) = verify(home("i"))
    assert problem.path.name == "contexts.arrow"
    assert "not finite" in str(problem)


def test_a_live_id_that_is_there_twice_is_a_problem(kit, home):
    for name in ("one", "two"):
        kit.build(home(name), ["x"], ["b"])
    with IndexWriter.open(home("one")) as writer:
        writer.delete(["b"])
        kit.add(writer, ["y"])
        writer.commit()
    one, two = (read_manifest(home(name)) for name in ("one", "two"))
    for name in kit.names(home("two")):
        folder, _, part = name.partition("/")
        if folder == "segment-000001":
            kit.overwrite(home("one"), f"segment-000003/{part}", home("two").read(name))
    first = two.segments[0]
    copied = dataclasses.replace(
        one.segments[1],
        **{
            part: dataclasses.replace(getattr(first, part), name=f"segment-000003/{part}.arrow")
            for part in ("documents", "tokens", "contexts", "postings")
        },
    )
    manifest = dataclasses.replace(one, segments=(one.segments[0], copied))
    kit.overwrite(home("one"), "manifest.json", encode_manifest(manifest))
    (problem,) = verify(home("one"))
    assert "'x' is there twice" in str(problem)
