"""Which files an update has to touch, and under which ids documents are kept."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from colmodern.corpus import (
    Changes,
    ExtractionError,
    IdRegistry,
    ScanOptions,
    Skipped,
    SkipReason,
    SkipTally,
    extractor_fingerprint,
    find_changes,
    format_of,
    hash_source,
    scan,
)
from colmodern.types import Document

OPTIONS = ScanOptions()


@dataclass(frozen=True)
class State:
    size: int
    mtime_ns: int
    content_hash: str
    extractor: str


def settle(path, seconds_ago=60):
    moment = time.time_ns() - seconds_ago * 1_000_000_000
    os.utime(path, ns=(moment, moment))


def write(path, text="words"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    settle(path)


def remember(scanned, options=OPTIONS):
    return {
        source.location: State(
            source.size,
            source.trusted_mtime_ns,
            hash_source(source),
            extractor_fingerprint(source.format, options),
        )
        for source in scanned.sources
    }


def names(sources):
    return [source.key for source in sources]


def forbidden(source):
    pytest.fail(f"{source.key} was read")


@pytest.fixture
def root(tmp_path):
    root = tmp_path.resolve() / "corpus"
    for name in ("a.md", "b.md", "sub/c.md"):
        write(root / name)
    return root


def test_what_is_not_remembered_is_added(root):
    changes = find_changes({}, scan([root]), OPTIONS, hash_of=forbidden)
    assert names(changes.added) == ["a.md", "b.md", "sub/c.md"]
    assert changes == Changes(added=changes.added)


def test_the_same_size_and_time_need_no_reading(root):
    previous = remember(scan([root]))
    changes = find_changes(previous, scan([root]), OPTIONS, hash_of=forbidden)
    assert names(changes.unchanged) == ["a.md", "b.md", "sub/c.md"]
    assert changes == Changes(unchanged=changes.unchanged)


def test_another_size_is_a_change_that_needs_no_reading(root):
    previous = remember(scan([root]))
    write(root / "a.md", "more words")
    changes = find_changes(previous, scan([root]), OPTIONS, hash_of=forbidden)
    assert names(changes.changed) == ["a.md"]


def test_another_time_is_a_change_only_if_the_bytes_differ(root):
    previous = remember(scan([root]))
    write(root / "a.md", "sword")
    settle(root / "a.md", 30)
    settle(root / "b.md", 30)
    changes = find_changes(previous, scan([root]), OPTIONS)
    assert names(changes.changed) == ["a.md"]
    assert names(changes.touched) == ["b.md"]
    assert names(changes.unchanged) == ["sub/c.md"]


def test_a_change_within_one_tick_of_the_clock_is_found_at_the_next_look(root):
    path = root / "a.md"
    os.utime(path)
    moment = path.stat().st_mtime_ns
    previous = remember(scan([root]))
    path.write_text("sword")
    os.utime(path, ns=(moment, moment))
    changes = find_changes(previous, scan([root]), OPTIONS)
    assert names(changes.changed) == ["a.md"]


def test_another_version_of_an_extractor_is_a_change(root):
    previous = remember(scan([root]))
    location = str(root / "b.md")
    previous[location] = replace(previous[location], extractor="markdown/0")
    changes = find_changes(previous, scan([root]), OPTIONS, hash_of=forbidden)
    assert names(changes.changed) == ["b.md"]


def test_other_fields_are_a_change_for_row_files_alone(root):
    write(root / "rows.jsonl", '{"text": "a", "body": "b"}')
    previous = remember(scan([root]))
    changes = find_changes(previous, scan([root]), ScanOptions(text_field="body"))
    assert names(changes.changed) == ["rows.jsonl"]


def test_what_is_gone_or_skipped_now_is_removed(root):
    write(root / "d.md")
    previous = remember(scan([root]))
    (root / "a.md").unlink()
    (root / "b.md").rename(root / "e.md")
    (root / ".gitignore").write_text("d.md\n")
    changes = find_changes(previous, scan([root]), OPTIONS)
    assert changes.removed == tuple(str(root / name) for name in ("a.md", "b.md", "d.md"))
    assert names(changes.added) == ["e.md"]


def test_what_lies_outside_the_roots_is_left_alone(root):
    previous = remember(scan([root]))
    (root / "a.md").unlink()
    changes = find_changes(previous, scan([root / "sub"]), OPTIONS)
    assert changes.removed == ()
    assert names(changes.unchanged) == ["c.md"]
    changes = find_changes(previous, scan([root / "b.md"]), OPTIONS)
    assert (changes.removed, names(changes.unchanged)) == ((), ["b.md"])


def test_a_root_is_no_prefix_of_its_neighbour(root):
    write(root.parent / "corpus-old/x.md")
    previous = remember(scan([root.parent]))
    (root.parent / "corpus-old/x.md").unlink()
    assert find_changes(previous, scan([root]), OPTIONS).removed == ()


def test_what_cannot_be_seen_is_not_removed(root, monkeypatch):
    previous = remember(scan([root]))
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    changes = find_changes(previous, scan([root]), OPTIONS)
    assert changes.removed == ()
    assert [*changes.unreadable] == [str(root / "sub/c.md")]


def test_what_cannot_be_read_to_be_compared_is_unreadable(root):
    previous = remember(scan([root]))
    settle(root / "a.md", 30)
    scanned = scan([root])
    (root / "a.md").unlink()
    changes = find_changes(previous, scanned, OPTIONS)
    assert [*changes.unreadable] == [str(root / "a.md")]
    assert names(changes.unchanged) == ["b.md", "sub/c.md"]


def test_the_hash_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a.txt").write_text("abc")
    (tmp_path / "b.txt").write_text("abc")
    (tmp_path / "c.txt").write_text("abd")
    first, second, third = (hash_source(source) for source in scan([tmp_path]).sources)
    # printf abc | b2sum --length=160
    assert first == second == "384264f676f39536840523f284921cdc68b6846b"
    assert third != first


def test_a_file_that_cannot_be_hashed_says_so(tmp_path):
    (tmp_path / "a.txt").write_text("abc")
    (source,) = scan([tmp_path]).sources
    source.path.unlink()
    with pytest.raises(ExtractionError, match="unreadable"):
        hash_source(source)


def test_a_fingerprint_names_the_format_and_for_rows_the_fields():
    assert extractor_fingerprint(format_of(Path("a.md")), OPTIONS) == "markdown/2"
    fields = "('_id', 'title', 'text')"
    assert extractor_fingerprint(format_of(Path("a.csv")), OPTIONS) == f"csv/2 {fields}"


def source_of(root):
    return next(source for source in scan([root]).sources if source.key == "sub/c.md")


def test_an_id_that_is_free_is_kept(root):
    registry = IdRegistry()
    document = Document("x", "text")
    assert registry.claim(document, source_of(root)) is document
    assert registry.n_renamed == 0


def test_a_file_whose_id_is_taken_is_named_after_its_root_too(root):
    registry = IdRegistry(["sub/c.md"])
    source = source_of(root)
    ids = [registry.claim(Document("sub/c.md", "text"), source).id for _ in range(3)]
    assert ids == ["corpus/sub/c.md", "corpus/sub/c.md (2)", "corpus/sub/c.md (3)"]
    assert registry.n_renamed == 3


def test_a_row_whose_id_is_taken_is_named_by_its_number(root):
    registry = IdRegistry(["7", "sub/c.md#2"])
    source = source_of(root)
    ids = [registry.claim(Document("7", "text"), source, row).id for row in (1, 2)]
    assert ids == ["sub/c.md#1", "corpus/sub/c.md#2"]


def test_a_tally_counts_all_and_keeps_a_few(tmp_path):
    tally = SkipTally(n_examples=2)
    for row in range(1, 6):
        tally.add(Skipped(tmp_path, SkipReason.BAD_ROW, "not JSON", row))
    tally.add(Skipped(tmp_path, SkipReason.HIDDEN))
    assert dict(tally.counts) == {SkipReason.BAD_ROW: 5, SkipReason.HIDDEN: 1}
    assert [s.row for s in tally.examples[SkipReason.BAD_ROW]] == [1, 2]
    assert [r.is_by_rule for r in tally.counts] == [False, True]
    assert str(tally.examples[SkipReason.HIDDEN][0]) == f"{tmp_path}: hidden"
