"""Does an answer of a shard say what was asked? What does not is an answer that failed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeGuard

Fits = Callable[[Mapping[str, Any]], bool]
"""Says whether the values of an answer are what is read of them."""


def is_of_shard(told: Mapping[str, Any]) -> bool:
    """Whether an answer says what a shard is."""
    encoder, statistics = told.get("encoder"), told.get("statistics")
    return (
        isinstance(encoder, dict)
        and isinstance(statistics, dict)
        and all(isinstance(told.get(name), str) for name in ("codec", "state"))
        and all(isinstance(encoder.get(name), str) for name in ("name", "fingerprint"))
        and _is_count(encoder.get("dim"))
        and _is_count(told.get("generation"))
        and all(_is_count(statistics.get(name)) for name in ("documents", "tokens"))
    )


def has_hits(k: int, ids: Collection[str] | None) -> Fits:
    """Return what tells hits: at most ``k``, each another document, and one of ``ids``, if any."""
    allowed = None if ids is None else frozenset(ids)

    def fits(told: Mapping[str, Any]) -> bool:
        hits, notes = told.get("hits"), told.get("notes")
        if not isinstance(hits, list) or len(hits) > k or not all(map(_is_hit, hits)):
            return False
        found = {hit["id"] for hit in hits}
        return (
            len(found) == len(hits)
            and (allowed is None or found <= allowed)
            and isinstance(notes, list)
            and all(isinstance(note, str) for note in notes)
            and isinstance(told.get("exact"), bool)
        )

    return fits


def is_of_document(doc_id: str) -> Fits:
    """Return what tells an answer about a document."""
    return lambda told: told.get("id") == doc_id


def _is_hit(hit: object) -> bool:
    return (
        isinstance(hit, dict)
        and all(isinstance(hit.get(name), str) for name in ("id", "title"))
        and isinstance(hit.get("score"), float)
        and all(_is_passage(hit.get(name)) for name in ("passage", "also"))
    )


def _is_passage(passage: object) -> bool:
    if passage is None:
        return True
    if not isinstance(passage, dict) or not isinstance(passage.get("text"), str):
        return False
    start, end = passage.get("start"), passage.get("end")
    if not _is_count(start) or not _is_count(end):
        return False
    return bool(end - start == len(passage["text"]))


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and value >= 0
