"""Patterns and ignore rules: hand-made cases, and git itself as the oracle where it is at hand."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from colmodern.corpus import ScanOptions, SkipReason, scan
from colmodern.corpus.patterns import compile_patterns


def verdict(pattern, path):
    patterns, wrong = compile_patterns([pattern])
    assert not wrong
    return patterns.verdict(path)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("notes.md", "notes.md", True),
        ("notes.md", "deep/down/notes.md", True),
        ("notes.md", "notes.md.txt", None),
        ("*.log", "deep/x.log", True),
        ("*.log", "x.logs", None),
        ("build/", "build/", True),
        ("build/", "src/build/", True),
        ("build/", "build", None),
        ("/top", "top", True),
        ("/top", "deep/top", None),
        ("a/b", "a/b", True),
        ("a/b", "x/a/b", None),
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", None),
        ("a/**", "a/", None),
        ("a/**", "a/b/c", True),
        ("**/c", "a/b/c", True),
        ("**/c", "c", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "ab", None),
        ("?.txt", "a.txt", True),
        ("?.txt", "ab.txt", None),
        ("[a-c].txt", "b.txt", True),
        ("[!a-c].txt", "b.txt", None),
        ("[^a-c].txt", "d.txt", True),
        ("[]].txt", "].txt", True),
        ("a[!b]c", "a/c", None),
        ("!keep", "keep", False),
        (r"\!keep", "!keep", True),
        (r"\#file", "#file", True),
        ("ends ", "ends", True),
        ("ends\\ ", "ends ", True),
        ("a.c", "abc", None),
        ("(x)+", "(x)+", True),
    ],
)
def test_a_pattern_means_what_it_means_in_git(pattern, path, expected):
    assert verdict(pattern, path) is expected


def test_the_last_pattern_that_matches_decides():
    patterns, _ = compile_patterns(["*.md", "!keep.md", "*keep.md"])
    assert patterns.verdict("keep.md") is True
    patterns, _ = compile_patterns(["*.md", "!keep.md"])
    assert patterns.verdict("keep.md") is False


def test_blank_lines_and_comments_are_neither_patterns_nor_wrong():
    patterns, wrong = compile_patterns(["", "   ", "# why", "\r"])
    assert (len(patterns), wrong) == (0, [])


@pytest.mark.parametrize("line", ["!", "/", "[a", "[z-a]", "ends\\", "[[:alpha:]]"])
def test_a_line_that_is_no_pattern_is_named_by_its_number(line):
    patterns, wrong = compile_patterns(["good", line])
    assert (len(patterns), wrong) == (1, [2])


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def keys(root, **options):
    return [source.key for source in scan([root], ScanOptions(**options)).sources]


def test_deeper_rules_win_and_negations_take_back(tmp_path):
    write(
        tmp_path,
        {
            ".gitignore": "*.txt\n!important.txt\n",
            "a.txt": "x",
            "important.txt": "x",
            "sub/.gitignore": "!a.txt\nimportant.txt\n",
            "sub/a.txt": "x",
            "sub/b.txt": "x",
            "sub/important.txt": "x",
        },
    )
    assert keys(tmp_path) == ["important.txt", "sub/a.txt"]


def test_nothing_in_an_ignored_folder_can_be_taken_back(tmp_path):
    write(tmp_path, {".gitignore": "out/\n!out/a.txt\n", "out/a.txt": "x", "b.txt": "x"})
    scanned = scan([tmp_path])
    assert [source.key for source in scanned.sources] == ["b.txt"]
    ignored = [s.path for s in scanned.skipped if s.reason is SkipReason.IGNORED]
    assert ignored == [tmp_path.resolve() / "out"]


def test_some_of_what_lies_in_a_folder_can_be_taken_back(tmp_path):
    write(tmp_path, {".gitignore": "logs/**\n!logs/keep.txt\n", "logs/a.txt": "x"})
    write(tmp_path, {"logs/keep.txt": "x"})
    assert keys(tmp_path) == ["logs/keep.txt"]


def test_our_own_ignore_file_wins_over_that_of_git(tmp_path):
    write(tmp_path, {".gitignore": "*.md\n", ".colmodernignore": "!*.md\n*.txt\n"})
    write(tmp_path, {"a.md": "x", "b.txt": "x"})
    assert keys(tmp_path) == ["a.md"]


def test_ignore_files_can_be_left_unread(tmp_path):
    write(tmp_path, {".gitignore": "*\n", "a.md": "x"})
    assert keys(tmp_path) == []
    assert keys(tmp_path, ignore_files=False) == ["a.md"]


def test_a_wrong_line_in_an_ignore_file_is_passed_over_with_a_warning(tmp_path, caplog):
    write(tmp_path, {".gitignore": "[z-a]\n*.txt\n", "a.txt": "x", "b.md": "x"})
    assert keys(tmp_path) == ["b.md"]
    assert "line 1: '[z-a]' is no pattern" in caplog.text


def test_a_folder_whose_rules_cannot_be_read_is_left_out(tmp_path, monkeypatch):
    write(tmp_path, {"sub/.gitignore": "secret.md\n", "sub/secret.md": "x", "a.md": "x"})
    read_bytes = Path.read_bytes

    def refuse(path):
        if path.name == ".gitignore":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    scanned = scan([tmp_path])
    assert [source.key for source in scanned.sources] == ["a.md"]
    assert [(s.reason, s.detail) for s in scanned.skipped] == [
        (SkipReason.UNREADABLE, "ignore rules: permission denied")
    ]


PATTERNS = [
    "a", "b/", "/a", "/b/", "a/b", "a/", "*.txt", "!*.txt", "!a", "!b/", "!/a", "**/c", "a/**",
    "!a/**", "a/*", "!a/b", "!a/b/", "c.txt", "!c.txt", "/*", "!/b", "*", "!*/", "b/**/c.txt",
    "[ab].txt", "?.txt", "# comment", "", "a ", "**", "a**", "/**/a.txt",
]  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")
@pytest.mark.parametrize("seed", range(8))
def test_what_is_ignored_is_what_git_ignores(tmp_path, seed):
    chance = random.Random(seed)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    folders = [tmp_path]
    for _ in range(8):
        folders.append(chance.choice(folders) / chance.choice("abc"))
        folders[-1].mkdir(exist_ok=True)
    for folder in folders:
        write(folder, {"a.txt": "x", "c.txt": "x", "b.md": "x"})
        if chance.random() < 0.6:
            lines = chance.sample(PATTERNS, chance.randint(1, 4))
            (folder / ".gitignore").write_text("\n".join(lines) + "\n")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-per-directory=.gitignore"]
    listed = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    expected = sorted(n for n in listed.stdout.split() if not n.endswith(".gitignore"))
    assert sorted(keys(tmp_path)) == expected
