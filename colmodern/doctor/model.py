"""Does the model load, and does it encode?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from colmodern.doctor.finding import Finding, problem
from colmodern.errors import ColModernError
from colmodern.indexer.agreement import UNNAMED

_AREA = "model"
_TEXT = "Who may revoke a key that has leaked?"


def model_findings(name: str | None, made_with: str | None = None) -> Iterator[Finding]:
    """Yield what a model is, after a text was encoded with it; it is not fetched.

    Args:
        name: As ``load_encoder`` takes it; None: the one in the package.
        made_with: The fingerprint of the encoder that made the index that is looked at.
    """
    from colmodern.encoder import DEFAULT_NAME, languages_of, load_encoder

    name = name or DEFAULT_NAME
    yield Finding(_AREA, "name", name)
    if name.startswith(f"{UNNAMED}:"):
        yield Finding(_AREA, "loaded", "none: the vectors of this index came ready")
        return
    begun = time.perf_counter()
    try:
        encoder = load_encoder(name)
        (tokens,) = encoder.encode_queries([_TEXT])
    except ColModernError as error:
        yield problem(_AREA, "loaded", error.code, str(error))
        return
    yield Finding(_AREA, "loaded", f"in {time.perf_counter() - begun:.2f} s, with a query")
    yield Finding(_AREA, "precision", getattr(encoder, "precision", "fp32"))
    yield Finding(_AREA, "dimensions", encoder.dim)
    if made_with in (None, encoder.fingerprint):
        yield Finding(_AREA, "fingerprint", encoder.fingerprint)
    else:
        advice = (
            f"The index was made with another one, {made_with}, so it answers in mode bm25 alone: "
            "index its documents again (colmodern index), or give it that model."
        )
        yield problem(_AREA, "fingerprint", encoder.fingerprint, advice)
    yield Finding(_AREA, "languages", ", ".join(languages_of(name)) or None)
    lengths = (tokens.vectors**2).sum(axis=1)
    if not len(tokens) or abs(lengths - 1).max() > 1e-2:
        advice = "Its vectors are not of unit length: report this with the output of this command."
        yield problem(_AREA, "vectors", len(tokens), advice)
