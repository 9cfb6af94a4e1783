import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from colmodern.codec import Codec, Codes
from colmodern.errors import InputError
from colmodern.kernels import Contexts
from colmodern.storage import (
    EncoderInfo,
    IndexReader,
    IndexWriter,
    SourceRecord,
    StoredDocument,
    verify,
)
from colmodern.storage.directory import scratch
from colmodern.storage.format import postings
from colmodern.storage.format.schemas import document_dtype
from colmodern.storage.format.spans import pack_spans, unpack_spans

pytestmark = pytest.mark.usefixtures("unsynced")

COLUMNS = ("centroid_ids", "residuals", "gains", "norms")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
documents = st.builds(
    StoredDocument,
    id=texts.filter(bool),
    text=texts,
    title=texts,
    metadata=st.dictionaries(texts, values | texts, max_size=3),
    source=st.none() | texts.filter(bool),
    content_hash=texts,
)


def assert_same_codes(found, expected):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        assert getattr(found, name).dtype == getattr(expected, name).dtype


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(documents, st.integers(0, 6)), max_size=6, unique_by=lambda r: r[0].id)
)
def test_everything_that_was_added_comes_back(rows, kit, tmp_path_factory):
    path = tmp_path_factory.mktemp("index")
    with kit.create(path) as writer:
        segment = writer.new_segment()
        for seed, (document, n_tokens) in enumerate(rows):
            segment.add(document, kit.codes(n_tokens, seed=seed), kit.spans(n_tokens))
        segment.finish()
        writer.commit()
    with IndexReader.open(path) as reader:
        assert list(reader.documents()) == [document for document, _ in rows]
        assert reader.n_documents == len(rows)
        assert reader.n_tokens == sum(n for _, n in rows)
        assert reader.content_hashes() == {d.id: d.content_hash for d, _ in rows}
        for i, (document, n_tokens) in enumerate(rows):
            segment, position = reader.find(document.id)
            assert position == i
            assert segment.id_of(i) == document.id
            start, end = segment.token_offsets[i : i + 2]
            assert_same_codes(segment.codes[start:end], kit.codes(n_tokens, seed=i))
            np.testing.assert_array_equal(segment.spans(i), kit.spans(n_tokens))
    assert verify(path) == []


def test_the_codec_comes_back_bit_for_bit(kit, home):
    with IndexReader.open(kit.build(home("i"), ["a"])) as reader:
        assert reader.codec.fingerprint == kit.codec.fingerprint
        assert reader.manifest.codec.fingerprint == kit.codec.fingerprint
        for name, array in kit.codec.to_table().items():
            found = reader.codec.to_table()[name]
            assert found.dtype == array.dtype
            assert found.tobytes() == array.tobytes()


def test_the_manifest_keeps_encoder_and_config(kit, home):
    with IndexReader.open(kit.build(home("i"), ["a"])) as reader:
        assert reader.manifest.encoder == kit.encoder
        assert reader.manifest.config == {"bits": 4}
        assert reader.manifest.generation == 1


def test_postings_match_a_slow_count(kit, home):
    path = home("i")
    with kit.create(path) as writer:
        segment = writer.new_segment()
        for i, n_tokens in enumerate([4, 0, 9, 1]):
            segment.add(
                StoredDocument(f"d{i}", ""), kit.codes(n_tokens, seed=i), kit.spans(n_tokens)
            )
        segment.finish()
        writer.commit()
    (segment,) = IndexReader.open(path).segments
    sets = [set(kit.codes(n, seed=i).centroid_ids.tolist()) for i, n in enumerate([4, 0, 9, 1])]
    for centroid in range(8):
        start, end = segment.posting_offsets[centroid : centroid + 2]
        holders = [i for i, ids in enumerate(sets) if centroid in ids]
        assert segment.posting_documents[start:end].tolist() == holders


def test_columns_are_views_of_the_files_and_outlive_the_reader(kit, home):
    reader = IndexReader.open(kit.build(home("i"), ["a", "b"]))
    (segment,) = reader.segments
    columns = [
        segment.codes.centroid_ids,
        segment.codes.residuals,
        segment.codes.gains,
        segment.codes.norms,
        segment.token_offsets,
        segment.posting_offsets,
        segment.posting_documents,
    ]
    for column in columns:
        assert not column.flags.owndata
        assert not column.flags.writeable
        assert column.flags.c_contiguous
        assert column.flags.aligned
    before = [column.copy() for column in columns]
    reader.close()
    del reader, segment
    for column, copy in zip(columns, before, strict=True):
        np.testing.assert_array_equal(column, copy)


