"""An index that somebody crafted, every checksum right, gets a sentence and exit status 2."""

from __future__ import annotations

import dataclasses
import json
import sys
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pytest

from colmodern import Searcher
from colmodern import __main__ as program
from colmodern.encoder import HashEncoder
from colmodern.errors import IndexCorruptError
from colmodern.indexer import Indexer
from colmodern.storage import LocalDirectory, verify
from colmodern.storage.format.manifest_json import encode_manifest
from colmodern.storage.format.pending import decode_pending
from colmodern.storage.format.sealed_json import seal
from colmodern.storage.snapshot.files import read_manifest


@pytest.fixture
def index(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.md").write_text("# Keys\n\nA leaked key is revoked by the officer on duty.\n")
    (files / "b.md").write_text("# Ovens\n\nOvens are cleaned on Fridays.\n")
    Indexer(tmp_path / "index", HashEncoder(32)).sync([files])
    return tmp_path / "index"


@pytest.fixture
def colmodern(monkeypatch, capfd, tmp_path):
    """Run a command as the program does; return its exit status and what it printed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["colmodern", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            program.main()
        return caught.value.code or 0, capfd.readouterr()

    return run


def record_of(index, name):
    data = (index / name).read_bytes()
    return {"bytes": len(data), "checksum": blake2b(data, digest_size=16).hexdigest()}


def change_manifest(index, **changes):
    manifest = read_manifest(LocalDirectory(index))
    changed = dataclasses.replace(manifest, **changes)
    (index / "manifest.json").write_bytes(encode_manifest(changed))


def sign(index, name):
    """Give the manifest the size and the checksum that a file has now."""
    manifest = read_manifest(LocalDirectory(index))

    def mended(value):
        if dataclasses.is_dataclass(value) and hasattr(value, "checksum"):
            new = record_of(index, value.name) if value.name == name else {}
            return dataclasses.replace(value, **new)
        if dataclasses.is_dataclass(value):
            names = [field.name for field in dataclasses.fields(value)]
            return dataclasses.replace(value, **{n: mended(getattr(value, n)) for n in names})
        return tuple(map(mended, value)) if isinstance(value, tuple) else value

    (index / "manifest.json").write_bytes(encode_manifest(mended(manifest)))


def file_named(index, start):
    """Return the name of the only file whose name starts so."""
    (found,) = [p for p in index.rglob("*.arrow") if p.name.startswith(start)]
    return found.relative_to(index).as_posix()


def rewrite(index, start, changed, **options):
    """Write a file again with a changed record batch, and sign it."""
    name = file_named(index, start)
    batch = pa.ipc.open_file((index / name).read_bytes()).get_batch(0)
    batch = changed(batch)
    with (
        (index / name).open("wb") as sink,
        pa.ipc.new_file(sink, batch.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer,
    ):
        writer.write_batch(batch)
    sign(index, name)


def with_column(batch, name, array):
    columns = list(batch.columns)
    columns[batch.schema.names.index(name)] = array
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


ALL = [
    ("search", "leaked key"), ("search", "leaked key", "--mode", "bm25"),
    ("search", "leaked key", "--effort", "exact"), ("search", "key", "--where", "size > 1"),
    ("explain", "leaked key", "a.md"), ("info",), ("info", "--format", "tsv"),
    ("info", "--format", "json"),
]  # fmt: skip


def run_all(colmodern, index):
    """Run every reading command; return the statuses, having seen that no trace was shown."""
    statuses = []
    for words in ALL:
        status, shown = colmodern(*words, "--index", index)
        assert "Traceback" not in shown.out + shown.err
        assert status == 0 or (status == 2 and "error [" in shown.err), (words, status, shown.err)
        statuses.append(status)
    return statuses


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
@pytest.mark.parametrize(
    "start", ["codec", "documents", "tokens", "contexts", "postings", "words", "lengths", "sources"]
)
def test_compressed_files_are_refused_before_they_are_unpacked(
    colmodern, index, start, compression
):
    rewrite(index, start, lambda batch: batch, compression=compression)

    status, shown = colmodern("search", "key", "--index", index)

    assert status == 2
    assert "error [index_corrupt]" in shown.err
    assert "columns are compressed" in shown.err
    assert any("compressed" in str(problem) for problem in verify(index))


def test_a_small_file_that_unpacks_to_much_takes_no_memory(colmodern, index):
    import resource

    def changed(batch):
        texts = pa.array(["x" * (200 << 20), "y"], pa.large_string())
        return with_column(batch, "text", texts)

    rewrite(index, "documents", changed, compression="zstd")
    assert (index / file_named(index, "documents")).stat().st_size < 100_000
    before = pa.total_allocated_bytes(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(IndexCorruptError, match="compressed"):
        Searcher.open(index)

    after = pa.total_allocated_bytes(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after[0] - before[0] < 1 << 20
    assert after[1] - before[1] < 10 << 10  # KiB


@pytest.mark.parametrize(
    "metadata", ['{"size": [1]}', '{"size": {"a": 1}}', '{"size": NaN}', '{"size": Infinity}',
                 "[" * 100_000, "[]", '{"size": ' + "1" * 5000 + "}", "{", "\ud800"]
)  # fmt: skip
def test_odd_metadata_are_damage(colmodern, index, metadata):
    values = pa.array([metadata.encode("utf-8", "surrogatepass")] * 2, pa.large_binary())
    text = pa.LargeStringArray.from_buffers(2, *values.buffers()[1:])
    rewrite(index, "documents", lambda batch: with_column(batch, "metadata", text))

    statuses = run_all(colmodern, index)

    assert statuses[0] == statuses[3] == 2
    assert verify(index)


@pytest.mark.parametrize("column", ["rotation", "centroid_steps", "level_step"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_numbers_of_the_codec_that_are_not_finite_are_damage(colmodern, index, column, value):
    def changed(batch):
        old = batch.column(column)
        values = old.values.to_numpy().copy()
        values[0] = value
        kind = old.type
        return with_column(batch, column, pa.LargeListArray.from_arrays(old.offsets, values, kind))

    rewrite(index, "codec", changed)

    assert set(run_all(colmodern, index)) == {2}
    assert verify(index)


@pytest.mark.parametrize("column", ["gain", "norm"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_of_tokens_that_are_not_finite_are_told(colmodern, index, column, value):
    def changed(batch):
        return with_column(batch, column, pa.array(np.full(len(batch), value, np.float16)))

    rewrite(index, "tokens", changed)

    statuses = run_all(colmodern, index)

    assert statuses[0] == statuses[2] == 2
    assert any("not finite" in str(problem) for problem in verify(index))


def test_spans_that_leave_their_text_are_no_places(colmodern, index):
    def changed(batch):
        old = batch.column("spans")
        fields = [np.full(len(old.values), 200, np.uint8)] * 2
        kind = old.type.value_type
        struct = pa.StructArray.from_arrays(
            list(map(pa.array, fields)), fields=[kind.field(i) for i in range(2)]
        )
        return with_column(
            batch, "spans", pa.LargeListArray.from_arrays(old.offsets, struct, type=old.type)
        )

    rewrite(index, "documents", changed)

    assert set(run_all(colmodern, index)) == {0}


@pytest.mark.parametrize(
    "config",
    [
        {"tokens_at_training": "x"},
        {"tokens_at_training": 10**400},
        {"tokens_at_training": -5, "error_at_training": "nan"},
        {"error_at_training": 1e-320},
        {"error_at_training": 10**400},
        {"error_at_training": True, "pool": {"a": 1}},
        {"pool": "\x1b[31m\n"},
        {"scans": 7, "bits": "many", "seed": [1], "odd": None},
    ],
)
def test_odd_options_are_no_traces(colmodern, index, config):
    change_manifest(index, config=config)

    statuses = run_all(colmodern, index)
    assert set(statuses) == {0}
    _, shown = colmodern("info", "--format", "tsv", "--index", index)
    assert "\x1b" not in shown.out
    assert all(line.count("\t") == 1 for line in shown.out.splitlines())


def test_an_index_that_keeps_no_scans_can_be_trained_again(colmodern, index):
    change_manifest(index, config={"scans": 7})
    status, said = colmodern("compact", "--retrain", "--index", index)
    assert (status, "Traceback" in said.err) == (0, False)


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e999", b"-1e400"])
def test_a_number_that_could_not_be_written_again_is_damage(colmodern, index, number):
    body = (index / "manifest.json").read_bytes()[:-51]
    body = body.replace(b'"config": {', b'"config": {"odd": [' + number + b"],")
    digest = blake2b(body, digest_size=16).hexdigest().encode()
    (index / "manifest.json").write_bytes(body + b'  "checksum": "' + digest + b'"\n}\n')

    assert set(run_all(colmodern, index)) == {2}
    for words in (("delete", "a.md"), ("compact",), ("index", str(index.parent / "files"))):
        status, shown = colmodern(*words, "--index", index)
        assert (status, "error [index_corrupt]" in shown.err) == (2, True), shown.err


def test_an_error_of_codes_whose_sum_is_not_finite_is_damage(colmodern, index):
    (segment,) = read_manifest(LocalDirectory(index)).segments
    change_manifest(index, segments=(dataclasses.replace(segment, squared_error=1e308),))

    assert set(run_all(colmodern, index)) == {2}
    status, shown = colmodern("delete", "a.md", "--index", index)
    assert (status, "squared_error must be" in shown.err) == (2, True)


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{", b"7", b"\xff", b'{"a":' * 50_000])
def test_a_crafted_pending_file_is_nothing(colmodern, index, content):
    sealed = seal({"a": 1})
    body = content + b",\n"
    digest = blake2b(body, digest_size=16).hexdigest().encode()
    trailer = sealed[-51:].replace(sealed[-36:-4], digest)
    (index / "pending.json").write_bytes(body + trailer)
    with pytest.raises(IndexCorruptError, match=r"not JSON|must be an object"):
        decode_pending((index / "pending.json").read_bytes(), index / "pending.json")

    status, shown = colmodern("delete", "a.md", "--index", index)

    assert (status, "Traceback" in shown.err) == (0, False)


def test_the_model_of_an_index_is_not_asked_for_on_the_network(colmodern, index, monkeypatch):
    asked = []

    class Hub:
        @staticmethod
        def snapshot_download(name, *, local_files_only=False, **_):
            asked.append((name, local_files_only))
            raise FileNotFoundError("no network")

    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub)
    encoder = dataclasses.replace(
        read_manifest(LocalDirectory(index)).encoder, name="someone/model"
    )
    change_manifest(index, encoder=encoder)

    for words in (*ALL[:5], ("compact", "--retrain")):
        status, shown = colmodern(*words, "--index", index)
        needs_model = "bm25" not in words
        assert (status == 2) == needs_model, shown.err
        assert ("--fetch" in shown.err) == needs_model
    assert {local for _, local in asked} <= {True}

    status, shown = colmodern("search", "key", "--fetch", "--index", index)

    assert (status, ("someone/model", False) in asked) == (2, True)
    assert "cannot be downloaded" in shown.err


def test_names_of_an_index_do_not_steer_the_terminal(colmodern, index):
    name = "x\x1b]0;y\x07\n\x9b31m\u202e"
    encoder = dataclasses.replace(read_manifest(LocalDirectory(index)).encoder, name=name)
    change_manifest(index, encoder=encoder)

    for form in ("human", "tsv", "json", "jsonl"):
        _, shown = colmodern("info", "--format", form, "--index", index)
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown.out)
    assert json.loads(shown.out)["encoder"] == name
