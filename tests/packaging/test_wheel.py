"""What is in the wheel? The package, its data and its licences; no tests and no C++."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = {
    "colmodern/py.typed",
    "colmodern/kernels/_native.pyi",
    "colmodern/storage/FORMAT.md",
    "colmodern/eval/page/style.css",
    "colmodern/distill/recipes/tiny.toml",
    "colmodern/encoder/default/model.safetensors",
    "colmodern/encoder/default/tokenizer.json",
}
INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "licenses/NOTICE"}


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The paths in a wheel made of this tree, without its compiled part, which takes a minute."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", folder]
    command += ["--no-deps", "--no-build-isolation", "--config-settings=wheel.cmake=false"]
    command += ["--config-settings=wheel.py-api="]  # nothing compiled, so no ABI
    # A build folder of its own: that of the editable install stays as it is.
    command += [f"--config-settings=build-dir={folder}/build"]
    subprocess.run([*command, ROOT], check=True, timeout=1800)
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_package_is_the_only_name_that_is_installed(content):
    folders = {path.split("/")[0] for path in content}
    (info,) = folders - {"colmodern"}
    assert {path.removeprefix(f"{info}/") for path in content if path.startswith(info)} == INFO


def test_every_module_and_what_it_needs_is_there(content):
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "colmodern").rglob("*.py")}
    page = {path.relative_to(ROOT).as_posix() for path in (ROOT / "colmodern/serve/page").iterdir()}
    assert len(page) > 10
    assert modules | DATA | page <= content


def test_nothing_else_is_there(content):
    suffixes = {Path(path).suffix for path in content if path.startswith("colmodern/")}
    allowed = {".py", ".pyi", ".typed", ".toml", ".json", ".safetensors", ".md"}
    allowed |= {".css", ".html", ".js", ".svg"}
    assert suffixes <= allowed


def test_the_compiled_part_lies_in_the_room_of_kernels():
    from colmodern.kernels import native

    assert native().__name__ == "colmodern.kernels._native"
