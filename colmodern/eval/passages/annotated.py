"""What is an annotated collection? Documents, and questions with the places of their answers.

A folder with ``corpus.jsonl`` and ``passages.jsonl`` (or ``queries.jsonl``), each with ``.gz`` or
not. A question has ``_id``, ``text``, ``document`` and ``spans``: pairs of the first character of
an answer in the document's text and the one past its last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from colmodern.errors import InputError
from colmodern.eval.layouts.rows import find_rows, read_documents, read_rows
from colmodern.home import at_home
from colmodern.types import Document


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the document that answers it, and where.

    Attributes:
        id: Its name.
        text: The question.
        document: The id of the document.
        spans: First character and the one past the last of each answer.
    """

    id: str
    text: str
    document: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Annotated:
    """Documents by their ids, and questions about them.

    Attributes:
        name: What to call the collection.
        documents: All documents, by id.
        questions: The questions, in their order.
    """

    name: str
    documents: Mapping[str, Document]
    questions: tuple[Question, ...]

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a folder.

        Raises:
            InputError: A file is missing or wrong, or a question is about what does not exist.
        """
        path = at_home(folder) or Path(folder)
        corpus = find_rows(path, "corpus")
        files = find_rows(path, "passages") or find_rows(path, "queries")
        if not corpus or not files:
            raise InputError(
                f"{path} is no annotated collection: it needs corpus.jsonl and passages.jsonl, or "
                "queries.jsonl with document and spans (.gz or not)."
            )
        documents = {document.id: document for document in read_documents(corpus)}
        questions = tuple(_question(row.values, row.place, documents) for row in read_rows(files))
        if not questions:
            raise InputError(f"{files[0]} holds no question.")
        return cls(path.resolve().name, documents, questions)


def _question(values: Mapping[str, Any], place: str, documents: Mapping[str, Document]) -> Question:
    match values:
        case {"_id": str(id_), "text": str(text), "document": str(document), "spans": list(spans)}:
            pass
        case _:
            raise InputError(
                f"{place}: a question needs _id, text, document and spans: "
                '{"_id": "q1", "text": "...", "document": "d1", "spans": [[10, 42]]}.'
            )
    if document not in documents:
        raise InputError(f"{place}: there is no document {document!r}.")
    length = len(documents[document].text)
    pairs = []
    for span in spans:
        match span:
            case [int(start), int(end)] if 0 <= start < end <= length:
                pairs.append((start, end))
            case _:
                raise InputError(
                    f"{place}: {span!r} is no span of the {length} characters of {document!r}."
                )
    if not pairs or not text.strip():
        raise InputError(f"{place}: a question needs a text and at least one span.")
    return Question(id_, text, document, tuple(pairs))
