"""Write the golden index of the version in pyproject.toml: once for a release, and never again.

    python tests/compat/make_golden_release.py

It is made as users make theirs: files that are scanned, indexed, changed and indexed again.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from colmodern import HashEncoder, IndexConfig, Indexer, Searcher
from tools.release.readiness import version_of

ROOT = Path(__file__).parents[2]
HOME = Path(__file__).parent / "releases"
ENCODER = HashEncoder(dim=16)
TEXTS = {
    "keys.md": "# Keys\n\n## Rotation\n\nAn officer may revoke a key that has leaked.\n",
    "bread.txt": "Bread rises in the oven; the oven must be hot.\n",
    "rows.jsonl": '{"_id": "r1", "title": "Züge", "text": "Überfüllte Züge, 満員電車.", "y": 4}\n',
    "gone.txt": "This file is removed: who may revoke a key?\n",
}
QUERIES = ["who may revoke a key", "hot oven", "Züge", "revoke"]


def main() -> None:
    """Make the index, and beside it what searches found in it."""
    folder = HOME / version_of(ROOT)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as home:
        texts = Path(home, "texts")
        texts.mkdir()
        for name, text in TEXTS.items():
            (texts / name).write_text(text, encoding="utf-8")
        indexer = Indexer(Path(home, "index"), ENCODER, config=IndexConfig(bits=4))
        indexer.sync([texts])
        (texts / "gone.txt").unlink()
        (texts / "bread.txt").write_text(TEXTS["bread.txt"] * 2, encoding="utf-8")
        indexer.sync([texts])
        shutil.copytree(Path(home, "index"), folder / "index")
    answers = {}
    with Searcher.open(folder / "index", ENCODER) as searcher:
        for mode in ("late", "bm25", "hybrid"):
            for query in QUERIES:
                hits = searcher.search(query, k=10, mode=mode, effort="exact")
                answers[f"{mode} {query}"] = [
                    [hit.doc_id, hit.score, hit.passage and hit.passage.text] for hit in hits
                ]
    text = json.dumps(answers, indent=1, ensure_ascii=False)
    (folder / "answers.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
