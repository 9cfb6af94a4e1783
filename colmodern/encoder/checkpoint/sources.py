"""Where does the model of a given name lie on disk?

A name is ``default`` (the model inside the package), a folder, or ``organisation/model`` on the
Hugging Face Hub. Only the last may need a network, and only once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from colmodern.encoder.checkpoint.shards import has_weights
from colmodern.errors import EncoderError
from colmodern.home import at_home

DEFAULT_NAME = "default"
DEFAULT_FOLDER = Path(__file__).parents[1] / "default"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
# Another computer's folders: to look for one is to tell that computer who asks.
_REMOTE_PATHS = ("//", "\\\\")
_WINDOW_OPTION = "?document_length="
_HUB_FILES = ["*.json", "*.safetensors", "artifact.metadata"]


def split_name(name: str) -> tuple[str, int | None]:
    """Return a name without its window option, and the option (``NAME?document_length=N``).

    Raises:
        EncoderError: The option is no whole number of at least 1.
    """
    plain, option, value = name.partition(_WINDOW_OPTION)
    if not option:
        return name, None
    if not value.isdecimal() or int(value) < 1:
        raise EncoderError(
            f"{name!r}: document_length must be a whole number of at least 1.",
            code="encoder_unsupported",
        )
    return plain, int(value)


def join_name(name: str, document_length: int | None) -> str:
    """Return the name with its window option, if there is one."""
    return name if document_length is None else f"{name}{_WINDOW_OPTION}{document_length}"


def find_model(name_or_path: str | Path, *, fetch: bool = True) -> tuple[str, Path]:
    """Return the name under which the model can be loaded again, and its folder.

    Args:
        name_or_path: What was asked for.
        fetch: Whether the network may be asked for a model that is not on this machine.

    Raises:
        EncoderError: There is no such model here and it cannot be fetched.
    """
    text = str(name_or_path)
    if text == DEFAULT_NAME:
        return text, _find_default()
    if not fetch and text.startswith(_REMOTE_PATHS):
        raise _not_fetched(text)
    path = at_home(text)
    if text and path is not None and _exists(path):
        if path.is_dir():
            return str(path.resolve()), path.resolve()
        raise EncoderError(
            f"{path} is a file; a model is a folder. Pass the folder it lies in.",
            code="encoder_not_found",
        )
    if isinstance(name_or_path, str) and _HUB_NAME.fullmatch(text):
        return text, _find_on_hub(text, fetch=fetch)
    raise EncoderError(
        f"There is no model {text!r}: it is neither a folder, nor 'default', nor a name of the "
        "form 'organisation/model'.",
        code="encoder_not_found",
        value=text,
    )


def find_local_model(name: str) -> Path | None:
    """Return the folder of a model that lies on this machine already, or None.

    Raises:
        EncoderError: ``default`` is meant, and this installation comes without it.
    """
    if name == DEFAULT_NAME:
        return _find_default()
    if name.startswith(_REMOTE_PATHS):
        return None
    path = at_home(name)
    if name and path is not None and _is_folder(path):
        return path
    if not _HUB_NAME.fullmatch(name):
        return None
    try:
        import huggingface_hub as hub
    except ImportError:
        return None
    return _cached(hub, name)


def _exists(path: Path) -> bool:
    """Say whether something lies at a path.

    Raises:
        EncoderError: It may not be looked at, or the name is too long for one.
    """
    try:
        return path.exists()
    except OSError as err:
        raise EncoderError(
            f"The model {str(path)!r:.200} cannot be looked at: {err.strerror or err}.",
            code="encoder_not_found",
        ) from err


def _is_folder(path: Path) -> bool:
    """Say whether a folder lies at a path; none does that may not be looked at."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _find_default() -> Path:
    if not (DEFAULT_FOLDER / "modules.json").is_file():
        raise EncoderError(
            f"This installation comes without the default model ({DEFAULT_FOLDER} is missing). "
            "Pass a folder with a ColBERT checkpoint built on ModernBERT, or its name on the "
            "Hugging Face Hub.",
            code="encoder_not_found",
            value=DEFAULT_NAME,
        )
    return DEFAULT_FOLDER


def _find_on_hub(name: str, *, fetch: bool) -> Path:
    try:
        import huggingface_hub as hub
    except ImportError as err:
        raise EncoderError(
            f"Fetching {name!r} needs huggingface_hub: pip install huggingface_hub. Or pass a "
            "folder that holds the model.",
            code="encoder_not_found",
        ) from err
    cached = _cached(hub, name)
    if cached is not None:
        return cached
    if not fetch:
        raise _not_fetched(name)
    try:
        return Path(hub.snapshot_download(name, allow_patterns=_HUB_FILES))
    except Exception as err:  # errors of hub, network and disk have no common base
        reason = (str(err).strip() or type(err).__name__).splitlines()[0]
        raise EncoderError(
            f"The model {name!r} is not in the local cache and cannot be downloaded: {reason}. "
            f"Download it where there is a network (`hf download {name} --local-dir FOLDER`), "
            "copy the folder here and pass its path.",
            code="encoder_not_found",
            value=name,
        ) from err


def _not_fetched(name: str) -> EncoderError:
    return EncoderError(
        f"The model {name!r} is not on this machine, and none is fetched only because a file names "
        "it. Allow it with --fetch, or load it yourself: Encoder.load(name).",
        code="encoder_not_found",
        value=name,
    )


def _cached(hub: Any, name: str) -> Path | None:
    """Return the folder of a copy that holds the main files, or None."""
    try:
        folder = Path(hub.snapshot_download(name, local_files_only=True))
    except (FileNotFoundError, OSError, ValueError):
        return None
    complete = has_weights(folder) and (folder / "tokenizer.json").is_file()
    return folder if complete else None
