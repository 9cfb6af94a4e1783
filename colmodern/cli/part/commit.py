"""``colmodern part commit``: the finished parts of a plan become the set's next state."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from colmodern.cli.arguments import FormatOption, SetOption
from colmodern.cli.derived import shown, takes
from colmodern.cli.jobs import change
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.terminal import Format
from colmodern.request import WriteRequest


@takes(*shown(WriteRequest), after="index")
def commit(*, index: SetOption, form: FormatOption = Format.HUMAN, **options: Any) -> None:
    """Make all parts of a plan visible in one step; the plan is removed."""
    from colmodern.indexer.shards.commit import commit_parts

    started = time.perf_counter()
    record = change(index, partial(commit_parts, index), wait=WriteRequest(**options).wait)
    print_fields(
        {
            "index": str(index),
            "generation": record.generation,
            "shards": len(record.shards),
            "documents": record.n_documents,
            "tokens": record.n_tokens,
            "seconds": round(time.perf_counter() - started, 2),
        },
        form,
    )
