"""The tool ``search``: passages that answer, each with its place and why it matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from colmodern.passages.explanation import Match
from colmodern.request import Mode, SearchRequest
from colmodern.searcher import Hit
from colmodern.serve.config import ServeConfig
from colmodern.serve.mcp.answer import (
    DATA,
    Sheet,
    ToolAnswer,
    id_in_call,
    literal,
    named,
    on_a_line,
    plain,
    quoted,
)
from colmodern.serve.mcp.desk import Caller, Desk
from colmodern.serve.served import Library, Snapshot
from colmodern.serve.stopwatch import Stopwatch
from colmodern.types import TokenEmbeddings

MOST_HITS = 50
_MOST_WHY = 3
SCORE = "compares within one query only"


def search_schema(limits: ServeConfig) -> dict[str, Any]:
    """Return the JSON Schema of the arguments."""
    return {
        "type": "object",
        "properties": {
            "query": {
                "type": "string",
                "maxLength": limits.max_characters,
                "description": "What you look for, as a question or in words.",
            },
            "k": {
                "type": "integer",
                "minimum": 1,
                "maximum": min(MOST_HITS, limits.max_k),
                "default": min(8, limits.max_k),
                "description": "How many documents at most.",
            },
            "where": {
                "type": "string",
                "maxLength": limits.max_characters,
                "description": "Only documents with such fields: path like 'docs/%' and year >= "
                "2020. The resource colmodern://guide has the language and the fields.",
            },
            "mode": {
                "type": "string",
                "maxLength": 20,
                "enum": [mode.value for mode in Mode],
                "default": Mode.AUTO.value,
                "description": "late: by meaning, token by token. bm25: by exact words, for rare "
                "names, codes and identifiers. hybrid: both. auto: hybrid where it can be.",
            },
            "index": index_schema(),
        },
        "required": ["query"],
        "additionalProperties": False,
    }


def index_schema() -> dict[str, Any]:
    """Return the JSON Schema of the argument that names an index."""
    return {
        "type": "string",
        "maxLength": 200,
        "description": "The name of an index, as status gives it; the first if left out.",
    }


async def search(desk: Desk, arguments: Mapping[str, Any], caller: Caller) -> ToolAnswer:
    """Answer a search."""
    work = partial(_answered, arguments, desk.config.budget)
    return await desk.run(caller, work, is_apart=True)


def _answered(
    arguments: Mapping[str, Any], budget: int, library: Library, watch: Stopwatch, threads: int
) -> ToolAnswer:
    index = library.named(arguments["index"])
    with index.use() as snapshot:
        values = found(snapshot, arguments, watch, threads)
        values = plain({"index": index.name, "generation": snapshot.generation, **values})
    return ToolAnswer(search_text(values, budget), values)


def found(
    snapshot: Snapshot, asked: Mapping[str, Any], watch: Stopwatch, threads: int
) -> dict[str, Any]:
    """Return the hits of a query as values, each with its passage and its best matches."""
    request = SearchRequest(
        k=asked["k"], where=asked["where"], mode=Mode(asked["mode"]), threads=threads
    )
    query = asked["query"]
    hits = snapshot.searcher.search(query, request, begin=watch)
    tokens = None
    if hits and hits.mode is not Mode.BM25:
        watch("encode")
        (tokens,) = snapshot.encoder.encode_queries([query])
    return {
        "query": query,
        "mode": hits.mode.value,
        "score": SCORE,
        "notes": list(hits.notes),
        "hits": [_hit(snapshot, query, tokens, hit, watch) for hit in hits],
    }


def _hit(
    snapshot: Snapshot, query: str, tokens: TokenEmbeddings | None, hit: Hit, watch: Stopwatch
) -> dict[str, Any]:
    watch("explain")
    matches: Sequence[Match] = ()
    if tokens is not None:
        searcher = snapshot.searcher
        found = searcher.explain_embeddings(
            tokens,
            hit.doc_id,
            query=query,
            passages=1,
            mode=Mode.LATE,
            begin=lambda _stage: watch("explain"),
        )
        matches = found.matches
    passage = hit.passage
    return {
        "rank": hit.rank,
        "id": hit.doc_id,
        "path": path_of(hit.metadata, hit.source),
        "source": hit.source,
        "title": hit.title or str(hit.metadata.get("title", "")),
        "score": round(hit.score, 4),
        "start": None if passage is None else passage.start,
        "end": None if passage is None else passage.end,
        "line": None if passage is None else passage.line,
        **({"place": ""} if passage is None else passage.place.to_dict()),
        "text": "" if passage is None else passage.text,
        "lead": "" if passage is None else passage.lead,
        "why": [_why(match) for match in best_matches(matches)],
    }


def best_matches(matches: Sequence[Match]) -> list[Match]:
    """Return the matches that bring most of the score, of tokens that say something."""
    told = [one for one in matches if any(map(str.isalnum, one.query_token))]
    return sorted(told, key=lambda one: -one.share)[:_MOST_WHY]


def _why(match: Match) -> dict[str, Any]:
    return {
        "query": match.query_token,
        "document": match.document_token,
        "start": match.start,
        "end": match.end,
        "share": round(match.share, 3),
    }


def path_of(metadata: Mapping[str, Any], source: str | None) -> str | None:
    """Return the path of a document's file, below its folder if that is known."""
    path = metadata.get("path")
    return path if isinstance(path, str) else source


