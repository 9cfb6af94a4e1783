"""Does ARCHITECTURE.md show every room, in the layers that `make check` proves?"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "colmodern"
TEXT = (ROOT / "ARCHITECTURE.md").read_text()
# Not rooms: what starts the package.
DOORS = {"__init__", "__main__"}


def contract_layers():
    """The layers of the import contract from the top, each as a set of rooms."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contracts = tools["importlinter"]["contracts"]
    name = "dependencies point down"
    (layers,) = (contract["layers"] for contract in contracts if contract["name"] == name)
    return [{name.strip().removeprefix("colmodern.") for name in row.split("|")} for row in layers]


def picture_layers():
    """The layers of the picture: a line each, rooms side by side have `|` between them."""
    _, _, rest = TEXT.partition("Dependencies point down only")
    picture = re.search(r"^```\n(.+?)^```", rest, re.MULTILINE | re.DOTALL)[1]
    return [{name.strip() for name in line.split("|")} for line in picture.splitlines()]


def rooms():
    """What lies directly in the package: folders and files."""
    files = {path.stem for path in PACKAGE.glob("*.py")}
    return files | {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def rows():
    """The paths in the first column of the table of rooms."""
    column = re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE)
    return [path for cell in column for path in re.findall(r"`([^`]+)`", cell)]


def test_every_room_has_a_layer_in_the_contract():
    assert set.union(*contract_layers()) - DOORS == rooms() - DOORS


def test_the_picture_has_the_layers_of_the_contract():
    assert picture_layers() == [layer for layer in contract_layers() if not layer <= DOORS]


def test_every_room_has_a_row():
    named = {path.removesuffix("/").removesuffix(".py") for path in rows()}
    assert rooms() - DOORS <= named


def test_every_row_is_there():
    assert [path for path in rows() if not (PACKAGE / path).exists()] == []
