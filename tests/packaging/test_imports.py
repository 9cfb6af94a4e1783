import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import colmodern

HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "pandas",
    "lxml",
    "pypdfium2",
    "bm25s",
}


def modules_after(code, depth=1):
    script = f"import sys\n{code}\nprint('\\n'.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return {".".join(name.split(".")[:depth]) for name in done.stdout.splitlines()}


def modules_after_running(*words, depth=1):
    arguments = ["colmodern", *words]
    return modules_after(
        f"from colmodern.__main__ import main\nsys.argv = {arguments!r}\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code",
        depth,
    )


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_after("import colmodern") & (HEAVY | {"numpy", "pyarrow", "typer"})


def test_every_public_name_can_be_imported_and_loads_no_torch():
    names = ", ".join(name for name in colmodern.__all__ if name != "__version__")
    assert not modules_after(f"from colmodern import {names}") & HEAVY


def test_public_names_are_sorted_and_listed():
    assert colmodern.__all__ == sorted(
        colmodern.__all__, key=lambda name: (name == "__version__", name)
    )
    assert set(dir(colmodern)) == set(colmodern.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        colmodern.nonsense  # noqa: B018


def test_the_command_line_indexes_without_torch_and_searches_without_pandas(tmp_path):
    (tmp_path / "a.txt").write_text("a leaked key is revoked by the duty officer")
    loaded = modules_after_running("index", str(tmp_path))
    assert not loaded & {"torch", "transformers", "sentence_transformers"}
    index = str(tmp_path / ".colmodern")
    loaded = modules_after_running("search", "keys", "--index", index)
    # Hits that go to a pipe need no colours, and the parser is there if it is needed.
    needless = {"huggingface_hub", "typer", "rich", "platformdirs", "pydantic", "asyncio"}
    assert not loaded & (HEAVY | needless)
    assert "typer" in modules_after_running("search", "keys", f"--index={index}")
    # What filters need is there for filters alone, which need no parser either.
    loaded = modules_after_running("search", "keys", "--index", index, depth=3)
    assert not loaded & {"pyarrow.compute", "colmodern.searcher.filters"}
    where = ("--where", "size > 1")
    loaded = modules_after_running("search", "keys", "--index", index, *where, depth=3)
    assert "pyarrow.compute" in loaded
    assert not loaded & {"typer", "pyarrow.dataset", "pyarrow.acero"}


# After a search: modules in the order of their import, and what each start would pay for.
AFTER_A_SEARCH = """
import json, sys
from colmodern.__main__ import main
sys.argv = ["colmodern", "search", "keys", "--index", sys.argv[1], "--format", "tsv"]
try:
    main()
except SystemExit:
    pass
import colmodern.passages.words as one, colmodern.text.words as other
kinds = [
    kind
    for module in list(sys.modules.values())
    if module.__name__.startswith("colmodern.")
    for kind in vars(module).values()
    if isinstance(kind, type) and kind.__module__ == module.__name__
]
print(json.dumps({
    "modules": list(sys.modules),
    "patterns": sum(
        f.cache_info().currsize
        for f in (one._run, one._ideograph, other._unspaced, other._ideograph)
    ),
    "dataclasses": [
        kind.__qualname__
        for kind in kinds
        if "__dataclass_params__" in vars(kind) and kind.__dataclass_params__.frozen
    ],
}))
"""


def test_what_a_search_does_at_every_start_is_little(tmp_path, monkeypatch):
    monkeypatch.setenv("COLMODERN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "a.txt").write_text("a leaked key is revoked by the duty officer")
    modules_after_running("index", str(tmp_path))
    index = str(tmp_path / ".colmodern")
    modules_after_running("search", "keys", "--index", index)  # which keeps packed weights
    done = subprocess.run(
        [sys.executable, "-c", AFTER_A_SEARCH, index],
        capture_output=True,
        text=True,
        check=True,
    )
    after = json.loads(done.stdout.splitlines()[-1])
    # Deep in other imports that of NumPy takes longer.
    assert after["modules"].index("numpy") < after["modules"].index("colmodern.remote")
    if hasattr(os, "memfd_create"):
        assert not {"tempfile", "shutil"} & set(after["modules"])
    assert not after["patterns"], "classes of many characters are for other scripts"
    # Those that users see, and options; others are ``@frozen``.
    assert len(after["dataclasses"]) <= 20, after["dataclasses"]
    own = [name for name in after["modules"] if name.startswith("colmodern.")]
    assert len(own) < 170, len(own)


def test_help_imports_no_command_and_nothing_that_paints():
    loaded = modules_after_running("--help", depth=3)
    assert "typer" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {"numpy", "pyarrow", "rich"}
    own = {name for name in loaded if name.startswith("colmodern.")}
    assert own <= {
        *("colmodern.__main__", "colmodern.errors", "colmodern.text", "colmodern.text.visible"),
        *("colmodern.cli", "colmodern.cli.app", "colmodern.cli.exit_status"),
        *("colmodern.cli.groups", "colmodern.cli.log_format", "colmodern.cli.usage"),
        *("colmodern.cli.printing",),
    }, own


def test_the_version_is_said_once_and_the_same_everywhere():
    pyproject = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'version = "{colmodern.__version__}"' in pyproject


def test_ci_runs_the_two_commands_of_the_readme():
    root = Path(__file__).parents[2]
    script = (root / ".ci" / "run").read_text().splitlines()
    readme = (root / "README.md").read_text().splitlines()
    commands = [
        line for line in readme if line.startswith(("python -m pip install .", "make setup"))
    ]
    assert len(commands) == 2
    assert all(command in script for command in commands)
