"""Notebooks as pages of the site, with what their cells print.

    python -m tools.site.notebooks [NAME ...]

Notebooks are kept without outputs in examples/notebooks. This runs them, and keeps copies with
outputs in docs/notebooks; the site shows those. A test compares the cells of both.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "examples" / "notebooks"
RUN = ROOT / "docs" / "notebooks"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def names() -> list[str]:
    """Return the notebooks that have been run, by their place in the site, in order."""
    return [f"notebooks/{path.stem}.md" for path in sorted(RUN.glob("*.ipynb"))]


def pages() -> dict[str, str]:
    """Return each notebook that has been run as a page, by its place in the site."""
    found = {}
    for path in sorted(RUN.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        found[f"notebooks/{path.stem}.md"] = page_of(notebook, path.stem)
    return found


def page_of(notebook: dict[str, Any], name: str) -> str:
    """Return the Markdown of a notebook: its texts, its code, and what each cell printed."""
    title, *rest = [_cell(cell) for cell in notebook["cells"]]
    note = f"The notebook itself: `examples/notebooks/{name}.ipynb`."
    return "\n\n".join([title, note, *rest]) + "\n"


def sources_of(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the cells of a notebook without their outputs: kind and text of each."""
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def _cell(cell: dict[str, Any]) -> str:
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return text
    shown = [_output(one) for one in cell["outputs"]]
    return "\n\n".join([_fenced(text, "py"), *filter(None, shown)])


def _output(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return _fenced("".join(output["text"]), "text") if output["name"] == "stdout" else ""
    data = output.get("data", {})
    if "image/png" in data:
        return (
            f'<img alt="figure" src="data:image/png;base64,{"".join(data["image/png"]).strip()}">'
        )
    if "text/html" in data:
        # In a frame of its own: styles and scripts of one output stay with it.
        page = "".join(data["text/html"])
        sent = base64.b64encode(_FRAME.format(page=page).encode()).decode()
        return (
            f'<iframe title="output" style="width: 100%; height: {_height(page)}px; border: 0" '
            f'src="data:text/html;charset=utf-8;base64,{sent}"></iframe>'
        )
    return _fenced("".join(data.get("text/plain", "")), "text")


_FRAME = (
    '<!doctype html><meta charset="utf-8"><style>body {{ font: 14px sans-serif; '
    "background: white; color: black; overflow: auto }} td, th {{ padding: 2px 8px; "
    "text-align: left }}</style>{page}"
)


def _height(page: str) -> int:
    """Return about how many pixels a table or a text needs."""
    lines = page.count("<tr") or len(re.sub(r"<[^>]+>", "", page)) // 90
    return min(600, 80 + 30 * lines)


def _fenced(text: str, language: str) -> str:
    clean = _COLOURS.sub("", text).rstrip()
    return f"``````{language}\n{clean}\n``````" if clean else ""


def run(path: Path) -> None:
    """Run a notebook and keep it with what it printed."""
    import nbclient
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    nbclient.NotebookClient(notebook, timeout=1800, resources=place).execute()
    for cell in notebook.cells:
        cell.metadata = {}  # when it ran
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
    RUN.mkdir(exist_ok=True)
    written = json.dumps(notebook, indent=1, ensure_ascii=False)
    written = written.replace(str(ROOT), "colmodern")  # not whose folder it was
    (RUN / path.name).write_text(written + "\n", encoding="utf-8")


def main() -> int:
    """Run the notebooks that are named, or all."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    for path in sorted(SOURCES.glob("*.ipynb")):
        if path.stem in sys.argv[1:] or not sys.argv[1:]:
            print(path.stem, flush=True)
            run(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
