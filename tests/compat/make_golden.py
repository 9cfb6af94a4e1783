"""Write the golden index of the current format version: once, and never again for that version.

    python tests/compat/make_golden.py

It refuses to touch a version that is there: an index that users may have is not made anew.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from colmodern import HashEncoder, Searcher
from colmodern.codec import train_codec
from colmodern.storage import EncoderInfo, IndexWriter, SourceRecord, StoredDocument
from colmodern.storage.format.manifest_json import FORMAT_VERSION

QUERIES = ["who may revoke a key", "bread in the oven", "glacier", "überfüllte Züge"]
DOCUMENTS = [
    StoredDocument("keys.md", "An officer may revoke a key that has leaked.", "Keys", {"page": 1}),
    StoredDocument("bread.md", "Bread rises in the oven; the oven must be hot.", source="bread.md"),
    StoredDocument("ice.md", "A glacier moves a metre a day.", metadata={"cold": True, "x": None}),
    StoredDocument("old.md", "This one is deleted: who may revoke a key?"),
    StoredDocument("leer", ""),
    StoredDocument("wide", f"The word {'a' * 300} is wider than a byte."),
    StoredDocument("züge", "Überfüllte Züge, 満員電車.", "Bahn", content_hash="00ff"),
]


def make(folder: Path) -> None:
    """Write an index with every kind of file, and beside it what a search must find."""
    encoder = HashEncoder(dim=16)
    tokens = encoder.encode_documents([document.text for document in DOCUMENTS])
    codec = train_codec(np.concatenate([t.vectors for t in tokens]), bits=4, n_centroids=8)
    info = EncoderInfo(encoder.name, encoder.fingerprint, encoder.dim)
    with IndexWriter.create(folder / "index", codec, encoder=info, config={"bits": 4}) as writer:
        for part in (slice(0, 4), slice(4, None)):
            segment = writer.new_segment()
            for document, found in zip(DOCUMENTS[part], tokens[part], strict=True):
                offsets = np.array([0, len(found)])
                codes, contexts = codec.encode_documents(found.vectors, offsets)
                error = float(
                    np.square(codec.decode(codes, contexts, offsets) - found.vectors).sum()
                )
                segment.add(document, codes, found.spans, error, contexts=contexts)
            segment.finish()
        record = SourceRecord(
            "bread.md", "docs", 47, 1_700_000_000_000_000_000, "1f", "md/1", ["bread.md"]
        )
        writer.set_sources([record])
        writer.commit()
        writer.delete(["old.md"])
        writer.commit()
    with Searcher.open(folder / "index", encoder) as searcher:
        answers = {
            query: [(hit.doc_id, hit.score) for hit in searcher.search(query, k=10, effort="exact")]
            for query in QUERIES
        }
    text = json.dumps(answers, indent=2, ensure_ascii=False)
    (folder / "answers.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    target = Path(__file__).parent / f"v{FORMAT_VERSION}"
    target.mkdir()
    make(target)
