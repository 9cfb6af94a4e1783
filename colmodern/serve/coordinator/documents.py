"""Which shard has a document, and what does it say of it? All are asked; one has it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from colmodern.errors import InputError
from colmodern.request import SearchRequest
from colmodern.searcher.apart import statistics_to_dict
from colmodern.searcher.checks import check_queries, scoring_for
from colmodern.searcher.mode import request_in_mode
from colmodern.serve.config import LONGEST_ID
from colmodern.serve.coordinator.coordinator import Coordinator, unavailable
from colmodern.serve.coordinator.fitting import is_of_document
from colmodern.serve.coordinator.question import ShardQuestion
from colmodern.serve.coordinator.routes import check_index
from colmodern.serve.coordinator.search import encoded_in_thread, statistics_of_all
from colmodern.serve.http.answers import JSON, as_json, checked_size, is_known
from colmodern.serve.http.body import checked_text, id_asked, read_json, text_of, whole_number
from colmodern.serve.http.server import waited_for
from colmodern.serve.stopwatch import Stopwatch

_NOT_HERE = "document_not_found"


@dataclass(frozen=True, slots=True)
class AskedOfOwner:
    """What is asked of the shard that has a document.

    Attributes:
        doc_id: The document's id.
        names: The shards that may have it; None: all.
        request_id: What the logs of all servers call the request.
    """

    doc_id: str
    names: Sequence[str] | None
    request_id: str


async def document(coordinator: Coordinator, request: Request) -> Response:
    """Answer with a document of whichever shard has it, or with a range of its text."""
    asked = request.query_params
    check_index(coordinator, asked)
    which = AskedOfOwner(id_asked(request), None, request.scope["colmodern.request_id"])
    more = {name: asked[name] for name in ("start", "end") if name in asked}
    question = ShardQuestion(
        "document",
        "GET",
        "/v1/documents",
        {"id": which.doc_id, **more},
        is_of_document(which.doc_id),
    )
    watch = Stopwatch(coordinator.config.deadline)
    found = await waited_for(
        request, _of_owner(coordinator, which, lambda _: question, watch), watch
    )
    values = {**found, "index": coordinator.how.name}
    answer = checked_size(as_json(values), coordinator.config.max_answer)
    headers = {"ETag": f'"{hashlib.sha256(answer).hexdigest()[:16]}"', "Cache-Control": "no-cache"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(answer, headers=headers, media_type=JSON)


async def explain(coordinator: Coordinator, request: Request) -> Response:
    """Answer which token of a document each token of a query matched; the score is the hit's."""
    limits = coordinator.config
    body = await read_json(request, limit=limits.max_body, seconds=limits.deadline)
    check_index(coordinator, body)
    query = text_of(body, "query", longest=limits.max_characters)
    doc_id = text_of(body, "id", longest=LONGEST_ID)
    check_queries([query])
    options = {
        "scoring": checked_text(body.get("scoring", "auto"), "scoring", longest=100),
        "mode": checked_text(body.get("mode", "auto"), "mode", longest=100),
        "word_weight": body.get("word_weight"),
    }
    asked = SearchRequest.of(None, options)
    passages = whole_number(body.get("passages", 3), "passages", least=1, most=100)
    watch = Stopwatch(limits.deadline)
    request_id = request.scope["colmodern.request_id"]

    async def work() -> dict[str, Any]:
        watch("statistics")
        together, tokens = await asyncio.gather(
            statistics_of_all(coordinator, query, None, watch, request_id),
            encoded_in_thread(coordinator, query),
        )
        has_words = together.statistics.words is not None
        how = request_in_mode(asked, query, has_words=lambda: has_words)
        if how.scoring == "auto":
            how = replace(how, scoring=scoring_for(coordinator.encoder))
        values = {
            "query": query,
            "id": doc_id,
            "passages": passages,
            "scoring": str(how.scoring),
            "mode": str(how.mode),
            "word_weight": how.word_weight,
            "vectors": base64.b64encode(tokens.vectors.astype("<f4").tobytes()).decode(),
            "spans": tokens.spans.tolist(),
            "statistics": statistics_to_dict(together.statistics),
        }

        states = together.states

        def question(name: str) -> ShardQuestion:
            state = {"state": states[name]}
            fits = is_of_document(doc_id)
            return ShardQuestion("explain", "POST", "/v1/explain", {**values, **state}, fits)

        watch("explain")
        which = AskedOfOwner(doc_id, together.names, request_id)
        found = await _of_owner(coordinator, which, question, watch)
        missing = together.answers.missing
        coordinator.check_missing(missing, is_strict=coordinator.how.strict)
        more = {"partial": bool(missing), "missing": [one.to_dict() for one in missing]}
        return {**found, "index": coordinator.how.name, **more}

    values = await waited_for(request, work(), watch)
    return Response(checked_size(as_json(values), limits.max_answer), media_type=JSON)


async def _of_owner(
    coordinator: Coordinator,
    which: AskedOfOwner,
    question: Callable[[str], ShardQuestion],
    watch: Stopwatch,
) -> dict[str, Any]:
    """Return the answer of the shard that has a document.

    Raises:
        InputError: No shard has it.
        RequestRefusedError: The shards that answer do not have it, and others do not answer.
    """
    answers = await coordinator.ask_all(question, watch, which.request_id, names=which.names)
    for said in answers.said.values():
        return said
    silent = [one for one in answers.missing if one.code != _NOT_HERE]
    unasked = () if which.names is None else coordinator.unasked(which.names)
    if silent or unasked:
        raise unavailable([*silent, *unasked])
    raise InputError(
        f"No document with the id {which.doc_id!r:.200} is in any shard; hits of a search name the "
        "ids that are.",
        code=_NOT_HERE,
        document=which.doc_id,
    )