def test_dtypes_are_those_of_the_format(kit, home):
    (segment,) = IndexReader.open(kit.build(home("i"), ["a", "b"])).segments
    assert segment.token_offsets.dtype == np.int64
    assert segment.spans(0).dtype == np.int32
    assert segment.posting_offsets.dtype == np.int64
    assert segment.posting_documents.dtype == np.uint16
    assert segment.live.dtype == np.bool_


def test_more_than_65536_centroids_take_32_bits(kit, home):
    n = (1 << 16) + 1
    table = kit.codec.to_table()
    many = {
        name: np.resize(array, (n, *array.shape[1:]))
        for name, array in table.items()
        if name.startswith("centroid")
    }
    codec = Codec.from_table({**table, **many})
    ids = np.array([n - 1, 3, n - 1], np.uint32)
    few = kit.codes(3)
    codes = Codes(ids, few.residuals, few.gains, few.norms)
    with IndexWriter.create(home("i"), codec, encoder=kit.encoder, config={}) as writer:
        segment = writer.new_segment()
        segment.add(StoredDocument("a", ""), codes, kit.spans(3))
        segment.finish()
        writer.commit()
    (segment,) = IndexReader.open(home("i")).segments
    assert segment.codes.centroid_ids.dtype == np.uint32
    assert np.flatnonzero(np.diff(segment.posting_offsets)).tolist() == [3, n - 1]
    assert verify(home("i")) == []


def test_more_than_65536_documents_take_32_bits_in_postings(kit, home):
    codes, spans = kit.codes(1), kit.spans(1)
    path = home("i")
    n = (1 << 16) + 1
    with kit.create(path) as writer:
        segment = writer.new_segment()
        for i in range(n):
            segment.add(StoredDocument(str(i), ""), codes, spans)
        segment.finish()
        writer.commit()
    (segment,) = IndexReader.open(path).segments
    assert segment.posting_documents.dtype == np.uint32
    np.testing.assert_array_equal(segment.posting_documents, np.arange(n))
    assert document_dtype(n - 1) == np.uint16


@pytest.mark.parametrize(
    "spans",
    [
        [[0, 0], [0, 254], [254, 255], [508, 762]],
        [[0, 255]],
        [[255, 256], [256, 257]],
        [[5, 100_005], [100_005, 100_006], [99_000, 99_003], [99_003, 99_004]],
        [[0, 0], [0, 5], [0, 0], [6, 9], [300, 302], [300, 302], [0, 0]],
        [[2_000_000_000, 2_147_483_647]],
        [],
    ],
)
def test_spans_of_any_length_and_order_come_back(spans, kit, home):
    spans = np.array(spans, np.int32).reshape(-1, 2)
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        for name in "ab":
            segment.add(StoredDocument(name, ""), kit.codes(len(spans)), spans)
            segment.add(StoredDocument(name * 2, ""), kit.codes(3), kit.spans(3))
        segment.finish()
        writer.commit()
    (segment,) = IndexReader.open(home("i")).segments
    for i in (0, 2):
        np.testing.assert_array_equal(segment.spans(i), spans)
        np.testing.assert_array_equal(segment.spans(i + 1), kit.spans(3))
    assert verify(home("i")) == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, 600) | st.integers(0, 1 << 29),
            st.integers(0, 300) | st.integers(0, 1 << 30),
        )
    )
)
def test_packed_spans_are_two_bytes_and_exact(pairs):
    starts, lengths = np.array(pairs, np.int64).reshape(-1, 2).T
    spans = np.stack([starts, starts + lengths], axis=1).astype(np.int32)
    packed, _ = pack_spans(spans, np.array([0, len(spans)]))
    np.testing.assert_array_equal(unpack_spans(packed), spans)
    narrow = (np.diff(starts, prepend=0) >= 0) & (np.diff(starts, prepend=0) < 255)
    assert len(packed.wide_tokens) == np.count_nonzero(~narrow | (lengths > 254))