def search_text(values: Mapping[str, Any], budget: int) -> str:
    """Return the hits as a text of at most ``budget`` characters."""
    hits = values["hits"]
    sheet = Sheet(budget)
    of = f"index {on_a_line(values['index'])} (generation {values['generation']})"
    count = f"{len(hits)} {'hit' if len(hits) == 1 else 'hits'}"
    sheet.add(
        f"{count} for {on_a_line(literal(values['query']))} in {of}, mode {values['mode']}. The "
        f"score {SCORE}. {DATA}",
        whole=False,
    )
    for note in values["notes"]:
        sheet.add(f"Note: {on_a_line(note, 500)}")
    if not hits:
        return sheet.close("Next: ask in other words, or leave where out.")
    n_shown = 0
    for hit in hits:
        if not sheet.add(_block(hit), whole=n_shown > 0):
            break
        n_shown += 1
    first = hits[0]
    go_on = f"Next: read(id={id_in_call(first['id'])}"
    if first["start"] is not None:
        go_on += f", start={first['start']}, end={first['end']}, before=500, after=500"
    go_on += ") for the text around a passage."
    if n_shown < len(hits):
        left = f"[cut: hits {n_shown + 1} to {len(hits)} do not fit in {budget:,} characters; "
        go_on = f"{left}ask with k={max(1, n_shown)} or a narrower where] {go_on}"
    return sheet.close(go_on)


def _block(hit: Mapping[str, Any]) -> str:
    lines = [f"{hit['rank']}. id {on_a_line(literal(hit['id']), 400)}"]
    if hit["title"]:
        lines[0] += f", title {named(hit['title'])}"
    where = [f"score {hit['score']:g}"]
    if hit["path"] not in (None, hit["id"]):
        where.append(f"file {named(hit['path'], 400)}")
    if hit["place"]:
        where.append(f"at {named(hit['place'])}")
    if hit["start"] is not None:
        where.append(f"line {hit['line']}, characters {hit['start']}-{hit['end']}")
    lines.append("   " + " | ".join(where))
    if hit["why"]:
        lines.append("   why: " + ", ".join(map(_shown, hit["why"])))
    if hit["lead"]:
        lines.append(quoted(hit["lead"]) + "\n> ...")
    if hit["text"]:
        lines.append(quoted(hit["text"]))
    return "\n".join(lines)


def _shown(why: Mapping[str, Any]) -> str:
    document = named(why["document"], 40) if why["document"] else "the title"
    return f"{named(why['query'], 40)} ~ {document} {why['share']:.0%}"
