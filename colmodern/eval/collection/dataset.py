"""What is a judged collection? Documents, queries and which documents answer which query."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from colmodern.errors import InputError
from colmodern.eval.collection.statistics import Spread, Statistics
from colmodern.eval.layouts import Collection, Documents, Qrels, composed, read_collection
from colmodern.home import at_home
from colmodern.types import Document


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Dataset:
    """A judged collection that has been checked.

    Attributes:
        name: What to call it.
        split: Which judgments; empty if they have no name.
        layout: How it lay on disk; ``memory`` for one made by ``of``.
        origin: What ``load`` takes to load it again; empty for one made by ``of``.
        documents: All documents, read again from disk by every pass.
        queries: Text by query id: only queries with a judgment.
        qrels: For every query id, the grade of each judged document.
        document_words: Words of each document, title and text, by its id; in the order of the
            documents.
        dropped_judgments: How many judgments name documents that the collection lacks; they are
            left out, and so are queries that have no others.
        own_documents: Ids of queries that are documents too, of the same id and text, and are not
            judged to answer themselves: their own documents are left out of their rankings.
        corpus_fingerprint: A hex digest of the documents, in their order.
        fingerprint: A hex digest of documents, queries and judgments.
    """

    name: str
    split: str
    layout: str
    origin: str
    documents: Documents
    queries: dict[str, str]
    qrels: Qrels
    document_words: dict[str, int] = field(repr=False)
    dropped_judgments: int = 0
    own_documents: frozenset[str] = frozenset()
    corpus_fingerprint: str
    fingerprint: str

    @classmethod
    def load(
        cls, path_or_name: str | Path, split: str | None = None, *, strict: bool = False
    ) -> Dataset:
        """Load and check a collection; all documents are read once.

        Ids are kept in Unicode's composed form (NFC).

        Args:
            path_or_name: A folder (BEIR, TREC, MLDR, LongEmbed, CoIR), a file of JSON lines with
                ``query`` and ``positive``, or ``organisation/dataset[/folder]`` on the Hugging Face
                Hub.
            split: Which judgments; None takes the only ones, else ``test``, else ``dev``.
            strict: Whether judgments of documents that are not there are refused rather than left
                out and counted.

        Raises:
            InputError: There is no collection there, a file is wrong, an id comes twice, a
                judgment names a query that does not exist, or nothing is judged.
        """
        layout, path, collection = read_collection(path_or_name, split)
        if at_home(path_or_name) == path:
            origin, name = str(path.resolve()), path.resolve().name
        else:  # the hub's folder is called by a commit
            origin, name = str(path_or_name), str(path_or_name).rpartition("/")[2]
        for suffix in (".gz", ".jsonl", ".parquet"):
            name = name.removesuffix(suffix)
        return cls._checked(
            collection, name=name, layout=layout, origin=origin, where=str(path), strict=strict
        )

    @classmethod
    def of(
        cls,
        documents: Iterable[Document | tuple[str, str]],
        queries: Mapping[str, str],
        qrels: Mapping[str, Mapping[str, int]],
        *,
        name: str = "collection",
        strict: bool = False,
    ) -> Dataset:
        """Make and check a collection of what is in memory.

        Args:
            documents: Documents, or pairs of id and text.
            queries: Text by query id.
            qrels: For every query id, the grade of each judged document.
            name: What to call it.
            strict: As in ``load``.

        Raises:
            InputError: As in ``load``.
        """
        kept = [d if isinstance(d, Document) else Document(*d) for d in documents]
        judged = {query: dict(grades) for query, grades in qrels.items()}
        collection = Collection(Documents(lambda: iter(kept)), dict(queries), judged, "")
        return cls._checked(
            collection, name=name, layout="memory", origin="", where=name, strict=strict
        )

    @classmethod
    def _checked(
        cls,
        collection: Collection,
        *,
        name: str,
        layout: str,
        origin: str,
        where: str,
        strict: bool,
    ) -> Dataset:
        digest = hashlib.sha256(b"colmodern dataset 1\n")
        collection = composed(collection, where)
        words, own = _read_all(collection, digest, where)
        corpus_fingerprint = digest.hexdigest()
        qrels = {query: grades for query, grades in collection.qrels.items() if grades}
        queries = _judged_queries(collection.queries, qrels, where)
        if strict:
            _refuse_unknown_documents(qrels, words, where)
        n_judgments = sum(map(len, qrels.values()))
        qrels = _of_known_documents(qrels, words, where)
        queries = {query: queries[query] for query in qrels}
        for query, text in queries.items():
            _update(digest, "query", query, text, repr(sorted(qrels[query].items())))
        return cls(
            name=name,
            split=collection.split,
            layout=layout,
            origin=origin,
            documents=collection.documents,
            queries=queries,
            qrels=qrels,
            document_words=words,
            dropped_judgments=n_judgments - sum(map(len, qrels.values())),
            own_documents=frozenset(q for q in own & qrels.keys() if qrels[q].get(q, 0) <= 0),
            corpus_fingerprint=corpus_fingerprint,
            fingerprint=digest.hexdigest(),
        )

    def __repr__(self) -> str:
        """Say what this is, in one line."""
        split = f", split {self.split}" if self.split else ""
        return (
            f"<Dataset {self.name}: {len(self.document_words):,} documents, "
            f"{len(self.queries):,} queries{split}, {self.layout}>"
        )

    def relevant(self, query: str) -> dict[str, int]:
        """Return the documents judged relevant to a query, with their grades of at least 1."""
        return {document: grade for document, grade in self.qrels[query].items() if grade > 0}

    def statistics(self) -> Statistics:
        """Return how large the collection is and how long its texts are."""
        return Statistics(
            documents=len(self.document_words),
            empty_documents=sum(not words for words in self.document_words.values()),
            queries=len(self.queries),
            relevant=Spread.of(len(self.relevant(query)) for query in self.queries),
            document_words=Spread.of(self.document_words.values()),
            query_words=Spread.of(count_words(text) for text in self.queries.values()),
        )


def count_words(text: str) -> int:
    """Return how many words a text has, split at white space."""
    return len(text.split())


def _read_all(
    collection: Collection, digest: hashlib._Hash, where: str
) -> tuple[dict[str, int], set[str]]:
    """Return the words of each document by its id, and the ids of queries that are documents too.

    Ids must not come twice.
    """
    words: dict[str, int] = {}
    own: set[str] = set()
    for document in collection.documents:
        if not document.id.strip():
            raise InputError(
                f"{where}: document {len(words) + 1} has an empty id.", code="row_invalid"
            )
        if document.id in words:
            raise InputError(
                f"{where}: document id {document.id!r} comes twice.", code="id_duplicate"
            )
        words[document.id] = count_words(document.title) + count_words(document.text)
        _update(digest, "document", document.id, document.title, document.text)
        if _is_said_by(document, collection.queries.get(document.id)):
            own.add(document.id)
    if not words:
        raise InputError(f"{where}: the collection holds no document.", code="data_empty")
    return words, own


def _is_said_by(document: Document, query: str | None) -> bool:
    """Say whether a query is the text of a document, with its title or without it."""
    if query is None or not query.strip():
        return False
    said = query.split()
    return said in (document.text.split(), f"{document.title} {document.text}".split())


def _judged_queries(queries: dict[str, str], qrels: Qrels, where: str) -> dict[str, str]:
    if not qrels:
        raise InputError(f"{where}: no query is judged.", code="data_empty")
    unknown = [query for query in qrels if query not in queries]
    if unknown:
        raise InputError(
            f"{where}: the judgments name query {unknown[0]!r}, which has no text "
            f"({len(unknown):,} of {len(qrels):,} judged queries).",
            code="judgments_invalid",
        )
    blank = [query for query in qrels if not queries[query].strip()]
    if blank:
        raise InputError(
            f"{where}: query {blank[0]!r} is empty ({len(blank):,} of {len(qrels):,} queries).",
            code="row_invalid",
        )
    return {query: queries[query] for query in qrels}


def _refuse_unknown_documents(qrels: Qrels, words: Mapping[str, int], where: str) -> None:
    missing = [
        (query, document)
        for query, grades in qrels.items()
        for document in grades
        if document not in words
    ]
    if missing:
        query, document = missing[0]
        total = sum(map(len, qrels.values()))
        raise InputError(
            f"{where}: the judgments of query {query!r} name document {document!r}, which the "
            f"collection does not have ({len(missing):,} of {total:,} judgments).",
            code="judgments_invalid",
        )


def _of_known_documents(qrels: Qrels, words: Mapping[str, int], where: str) -> Qrels:
    """Return the judgments of documents that are there, of queries that have any."""
    kept = {
        query: {document: grade for document, grade in grades.items() if document in words}
        for query, grades in qrels.items()
    }
    kept = {query: grades for query, grades in kept.items() if grades}
    if not kept:
        _refuse_unknown_documents(qrels, words, where)
    return kept


def _update(digest: hashlib._Hash, *parts: str) -> None:
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