def test_a_segment_keeps_the_mean_squared_error_of_its_tokens(kit, home):
    path = home("i")
    with kit.create(path) as writer:
        for errors in ([(2, 0.5), (6, 3.5)], [(4, 4.0)], [(0, 0.0)]):
            segment = writer.new_segment()
            for i, (n, error) in enumerate(errors):
                name = StoredDocument(f"{segment.name} {i}", "")
                segment.add(name, kit.codes(n), kit.spans(n), error)
            segment.finish()
        writer.commit()
        found = [segment.squared_error for segment in writer.manifest.segments]
        assert found == [0.5, 1.0, 0.0]
        writer.compact()
    (segment,) = IndexReader.open(path).segments
    assert segment.record.squared_error == pytest.approx((8 * 0.5 + 4 * 1.0) / 12)


@pytest.mark.parametrize("error", [-1.0, float("nan"), float("inf")])
def test_a_squared_error_that_is_none_is_refused(error, kit, home):
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        with pytest.raises(ValueError, match="squared_error must be"):
            segment.add(StoredDocument("a", ""), kit.codes(1), kit.spans(1), error)


def test_a_segment_beyond_memory_is_the_same_as_one_within(kit, tmp_path, monkeypatch):
    for name, in_memory in (("one", 1 << 20), ("two", 100)):
        monkeypatch.setattr(scratch, "_IN_MEMORY", in_memory)
        kit.build(tmp_path / name, ["a", "b", "c"])
    for part in ("documents", "tokens", "contexts", "postings"):
        one, two = (tmp_path / n / "segment-000001" / f"{part}.arrow" for n in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert len(list((tmp_path / "two" / "segment-000001").iterdir())) == 4


def test_lists_made_in_blocks_are_those_made_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    offsets = np.cumsum([0, *rng.integers(0, 40, 300)])
    ids = rng.integers(0, 50, offsets[-1]).astype(np.uint16)
    results = []
    for block in (1 << 18, 64, 1):
        monkeypatch.setattr(postings, "_BLOCK", block)
        distinct = postings.distinct_centroids(ids, offsets, n_centroids=50)
        results.append((*distinct, *postings.posting_lists(*distinct, n_centroids=50)))
    for result in results[1:]:
        for found, expected in zip(result, results[0], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_sources_come_back_and_stay_until_they_are_set_again(kit, home):
    records = [
        SourceRecord(
            "a/b.md", "/docs", 1 << 40, 1_700_000_000_123_456_789, "ff", "md/1", ["x", "y"]
        ),
        SourceRecord("ü.txt", "/docs", 0, -1, "", "txt/1", []),
    ]
    path = home("i")
    with kit.create(path) as writer:
        writer.set_sources(records)
        writer.commit()
        kit.add(writer, ["x"])
        writer.commit()
    reader = IndexReader.open(path)
    assert reader.sources() == records
    with IndexWriter.open(path) as writer:
        writer.set_sources([])
        writer.commit()
    assert reader.sources() == records
    assert reader.refresh().sources() == []
    assert verify(path) == []


def test_an_index_without_documents_opens(kit, home):
    reader = IndexReader.open(kit.build(home("i")))
    assert (reader.n_documents, reader.n_tokens, reader.segments) == (0, 0, [])
    assert reader.find("a") is None
    assert verify(home("i")) == []


def test_the_same_documents_give_the_same_bytes(kit, home):
    for name in ("one", "two"):
        kit.build(home(name), ["a", "b"], ["c"])
    files = kit.names(home("one"))
    assert files
    for file in files:
        assert home("one").read(file) == home("two").read(file)


def test_any_arrow_reader_reads_the_files(kit, home):
    path = kit.build(home("i"), ["a", "b"])
    table = pa.ipc.open_file(path.map("segment-000001/documents.arrow")).read_all()
    assert table["id"].to_pylist() == ["a", "b"]
    assert table["spans"].to_pylist()[0][1] == {"skip": 3, "length": 2}
    assert pa.ipc.open_file(path.map("segment-000001/tokens.arrow")).read_all().num_rows == 10


def test_ids_are_found_in_any_order_and_script(kit, home):
    ids = ["b", "a", "é", "z", "aa", "日本", "B", "a b"]
    (segment,) = IndexReader.open(kit.build(home("i"), ids)).segments
    assert [segment.position_of(name) for name in ids] == list(range(len(ids)))
    for stranger in ["", "c", "aaa", "\ud800", "日"]:
        assert segment.position_of(stranger) is None
    assert list(segment.ids) == ids
    assert segment.ids[-1] == "a b"
    assert segment.ids[1:3] == ["a", "é"]
    with pytest.raises(IndexError):
        segment.id_of(len(ids))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (StoredDocument("", "text"), "empty id"),
        (StoredDocument("a", "\ud800"), "The text of document 'a' is not valid Unicode"),
        (StoredDocument("a", "", metadata={"k": [1]}), "metadata 'k' of type list"),
        (StoredDocument("a", "", metadata={1: "x"}), "metadata 1"),
        (StoredDocument("a", "", metadata={"k": float("nan")}), "metadata of document 'a'"),
    ],
)
def test_a_document_that_cannot_be_kept_is_refused_and_leaves_no_trace(
    document, message, kit, home
):
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        with pytest.raises(InputError, match=message):
            segment.add(document, kit.codes(2), kit.spans(2))
        segment.add(StoredDocument("a", "good"), kit.codes(2), kit.spans(2))
        segment.finish()
        writer.commit()
    assert [d.text for d in IndexReader.open(home("i")).documents()] == ["good"]


