"""``colmodern status``: which files changed since they were indexed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from colmodern.cli.arguments import FormatOption, IndexOption
from colmodern.cli.exit_status import ExitStatus
from colmodern.cli.location import locate
from colmodern.cli.printing.fields import print_status
from colmodern.cli.printing.terminal import Format, note

if TYPE_CHECKING:
    from colmodern.indexer import IndexStatus


def status(*, index: IndexOption = None, form: FormatOption = Format.HUMAN) -> None:
    """Say which files, or the model, changed since they were indexed; change nothing."""
    from colmodern.indexer import status as look
    from colmodern.indexer.report import lines_of

    found = look(locate(index))
    print_status(found, form)
    for line in (*lines_of(found.skipped), *found.unread.lines()):
        note(line)
    if found.needs_prune:
        note(
            f"{found.deleted_documents:,} documents would be deleted; `colmodern index` stops "
            "before that, unless it is told --prune"
        )
    _tell_encoder(found)
    if found.is_in_doubt:
        raise typer.Exit(ExitStatus.PARTLY)


def _tell_encoder(found: IndexStatus) -> None:
    """Say what is to be done where the index does not fit the encoder of its name."""
    from colmodern.indexer.encoder_state import EncoderState

    if found.encoder_state is EncoderState.MISSING:
        note(
            f"the model {found.encoder} that made this index cannot be loaded here, so it answers "
            "in mode bm25 alone; `colmodern doctor --index` says why"
        )
    elif found.encoder_state is EncoderState.OTHER:
        advice = "`colmodern index` or `colmodern compact --retrain` encodes its documents again"
        if found.ready_documents:
            advice = (
                f"{found.ready_documents:,} documents came with their vectors: give it the model "
                "that made them, or build it again from vectors"
            )
        note(
            f"this index was made with another model than the {found.encoder} of now, so it "
            f"answers in mode bm25 alone; {advice}"
        )
