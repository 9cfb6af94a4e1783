"""Can models be fetched?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

from colmodern.doctor.finding import Finding, note

_AREA = "hub"
_SECONDS = 10


def hub_findings(*, network: bool) -> Iterator[Finding]:
    """Yield how the Hugging Face Hub is set up here, and if it answers.

    Args:
        network: Whether it is asked; without that no packet is sent.
    """
    if find_spec("huggingface_hub") is None:
        yield Finding(_AREA, "client", "not installed; the model in the package needs none")
        return
    from huggingface_hub import constants

    yield Finding(_AREA, "cache", constants.HF_HUB_CACHE)
    yield Finding(_AREA, "address", constants.ENDPOINT)
    yield Finding(_AREA, "offline", bool(constants.HF_HUB_OFFLINE))
    # Whether there is one, never what it is.
    yield Finding(_AREA, "token", "set" if os.environ.get("HF_TOKEN") else "none in HF_TOKEN")
    if not network:
        yield Finding(_AREA, "answers", "not asked; --network asks")
        return
    yield _answers(constants.ENDPOINT)


def _answers(address: str) -> Finding:
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    try:
        with urlopen(Request(address, method="HEAD"), timeout=_SECONDS) as answer:
            return Finding(_AREA, "answers", f"yes ({answer.status})")
    except HTTPError as error:
        return Finding(_AREA, "answers", f"yes ({error.code})")
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        advice = "Models that are not in the cache cannot be fetched; pass a folder as --model."
        return note(_AREA, "answers", f"no: {reason}", advice)
