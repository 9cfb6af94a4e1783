"""How does a document of a program become one that storage keeps?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from unicodedata import normalize

from colmodern.errors import InputError
from colmodern.storage import StoredDocument
from colmodern.types import Document

__all__ = ["content_hash", "stored", "stored_documents"]


def content_hash(document: Document) -> str:
    """Return a digest of all that is kept of a document but its id.

    Raises:
        InputError: The metadata hold what JSON cannot.
    """
    parts = [document.title, document.text, dict(document.metadata)]
    try:
        data = json.dumps(parts, ensure_ascii=True, sort_keys=True).encode("ascii")
    except TypeError as err:
        raise InputError(f"The metadata of document {document.id!r} are not flat: {err}.") from err
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def stored(document: Document, source: str | None = None) -> StoredDocument:
    """Return a document as storage wants it, its id in Unicode's composed form (NFC).

    Raises:
        InputError: The id is empty, or the metadata are not flat.
        TypeError: The id, the title or the text is no string, or the metadata are no mapping.
    """
    for name in ("id", "title", "text"):
        value = getattr(document, name)
        if not isinstance(value, str):
            what = f"the {name} of document {document.id!r}" if name != "id" else "a document's id"
            raise TypeError(f"{what} must be a str, not {type(value).__name__} ({value!r:.40})")
    metadata: object = document.metadata
    if not isinstance(metadata, Mapping):
        found = type(metadata).__name__
        raise TypeError(f"the metadata of document {document.id!r} must be a mapping, not {found}")
    if not document.id:
        raise InputError("A document has an empty id; give every document a name of its own.")
    return StoredDocument(
        id=normalize("NFC", document.id),
        text=document.text,
        title=document.title,
        metadata=dict(metadata),
        source=source,
        content_hash=content_hash(document),
    )


def stored_documents(documents: Iterable[Document | tuple[str, str]]) -> Iterator[StoredDocument]:
    """Yield documents as storage wants them.

    Raises:
        InputError: An id is empty or comes twice.
        TypeError: Something is neither a document nor a pair of strings.
    """
    seen: set[str] = set()
    for item in documents:
        document = item if isinstance(item, Document) else _of_pair(item)
        kept = stored(document)
        if kept.id in seen:
            raise InputError(f"The id {document.id!r} comes twice; ids must be unique.")
        seen.add(kept.id)
        yield kept


def _of_pair(item: object) -> Document:
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise TypeError(f"a document must be a Document or a pair of id and text, not {item!r:.80}")
    return Document(*item)
