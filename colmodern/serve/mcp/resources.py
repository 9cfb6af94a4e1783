"""Which addresses of resources are there, and what lies at one?"""

from __future__ import annotations

from urllib.parse import quote, unquote

from colmodern.corpus.decoding import without_surrogates
from colmodern.errors import ColModernError, InputError, RequestRefusedError
from colmodern.serve.config import LONGEST_ID
from colmodern.serve.mcp.answer import cut, id_in_call
from colmodern.serve.mcp.desk import Caller, Desk
from colmodern.serve.mcp.guide import guide
from colmodern.serve.served import Library, ServedIndex
from colmodern.serve.stopwatch import Stopwatch
from colmodern.storage import StoredDocument

GUIDE = "colmodern://guide"
DOCUMENT = "colmodern://document/"
DOCUMENT_TEMPLATE = "colmodern://document/{+id}"


def document_uri(doc_id: str) -> str:
    """Return the address of a document of the first index."""
    return DOCUMENT + quote(doc_id, safe="/", errors="replace")


async def resource(desk: Desk, uri: str, caller: Caller) -> tuple[str, str]:
    """Return the text at an address, and its MIME type.

    Raises:
        ColModernError: There is nothing at the address.
    """
    if uri == GUIDE:
        return await _guide(desk, caller), "text/markdown"
    if uri.startswith(DOCUMENT) and len(uri) <= 3 * LONGEST_ID:
        return await _document(desk, uri.removeprefix(DOCUMENT), caller), "text/plain"
    raise RequestRefusedError(
        f"There is no resource {uri!r:.200}; there are {GUIDE} and {DOCUMENT_TEMPLATE}.",
        code="request_invalid",
        option="uri",
    )


async def _guide(desk: Desk, caller: Caller) -> str:
    def work(library: Library, _watch: Stopwatch, _threads: int) -> str:
        return guide(desk.config, library)

    try:
        return await desk.run(caller, work)
    except ColModernError:  # how to search is worth knowing before there is an index
        return guide(desk.config, None)


async def _document(desk: Desk, written: str, caller: Caller) -> str:
    def work(library: Library, _watch: Stopwatch, _threads: int) -> str:
        document = _found(library.named(None), written)
        text, most = without_surrogates(document.text), desk.config.budget
        if len(text) <= most:
            return text
        kept = most - 300
        left = f"{len(text) - kept:,} characters do not fit"
        go_on = f"read(id={id_in_call(document.id)}, start={kept})"
        return f"{text[:kept]}\n\n{cut(f'[cut: {left}] Next: {go_on}', 290)}"

    return await desk.run(caller, work)


def _found(index: ServedIndex, written: str) -> StoredDocument:
    """Return the document of an id as an address has it: with escapes, or as it is."""
    with index.use() as snapshot:
        try:
            return snapshot.document(unquote(written))
        except InputError:
            if unquote(written) == written:
                raise
            return snapshot.document(written)
