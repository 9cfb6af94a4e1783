"""How is an explanation printed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from colmodern.cli.printing.terminal import Format, as_json, end_with_the_reader
from colmodern.text.visible import flat

if TYPE_CHECKING:
    from colmodern.searcher import Explanation


def print_explanation(explanation: Explanation, form: Format, *, links: str = "") -> None:
    """Print the evidence of a document for people, JSON or its matches as columns for scripts."""
    end_with_the_reader()
    if form in (Format.JSON, Format.JSONL):
        print(as_json(explanation.to_dict()))
    elif form is Format.TSV:
        for m in explanation.matches:
            columns = (flat(m.query_token), flat(m.document_token), m.start, m.end, m.score)
            print(*columns, sep="\t")
    else:
        from colmodern.cli.printing.evidence import print_evidence

        print_evidence(explanation, links)
