"""How does a collection come from the Hugging Face Hub?"""

from __future__ import annotations

import re
from pathlib import Path

from colmodern.errors import InputError

_HUB_NAME = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)(?:/([\w.-]+))?")


def is_hub_name(name: str) -> bool:
    """Whether it has the form ``organisation/dataset`` or ``organisation/dataset/folder``."""
    return _HUB_NAME.fullmatch(name) is not None


def fetch(name: str) -> Path:
    """Return the folder of a dataset, from the local cache or the hub.

    Raises:
        InputError: It cannot be fetched; the sentence says what to do.
    """
    match = _HUB_NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"{name!r} is no name on the Hugging Face Hub.", code="collection_not_found"
        )
    dataset, below = match.groups()
    try:
        import huggingface_hub as hub
    except ImportError as err:
        raise InputError(
            f"There is no folder {name!r} here, and fetching it from the Hugging Face Hub needs "
            "huggingface_hub: pip install huggingface_hub.",
            code="collection_not_found",
        ) from err
    # A language of CoIR's CodeSearchNet is three folders with its name in front.
    patterns = [f"{below}/*", f"{below}-*/*"] if below else None
    try:
        folder = hub.snapshot_download(dataset, repo_type="dataset", allow_patterns=patterns)
    except Exception as err:  # errors of hub, network and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0].rstrip(".")
        raise InputError(
            f"{name!r} is no folder here, and as a name on the Hugging Face Hub it cannot be "
            f"fetched: {reason}. Download it where there is a network "
            f"(`hf download --repo-type dataset {dataset} --local-dir FOLDER`) and pass the "
            "folder.",
            code="collection_not_found",
        ) from err
    return Path(folder) / below if below else Path(folder)
