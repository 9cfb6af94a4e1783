"""An index of five documents, for the frameworks that ask it.

A framework that is not installed is skipped; `make integrations` installs all of them.
"""

import pytest

from colmodern import Document, HashEncoder, Indexer

ENCODER = HashEncoder(dim=64)
DOCUMENTS = [
    Document(
        "keys.md",
        "# Keys\n\nAll sorts of keys are kept.\n\n## Rotation\n\nAn officer may revoke a key that "
        "has leaked. The others go home.\n",
        "Keys",
        {"type": "markdown", "year": 2024, "team": "security"},
    ),
    Document("bread.md", "Bread rises in the oven; the oven is hot.", metadata={"year": 2020}),
    Document("ice.md", "A glacier moves a metre a day.", metadata={"year": 2022, "team": "ice"}),
    Document("lost.md", "Whoever has lost a key asks the officer.", metadata={"year": 2023}),
    Document("trains.md", "Trains are late when it snows."),
]


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index"
    Indexer(path, ENCODER).build(DOCUMENTS)
    return path
