"""How are the hits of many queries written down for others? As a TREC run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from colmodern.errors import InputError
from colmodern.searcher.hits import Hits


def write_run(
    path: str | Path, runs: Iterable[tuple[str, Hits]], *, name: str = "colmodern"
) -> None:
    """Write ``query-id Q0 document-id rank score name`` lines, whole or not at all.

    Args:
        path: The file.
        runs: Pairs of query id and hits.
        name: The name of the run, last on every line.

    Raises:
        InputError: The file cannot be written, or an id holds white space or lone surrogates,
            which the format cannot carry.
    """
    target = Path(path)
    scratch = target.with_name(target.name + f".{os.getpid()}.partial")
    try:
        with scratch.open("w", encoding="utf-8") as lines:
            for query_id, hits in runs:
                for hit in hits:
                    _check_id(query_id)
                    _check_id(hit.doc_id)
                    lines.write(f"{query_id} Q0 {hit.doc_id} {hit.rank} {hit.score:.9g} {name}\n")
        scratch.replace(target)
    except OSError as err:
        raise InputError(
            f"Cannot write the run to {target}: {err.strerror or err}.", code="file_not_written"
        ) from err
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def _check_id(value: str) -> None:
    has_surrogates = any("\ud800" <= character <= "\udfff" for character in value)
    if value.split() != [value] or has_surrogates:
        what = "lone surrogates" if has_surrogates else "white space"
        raise InputError(
            f"The id {value!r} holds {what}, so it cannot stand in a TREC run; "
            "use --format jsonl instead.",
            code="row_invalid",
        )
