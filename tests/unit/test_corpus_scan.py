"""Which files a scan finds, in which order, and what it says about the others."""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path

import pytest

from colmodern.corpus import ScanOptions, SkipReason, format_of, scan
from colmodern.errors import ConfigError, InputError


def write(root, *names, text="words"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def keys(root, **options):
    return [source.key for source in scan([root], ScanOptions(**options)).sources]


def reasons(scanned):
    return {s.path.relative_to(scanned.roots[0]).as_posix(): s.reason for s in scanned.skipped}


def test_files_come_in_the_order_of_their_names_folder_by_folder(tmp_path):
    write(tmp_path, "b/z.md", "b/a.md", "a.md", "c.md", "b.md")
    assert keys(tmp_path) == ["a.md", "b/a.md", "b/z.md", "b.md", "c.md"]


def test_a_source_says_where_it_is(tmp_path):
    write(tmp_path, "sub/a.md", text="12345")
    (source,) = scan([tmp_path]).sources
    root = tmp_path.resolve()
    assert (source.path, source.root, source.key) == (root / "sub/a.md", root, "sub/a.md")
    assert (source.size, source.format.name) == (5, "markdown")
    assert source.location == str(root / "sub/a.md")


def test_hidden_names_are_left_out_unless_wanted(tmp_path):
    write(tmp_path, "a.md", ".b.md", ".c/d.md")
    scanned = scan([tmp_path])
    assert [source.key for source in scanned.sources] == ["a.md"]
    assert reasons(scanned) == {".b.md": SkipReason.HIDDEN, ".c": SkipReason.HIDDEN}
    assert keys(tmp_path, hidden=True) == [".b.md", ".c/d.md", "a.md"]


def test_an_index_is_left_out_even_where_hidden_names_are_wanted(tmp_path):
    write(tmp_path, "a.md", ".colmodern/manifest.json", "old.colmodern/manifest.json")
    assert keys(tmp_path, hidden=True) == ["a.md"]


def test_only_included_files_are_taken(tmp_path):
    write(tmp_path, "a.md", "b.txt", "sub/c.md", "sub/d.py")
    assert keys(tmp_path, include=("*.md",)) == ["a.md", "sub/c.md"]
    assert keys(tmp_path, include=("sub/",)) == ["sub/c.md", "sub/d.py"]


def test_excluded_files_and_folders_are_left_out(tmp_path):
    write(tmp_path, "a.md", "b.txt", "drafts/c.md", "sub/drafts/d.md")
    assert keys(tmp_path, exclude=("*.txt", "/drafts/")) == ["a.md", "sub/drafts/d.md"]


def test_a_root_may_be_a_file_whatever_its_name(tmp_path):
    write(tmp_path, ".notes.md")
    (source,) = scan([tmp_path / ".notes.md"], ScanOptions(include=("*.txt",))).sources
    assert (source.key, source.root) == (".notes.md", source.path)


def test_a_file_given_twice_is_read_once(tmp_path):
    write(tmp_path, "a.md", "sub/b.md")
    scanned = scan([tmp_path / "sub", tmp_path])
    assert [source.key for source in scanned.sources] == ["b.md", "a.md"]
    assert [s.reason for s in scanned.skipped] == [SkipReason.DUPLICATE]


def test_a_root_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"There is no file or folder .*nowhere"):
        scan([tmp_path / "nowhere"])


def test_a_root_that_is_an_index_is_an_error(tmp_path):
    (tmp_path / "docs.colmodern").mkdir()
    with pytest.raises(InputError, match="is an index of colmodern"):
        scan([tmp_path / "docs.colmodern"])


def test_what_a_server_keeps_beside_an_index_is_no_document(tmp_path):
    write(tmp_path, "a.md", "a.md.colmodern.jobs/1.job.json", ".colmodern.jobs/1.job.json")
    scanned = scan([tmp_path], ScanOptions(hidden=True))
    assert [source.key for source in scanned.sources] == ["a.md"]
    assert set(reasons(scanned).values()) == {SkipReason.INDEX}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert reasons(scan([tmp_path])) == {"pipe.txt": SkipReason.UNSUPPORTED}
    with pytest.raises(InputError, match="neither a folder nor a file"):
        scan([tmp_path / "pipe.txt"])


