"""Does what README and docs tell people to type run as it stands?

Blocks of Python are run from the top of each page, in a folder of their own that holds what they
name. A block with `<!-- not run: REASON -->` above it is left out. Command lines are parsed only.
"""

import json
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
import typer

from colmodern.cli.app import app
from colmodern.encoder.checkpoint.sources import DEFAULT_FOLDER

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^\n]+) -->\n+)?^```python\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
COMMAND = re.compile(
    r"^(?: {4})?((?:.*&& )?colmodern .*)$|`(colmodern [a-z][^`\n]*)`", re.MULTILINE
)


def blocks(page):
    """The code of a page's blocks that run, each behind as many empty lines as stand above it."""
    text = page.read_text()
    for found in BLOCK.finditer(text):
        if found["reason"] is None:
            yield "\n" * text.count("\n", 0, found.start("code")) + found["code"]


def commands():
    """The words of each command line of our own, without the program."""
    for page in PAGES:
        for found in COMMAND.finditer(page.read_text()):
            line = found[1] or found[2]
            for part in line.split(" && "):
                words = shlex.split(part, comments=True)
                if words[:1] == ["colmodern"]:
                    yield pytest.param(words[1:], id=f"{page.name}: {part}")


def write_collection(folder):
    """Three documents and a query for each, as BEIR lays them out."""
    (folder / "qrels").mkdir(parents=True)
    names = ("keys", "ovens", "trains")
    for file, text in (("corpus", "all that is known of {}"), ("queries", "what about {}?")):
        rows = [json.dumps({"_id": name, "text": text.format(name)}) for name in names]
        (folder / f"{file}.jsonl").write_text("\n".join(rows) + "\n")
    judgments = "".join(f"{name}\t{name}\t1\n" for name in names)
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judgments}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What the snippets name: a judged collection, a checkpoint, vectors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    write_collection(Path("scifact"))
    write_collection(Path("examples/judged"))
    Path("path/to").mkdir(parents=True)
    Path("path/to/checkpoint").symlink_to(DEFAULT_FOLDER, target_is_directory=True)
    vectors = np.eye(4, 16, dtype=np.float32)
    np.save("tokens.npy", np.tile(vectors, (4, 1)))
    np.save("offsets.npy", np.arange(0, 17, 4))
    return {
        "ids": list("abcd"),
        "texts": ["some words of a text"] * 4,
        "query": vectors[:2],
        "spans": np.array([[0, 4], [5, 9]], np.int32),
    }


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(blocks(page))], ids=lambda page: page.name
)
def test_python_of_a_page_runs(page, folder):
    for code in blocks(page):
        exec(compile(code, str(page), "exec"), folder)


@pytest.mark.parametrize("words", list(commands()))
def test_a_command_line_is_understood(words):
    context = typer.main.get_command(app).make_context("colmodern", list(words))
    try:
        while isinstance(context.command, click.Group):
            rest = [*context._protected_args, *context.args]
            name, command, rest = context.command.resolve_command(context, rest)
            context = command.make_context(name, rest, parent=context)
    except click.MissingParameter:
        pass  # prose may name a command without all that it needs
