"""``colmodern info``: what does an index hold, and how was it made?"""

from __future__ import annotations

from colmodern.cli.arguments import FormatOption, IndexOption
from colmodern.cli.encoder import EncoderArguments, open_searcher
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_fields
from colmodern.cli.printing.terminal import Format, note


def info(*, index: IndexOption = None, form: FormatOption = Format.HUMAN) -> None:
    """Say what an index holds and how it was made."""
    from colmodern.storage import DRIFT_LIMIT

    with open_searcher(locate(index), EncoderArguments()) as searcher:
        about = searcher.describe()
    print_fields(about, form)
    if (about["drift"] or 0) > DRIFT_LIMIT:
        note(
            f"drift: documents that were added lose {about['drift']} times as much in compression "
            "as those the index was made for; `colmodern compact --retrain` mends it"
        )