def test_files_that_cannot_be_read_are_named_with_a_reason(tmp_path):
    write(tmp_path, "photo.jpeg", "huge.txt", "rows.jsonl", text="x" * 100)
    (tmp_path / "empty.md").touch()
    scanned = scan([tmp_path], ScanOptions(max_file_bytes=99))
    assert [source.key for source in scanned.sources] == ["rows.jsonl"]
    assert reasons(scanned) == {
        "photo.jpeg": SkipReason.UNSUPPORTED,
        "huge.txt": SkipReason.TOO_LARGE,
        "empty.md": SkipReason.EMPTY,
    }
    details = {s.path.name: s.detail for s in scanned.skipped}
    assert details["photo.jpeg"] == "no extractor for .jpeg"
    assert details["huge.txt"] == "100 bytes; the limit is 99"


def test_a_folder_named_like_a_file_is_a_folder(tmp_path):
    write(tmp_path, "folder.txt/a.md")
    assert keys(tmp_path) == ["folder.txt/a.md"]


def test_a_folder_that_cannot_be_listed_is_skipped(tmp_path, monkeypatch):
    write(tmp_path, "closed/a.md", "b.md")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    scanned = scan([tmp_path])
    assert [source.key for source in scanned.sources] == ["b.md"]
    assert reasons(scanned) == {"closed": SkipReason.UNREADABLE}


def test_links_to_folders_are_not_followed_so_that_a_loop_ends(tmp_path):
    write(tmp_path, "sub/a.md")
    (tmp_path / "sub/loop").symlink_to(tmp_path, target_is_directory=True)
    scanned = scan([tmp_path])
    assert [source.key for source in scanned.sources] == ["sub/a.md"]
    assert reasons(scanned) == {"sub/loop": SkipReason.LINKED_FOLDER}


def test_a_link_to_itself_and_one_to_nothing_are_skipped(tmp_path):
    (tmp_path / "self.md").symlink_to(tmp_path / "self.md")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nothing.md")
    unreadable = dict.fromkeys(["gone.md", "self.md"], SkipReason.UNREADABLE)
    assert reasons(scan([tmp_path])) == unreadable
    with pytest.raises(InputError, match="cannot be read"):
        scan([tmp_path / "self.md"])


def test_a_link_to_a_file_is_read_under_its_own_name(tmp_path):
    write(tmp_path, "store/8f3a", text="elsewhere")
    write(tmp_path, "corpus/b.md")
    (tmp_path / "corpus/a.md").symlink_to("../store/8f3a")
    assert keys(tmp_path / "corpus", follow_links=True) == ["a.md", "b.md"]
    (source,) = scan([tmp_path / "corpus/a.md"]).sources
    assert (source.key, source.format.name, source.size) == ("a.md", "markdown", 9)


def test_a_link_out_of_all_roots_is_counted_and_not_read(tmp_path):
    write(tmp_path, "secret.md", "other/c.md", "corpus/b.md", "corpus/sub/d.txt")
    (tmp_path / "corpus/a.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "corpus/sub/chain.md").symlink_to("../a.md")
    (tmp_path / "corpus/inside.md").symlink_to("sub/d.txt")
    (tmp_path / "corpus/other.md").symlink_to("../other/c.md")
    outside = SkipReason.LINKED_OUTSIDE
    scanned = scan([tmp_path / "corpus"])
    assert [s.key for s in scanned.sources] == ["b.md", "sub/d.txt"]
    assert {s.path.name for s in scanned.skipped if s.reason is outside} == {
        "a.md", "chain.md", "other.md",
    }  # fmt: skip
    scanned = scan([tmp_path / "corpus", tmp_path / "other"])
    assert {s.path.name for s in scanned.skipped if s.reason is outside} == {"a.md", "chain.md"}
    followed = scan([tmp_path / "corpus"], ScanOptions(follow_links=True))
    assert outside not in {s.reason for s in followed.skipped}
    assert {"a.md", "other.md"} <= {s.key for s in followed.sources}


def test_a_link_to_a_file_that_is_there_anyway_is_a_duplicate(tmp_path):
    write(tmp_path, "z.md")
    (tmp_path / "a.md").symlink_to("z.md")
    scanned = scan([tmp_path])
    assert [source.key for source in scanned.sources] == ["z.md"]
    assert reasons(scanned) == {"a.md": SkipReason.DUPLICATE}


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path):
    name = "d/" * 200 + "a.md"
    write(tmp_path, name)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        assert keys(tmp_path) == [name]
    finally:
        sys.setrecursionlimit(limit)


