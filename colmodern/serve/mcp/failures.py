"""What is an agent told of an error? Its code, what is wrong, and what to do next."""

from __future__ import annotations

from colmodern.corpus.decoding import without_surrogates
from colmodern.errors import ColModernError
from colmodern.serve.mcp.answer import cut
from colmodern.text.visible import visible

_LONGEST = 1_000

_NEXT = {
    "document_not_found": "take an id as search gives it; ids are exact",
    "query_empty": "ask in words what you look for",
    "filter_syntax": "read the resource colmodern://guide, which has the language of where",
    "filter_unknown_field": "use a field that the message names, or leave where out",
    "filter_wrong_kind": "compare the field with a value like its own, or leave where out",
    "request_invalid": "call again with arguments as the tool describes them",
    "too_large": "ask for less",
    "index_not_served": "call status, which names the indexes",
    "index_not_found": "tell the user to run `colmodern index FOLDER`, then call again",
    "encoder_mismatch": "tell the user: the index was made with another model than the one here; "
    "`colmodern index FOLDER` makes it again with this one, then call again. A program that handed "
    "its own model over has to be started again",
    "index_is_remote": "tell the user: it is changed where it was published from",
    "index_locked": "another process is indexing; call again in a minute",
    "many_deletions": "tell the user: only `colmodern index --prune` may delete so much",
    "overloaded": "call again in a second",
    "deadline_passed": "call again with a smaller k, or a shorter query",
    "cancelled": "call again if the answer is still wanted",
    "missing_extra": "tell the user to install it",
    "internal": "call again once; if it fails again, tell the user",
}
_OTHERWISE = "call status; if that fails too, tell the user"


def failure_text(error: ColModernError) -> str:
    """Return the code in brackets, the message, and what to do next."""
    message = visible(without_surrogates(str(error)))
    return f"[{error.code}] {cut(message, _LONGEST)} Next: {_NEXT.get(error.code, _OTHERWISE)}."