def test_codes_and_spans_that_do_not_fit_are_refused(kit, home):
    good, spans = kit.codes(3), kit.spans(3)
    bad_codes = [
        Codes(good.centroid_ids + np.uint16(8), good.residuals, good.gains, good.norms),
        Codes(good.centroid_ids, good.residuals[:, :4], good.gains, good.norms),
        Codes(good.centroid_ids, good.residuals, good.gains.astype(np.float32), good.norms),
        Codes(good.centroid_ids, good.residuals, good.gains, good.norms[:2]),
    ]
    bad_spans = [spans[:2], spans[:, ::-1], spans - 1, spans.astype(np.int64)]
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        for codes in bad_codes:
            with pytest.raises(ValueError, match="must be"):
                segment.add(StoredDocument("a", ""), codes, spans)
        for wrong in bad_spans:
            with pytest.raises(ValueError, match="spans must"):
                segment.add(StoredDocument("a", ""), good, wrong)
        assert (segment.n_documents, segment.n_tokens) == (0, 0)


def test_contexts_come_back_and_move_with_their_documents(kit, home):
    rng = np.random.default_rng(0)
    contexts = [
        Contexts(
            rng.integers(0, 256, (n, kit.codec.dim // 2)).astype(np.uint8),
            rng.random(n).astype(np.float16),
            np.array([0, n]),
        )
        for n in (1, 3, 0)
    ]
    with kit.create(home("i")) as writer:
        segment = writer.new_segment()
        for name, n_tokens, mine in zip("abc", (7, 250, 0), contexts, strict=True):
            document = StoredDocument(name, "")
            segment.add(document, kit.codes(n_tokens), kit.spans(n_tokens), contexts=mine)
        with pytest.raises(ValueError, match="contexts must be"):
            segment.add(StoredDocument("d", ""), kit.codes(9), kit.spans(9), contexts=contexts[1])
        segment.finish()
        writer.commit()
        writer.delete(["a"])
        writer.commit()
        (segment,) = IndexReader.open(home("i")).segments
        for i, mine in enumerate(contexts):
            assert_same_contexts(segment.contexts.of(i), mine)
        writer.compact()
    (segment,) = IndexReader.open(home("i")).segments
    assert segment.n_documents == 2
    assert_same_contexts(segment.contexts.of(0), contexts[1])
    assert verify(home("i")) == []


def assert_same_contexts(found, expected):
    np.testing.assert_array_equal(found.residuals, expected.residuals)
    np.testing.assert_array_equal(found.gains, expected.gains)


def test_a_config_that_json_cannot_hold_is_refused_at_once(kit, tmp_path):
    with pytest.raises(TypeError):
        IndexWriter.create(
            tmp_path / "i", kit.codec, encoder=EncoderInfo("a", "b", 16), config={"x": {1, 2}}
        )
    assert not (tmp_path / "i").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_opening_many_segments_keeps_no_file_open(kit, tmp_path):
    path = kit.build(tmp_path / "i", *[[f"d{i}"] for i in range(20)])
    before = len(list(Path("/proc/self/fd").iterdir()))
    reader = IndexReader.open(path)
    assert len(reader.segments) == 20
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_manifest_is_plain_json(kit, home):
    manifest = json.loads(kit.build(home("i"), ["a"]).read("manifest.json"))
    assert manifest["magic"] == "colmodern-index"
    assert manifest["format_version"] == 1
    assert manifest["n_documents"] == 1
    assert list(manifest)[-1] == "checksum"