def test_a_file_name_that_is_not_utf8_becomes_a_key_that_is(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9.md"
    try:
        with open(path, "w") as file:  # noqa: PTH123 (a name in bytes)
            file.write("x")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    (source,) = scan([tmp_path]).sources
    assert source.key == r"caf\xe9.md"
    assert source.location.encode("utf-8").endswith(rb"/caf\xe9.md")
    assert source.path.read_text() == "x"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.md", "markdown"),
        ("A.MD", "markdown"),
        ("README", None),
        ("19823", None),
        ("a.html.gz", "html"),
        ("a.txt.gz", "text"),
        ("a.parquet.gz", None),
        ("a.jsonl.gz", "jsonl"),
        ("a.v2.csv", "csv"),
        ("a.tar.gz", None),
        ("a.py", "code"),
        ("a.tex", "latex"),
        ("a.adoc", "asciidoc"),
        ("a.org.gz", "org"),
        ("a.dat", None),
    ],
)
def test_the_name_of_a_file_promises_its_format(name, expected):
    found = format_of(Path(name))
    assert (found and found.name) == expected


def test_further_suffixes_can_be_read_as_text(tmp_path):
    write(tmp_path, "paper.TeX")
    assert keys(tmp_path, text_suffixes=(".tex",)) == ["paper.TeX"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"include": ("[z-a]",)}, "include holds"),
        ({"exclude": ("",)}, "exclude holds ''"),
        ({"include": "*.md"}, "must be a tuple"),
        ({"text_suffixes": ("tex",)}, "starts with a dot"),
        ({"max_file_bytes": 0}, "max_file_bytes must be at least 1, not 0"),
        ({"encoding": ("cp1520",)}, "'cp1520', which is no encoding of text"),
        ({"encoding": ("*.md=",)}, "'', which is no encoding of text"),
        ({"encoding": ("*.md=hex",)}, "'hex', which is no encoding of text"),
        ({"encoding": ("idna",)}, "'idna', which is no encoding of text"),
        ({"text_field": ""}, "text_field is empty"),
        ({"text_field": "title"}, "three different fields"),
    ],
)
def test_options_that_cannot_work_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ScanOptions(**options)


def test_an_ignore_file_that_is_none_is_told(tmp_path, caplog):
    path = tmp_path / ".gitignore"
    path.mkdir()
    (tmp_path / "a.txt").write_text("words")
    assert [source.key for source in scan([tmp_path]).sources] == ["a.txt"]
    assert f"{path} is no file; its rules are passed over" in caplog.text


@pytest.mark.parametrize("kind", ["UTF-16", "a link to nothing"])
def test_a_folder_whose_rules_cannot_be_read_is_left_out(tmp_path, kind):
    (tmp_path / "sub").mkdir()
    path = tmp_path / "sub" / ".gitignore"
    if kind == "UTF-16":
        path.write_text("*.log\n", "utf-16")
    elif sys.platform != "win32":
        path.symlink_to(tmp_path / "nowhere")
    else:
        pytest.skip("needs rights to make a link")
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "a.txt").write_text("words")
    found = scan([tmp_path])
    assert [source.key for source in found.sources] == ["a.txt"]
    assert [(s.path, s.reason) for s in found.skipped] == [
        (tmp_path / "sub", SkipReason.UNREADABLE)
    ]
    assert "ignore rules" in found.skipped[0].detail
